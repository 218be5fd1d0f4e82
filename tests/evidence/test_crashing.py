"""`kill -9` anywhere between the first byte and the receipt: what was acknowledged is there, the rest can be reaped."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections, transaction
from django.test import Client

from casework.cases.models import Case
from casework.evidence import actions, sealing, storage
from casework.evidence.actions import custody, staging
from casework.evidence.models import Blob, Item
from casework.evidence.reconciling import reconcile
from casework.evidence.sealing import open_blob
from casework.evidence.storage import FileStore
from casework.evidence.uploads import SealedUpload
from tests.cast import make_case

pytestmark = [pytest.mark.urls("tests.evidence.urls"), pytest.mark.usefixtures("committed_db")]

PICTURE = bytes(range(256)) * 2000

#: name -> (what is replaced, whether death comes before or after the real thing, at which call)
POINTS: dict[str, tuple[Any, str, str, int]] = {
    "before the file is opened": (storage, "_make_folders", "before", 1),
    "after the first bytes": (sealing.Sealer, "write", "after", 1),
    "before fsync": (storage.os, "fsync", "before", 1),
    "before rename": (storage.Path, "rename", "before", 1),
    "after rename": (storage.Path, "rename", "after", 1),
    "after the file is durable": (storage._FilePart, "commit", "after", 1),
    "before the second file's row": (staging, "_insert", "before", 2),
    "after the row": (staging, "_insert", "after", 1),
    "before filing": (custody, "lock_staged", "before", 1),
    "between two items": (custody, "add_job", "after", 1),
    "before the commit of the report": (custody, "note_items", "after", 1),
    "never": (transaction.Atomic, "__exit__", "never", 0),
}


def die_at(monkeypatch: pytest.MonkeyPatch, holder: Any, name: str, when: str, call: int) -> None:
    """Replace one function by one that is killed at its *call*-th call."""
    real: Callable[..., Any] = getattr(holder, name)
    seen = 0

    def deadly(*args: Any, **kwargs: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == call and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if seen == call and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    monkeypatch.setattr(holder, name, deadly)


def report(case: Case, acknowledge: Callable[[], Any]) -> None:
    """Send two files, make them evidence, and only then acknowledge."""
    files = {"files": [SimpleUploadedFile("a.png", PICTURE), SimpleUploadedFile("b.png", PICTURE[::-1])]}
    sent = Client().post("/take/", files).json()["files"]
    blobs = {str(blob.public_id): blob for blob in Blob.objects.all()}
    uploads = [
        SealedUpload(
            each["name"], each["content_type"], each["size"], each["sha256"], each["md5"], blobs[each["blob"]]
        )
        for each in sent
    ]
    actions.add_items(case, uploads, actor=None)
    acknowledge()


def run_and_die(case: Case, point: tuple[Any, str, str, int]) -> bool:
    """Report in a child that is killed at *point*; whether the report had been acknowledged."""
    connections.close_all()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            with pytest.MonkeyPatch.context() as monkeypatch:
                die_at(monkeypatch, *point)
                report(case, lambda: os.write(writing, b"acknowledged"))
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as pipe:
        return bool(pipe.read())


@pytest.fixture
def case(committed_db: str) -> Iterator[Case]:
    yield make_case()
    connections.close_all()


@pytest.mark.parametrize("name", POINTS)
def test_a_crash_loses_nothing_acknowledged_and_leaves_nothing_unreapable(
    case: Case, name: str, vault: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged = run_and_die(case, POINTS[name])
    assert acknowledged == (POINTS[name][2] == "never")
    items = list(Item.objects.select_related("original__wrap"))
    assert len(items) in (0, 2)
    if acknowledged:
        assert [open_blob(item.original) for item in items] == [PICTURE, PICTURE[::-1]]
    Blob.objects.filter(staged_until__isnull=False).update(staged_until="2020-01-01T00:00Z")
    monkeypatch.setattr("casework.evidence.actions.reaping.LEFT_ALONE", -1)
    actions.reap_blobs()
    owned = {blob.storage_key for blob in Blob.objects.all()}
    assert {found.key for found in vault.iterate()} == owned
    assert len(owned) == len(items)
    monkeypatch.setattr("casework.evidence.reconciling.LEFT_ALONE", -1)
    assert reconcile().findings == []
