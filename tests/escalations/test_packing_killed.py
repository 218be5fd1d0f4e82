"""`kill -9` while a package is being made: the next start makes exactly one, and nothing in clear is left anywhere."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from casework.escalations import packing
from casework.escalations.actions import packages
from casework.escalations.models import Package, PackagePicture
from casework.evidence import actions as evidence
from casework.evidence import storage
from casework.evidence.models import Blob
from casework.evidence.reconciling import reconcile
from casework.evidence.storage import FileStore
from casework.jobs.actions import claim
from casework.jobs.models import Job
from casework.outbox.models import Message
from tests.evidence.test_crashing import die_at
from tests.evidence.test_no_plaintext import database_directory, hits
from tests.journal import verbs_of

from .package.rows import approved, files, garden, made, police

#: name -> (what is replaced, before or after the real thing, at which call)
POINTS: dict[str, tuple[Any, str, str, int]] = {
    "before the marks": (packages, "issue_export_mark", "before", 2),
    "when the marks are rows": (packages, "begin_package", "after", 1),
    "before a picture is sealed": (packing, "seal", "before", 1),
    "between two pictures": (packages, "keep_picture", "after", 1),
    "when a part was opened": (FileStore, "open_part", "after", 3),
    "in the middle of the stream": (packing._Counted, "write", "after", 2),
    "before the file is whole": (storage._FilePart, "commit", "before", 3),
    "when the file is whole": (storage._FilePart, "commit", "after", 3),
    "before it is sent": (packages.sending, "send", "before", 1),
    "before the commit": (packages.sending, "send", "after", 1),
}
#: The same between the job that marked and the job of the stream.
BETWEEN: dict[str, tuple[Any, str, str, int]] = {
    "before the next job is asked for": (packages, "go_on_making", "before", 1),
    "when it was asked for and not committed": (packages, "_next_job", "after", 1),
    "when the next job is a row": (packages, "go_on_making", "after", 1),
}


@pytest.fixture
def canary() -> str:
    return f"canary {secrets.token_hex(12)}"


@pytest.fixture
def package(committed_db: str, canary: str) -> Iterator[Package]:
    """Two pictures and a canary in the facts, approved for the police."""
    yield approved(garden(2), police(), pictures=True, facts=canary)
    connections.close_all()


def killed_at(package: Package, point: tuple[Any, str, str, int]) -> None:
    """Let a worker of its own make the package, and kill it there."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            with pytest.MonkeyPatch.context() as monkeypatch:
                die_at(monkeypatch, *point)
                made(package)
        finally:
            os._exit(0)
    _pid, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL, "the worker lived"


def next_start(package: Package) -> Package:
    """The lease of the dead runs out, and another worker has the job."""
    Job.objects.filter(kind="escalations.package").update(lease_until=timezone.now() - timezone.timedelta(1))
    return made(package)


def swept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An hour later the reaper has come by."""
    monkeypatch.setattr("casework.evidence.actions.reaping.LEFT_ALONE", -1)
    Blob.objects.filter(staged_until__isnull=False).update(staged_until=timezone.now())
    evidence.reap_blobs()


@pytest.mark.parametrize("name", POINTS)
def test_a_killed_worker_leaves_one_package_and_nothing_in_clear(
    package: Package, name: str, canary: str, store: FileStore, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, superuser: psycopg.Connection[Any],
) -> None:  # fmt: skip
    killed_at(package, POINTS[name])
    package.refresh_from_db()
    assert package.state in (Package.State.WAITING, Package.State.MAKING)
    assert package.escalation.state == "approved"
    assert Message.objects.count() == 0
    superuser.execute("CHECKPOINT")
    places = (tmp_path, Path(settings.CASEWORK_HOME), database_directory())
    assert [hit for place in places for hit in hits(place, [canary.encode()])] == []
    done = next_start(package)
    assert done.state == Package.State.READY
    assert Package.objects.count() == 1
    assert verbs_of(done.escalation.case).count("package.made") == 1
    assert verbs_of(done.escalation.case).count("package.begun") == 1
    assert canary in files(done)["data/facts.html"].decode()
    assert PackagePicture.objects.count() == 2
    assert Message.objects.filter(kind="escalation.waits").count() == 1
    swept(monkeypatch)
    assert {found.key for found in store.iterate()} == {
        *Blob.objects.values_list("storage_key", flat=True), done.storage_key
    }  # fmt: skip
    monkeypatch.setattr("casework.evidence.reconciling.LEFT_ALONE", -1)
    assert reconcile().findings == []


@pytest.mark.parametrize("name", BETWEEN)
def test_killed_between_marks_and_stream_one_package_is_made_and_no_mark_anew(
    package: Package, name: str, canary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as much_to_mark:
        much_to_mark.setattr(packing, "SMALL_SLICE", -1.0)
        killed_at(package, BETWEEN[name])
    package.refresh_from_db()
    assert (package.state, package.storage_key) == (Package.State.MAKING, None)
    assert package.pictures.filter(blob__isnull=False).count() == 2
    jobs = Job.objects.filter(kind="escalations.package").order_by("pk")
    assert [job.state for job in jobs] == ["running", "queued"][: 2 if name.endswith("is a row") else 1]
    assert hits(tmp_path, [canary.encode()]) == []

    def never(*args: Any, **kwargs: Any) -> bytes:
        raise AssertionError("it was marked already")

    monkeypatch.setattr("casework.evidence.marking.handed_over", never)
    done = next_start(package)
    assert done.state == Package.State.READY
    assert {"data/pictures/exhibit-1.jpg", "data/pictures/exhibit-2.jpg"} <= set(files(done))
    before = (done.storage_key, done.sha256, jobs.count(), verbs_of(done.escalation.case))
    if (
        dead := claim(jobs[0].public_id)
    ) is not None:  # the worker that died first starts once more, too late
        packing.make(Package.objects.get(pk=done.pk), start=dead)
    done.refresh_from_db()
    assert before == (done.storage_key, done.sha256, jobs.count(), verbs_of(done.escalation.case))
    assert verbs_of(done.escalation.case).count("package.made") == 1
    assert Message.objects.filter(kind="escalation.waits").count() == 1


def test_both_jobs_at_once_still_send_one_package(
    package: Package, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as much_to_mark:
        much_to_mark.setattr(packing, "SMALL_SLICE", -1.0)
        killed_at(package, BETWEEN["when the next job is a row"])
    Job.objects.filter(kind="escalations.package").update(lease_until=timezone.now() - timezone.timedelta(1))
    late = claim(Job.objects.filter(kind="escalations.package").earliest("pk").public_id)
    assert late is not None
    real = packages.finish_package

    def overtaken(slow: Package, *args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(packages, "finish_package", real)
        made(Package.objects.get(pk=slow.pk))
        real(slow, *args, **kwargs)

    monkeypatch.setattr(packages, "finish_package", overtaken)
    packing.make(Package.objects.get(pk=package.pk), start=late)
    package.refresh_from_db()
    assert (package.state, package.escalation.state) == (Package.State.READY, "sent")
    assert verbs_of(package.escalation.case).count("package.made") == 1
    assert "package.failed" not in verbs_of(package.escalation.case)
    assert Message.objects.filter(kind="escalation.waits").count() == 1
    swept(monkeypatch)
    assert {found.key for found in store.iterate()} == {
        *Blob.objects.values_list("storage_key", flat=True), package.storage_key
    }  # fmt: skip


def test_the_canary_would_be_found(committed_db: str, canary: str, tmp_path: Path) -> None:
    (tmp_path / "spooled.tar").write_text(canary)
    assert len(hits(tmp_path, [canary.encode()])) == 1
