"""The worker opens an original once, in its confined child, and keeps what it found or why it found nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest

from casework.audit.models import Entry
from casework.evidence import tasks
from casework.evidence.models import Item, SignalRecord
from casework.evidence.sealing import open_blob
from casework.evidence.storage import FileStore
from casework.jobs.actions import GiveUp, LostLease, Start, claim
from casework.jobs.models import Job
from tests.cast import make_case, person
from tests.detection import dying
from tests.evidence.making import entries, make_item, picture
from tests.evidence.test_previews import faults_of_preview

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_models(tmp_path: Any, settings: Any) -> Any:
    """No model is installed, and none is kept from another test."""
    settings.MODELS_DIR = tmp_path / "models"
    tasks._shelf.cache_clear()
    yield
    tasks._shelf.cache_clear()


def start_of(item: Item) -> Start:
    job = Job.objects.get(key=f"examine:{item.public_id}")
    start = claim(str(job.public_id))
    assert start is not None
    return start


def work(item: Item) -> Item:
    """Do the item's examination as a worker would; the item afterwards."""
    tasks.examine_item(str(item.public_id), start=start_of(item))
    return Item.objects.get(pk=item.pk)


def test_a_picture_is_opened_hashed_and_derived() -> None:
    item = work(make_item(make_case(), picture(1, (640, 480))))
    assert item.state == Item.State.EXAMINED
    assert (item.format, item.width, item.height) == ("PNG", 640, 480)
    assert {one.algorithm for one in item.perceptual_hashes.all()} >= {"pdq"}
    assert item.preview is not None
    assert faults_of_preview(open_blob(item.preview)) == []
    assert item.rendition is not None
    assert open_blob(item.rendition).startswith(b"\xff\xd8")
    assert entries("evidence.examined") == 1


def test_without_a_model_the_picture_is_not_scored_and_never_clean() -> None:
    item = work(make_item(make_case()))
    explicit = SignalRecord.objects.get(item=item, name="explicit")
    assert (explicit.status, explicit.score) == ("not_checked", None)
    assert explicit.reason
    item.case.refresh_from_db()
    assert item.case.explicit_score is None


@pytest.mark.parametrize(
    "data", [b"words, not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, picture()[:-300]]
)
def test_what_does_not_open_is_kept_and_says_why(data: bytes) -> None:
    item = work(make_item(make_case(), data))
    assert item.state in (Item.State.UNOPENED, Item.State.EXAMINED)
    if item.state == Item.State.UNOPENED:
        assert item.reason
        assert entries("evidence.not_opened") == 1
    assert open_blob(item.original) == data


def test_words_are_no_picture() -> None:
    item = work(make_item(make_case(), b"words, not a picture"))
    assert (item.state, item.reason_code) == (Item.State.UNOPENED, "unrecognised")
    assert SignalRecord.objects.get(item=item, name="known").status == "not_checked"


def test_a_file_that_kills_its_reader_uses_up_a_start_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("detection.looking.work", dying.at_once)
    item = make_item(make_case())
    with pytest.raises(tasks.ReaderDied):
        work(item)
    item.refresh_from_db()
    assert item.state == Item.State.STORED
    assert entries("evidence.examined") + entries("evidence.not_opened") == 0


def test_an_item_is_examined_once_however_often_the_job_comes() -> None:
    item = make_item(make_case())
    start = start_of(item)
    for _ in range(3):
        tasks.examine_item(str(item.public_id), start=start)
    assert entries("evidence.examined") == 1


def test_a_worker_that_lost_its_lease_writes_nothing() -> None:
    item = make_item(make_case())
    late = start_of(item)
    Job.objects.filter(public_id=late.job).update(token=uuid4())
    with pytest.raises(LostLease):
        tasks.examine_item(str(item.public_id), start=late)
    assert Item.objects.get(pk=item.pk).state == Item.State.STORED
    assert entries("evidence.examined") == 0


@pytest.mark.usefixtures("as_web")
def test_without_the_vault_key_an_item_is_not_opened_and_says_so() -> None:
    item = work(make_item(make_case()))
    assert (item.state, item.reason_code) == (Item.State.UNOPENED, "no_key")
    assert {one.status for one in item.signals.filter(name__in=["explicit", "synthetic"])} == {"not_checked"}


def test_a_damaged_original_is_doubted_and_not_examined(vault: FileStore) -> None:
    item = make_item(make_case())
    path = vault._path(item.original.storage_key)
    path.write_bytes(path.read_bytes()[:-1])
    item = work(item)
    assert (item.state, item.reason_code) == (Item.State.UNOPENED, "damaged")
    assert entries("evidence.doubted") == 1


def verify(item: Item) -> None:
    asked = Start(uuid4(), "evidence.verify", {}, 1, uuid4())
    tasks.verify_item(str(item.public_id), actor=str(person("mona").public_id), start=asked)


def test_a_sound_original_is_verified_in_monas_name() -> None:
    item = make_item(make_case())
    verify(item)
    item.refresh_from_db()
    assert item.verified_at is not None
    assert Entry.objects.get(verb="evidence.verified").actor == person("mona")


def test_a_lost_original_is_doubted(vault: FileStore) -> None:
    item = make_item(make_case())
    vault.delete(item.original.storage_key)
    verify(item)
    item.refresh_from_db()
    assert item.verified_at is None
    assert entries("evidence.doubted") == 1


@pytest.mark.usefixtures("as_web")
def test_a_check_without_the_vault_key_is_given_up_in_words() -> None:
    with pytest.raises(GiveUp):
        verify(make_item(make_case()))
    assert entries("evidence.verified") + entries("evidence.doubted") == 0


def test_the_web_never_loads_what_opens_media() -> None:
    code = (
        "import django, sys; django.setup(); import casework.urls\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('detection', 'onnxruntime', 'pillow_heif')])"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "casework.settings", "CASEWORK_ROLE": "web"}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert said.stdout.strip() == "[]"


def test_upkeep_ends_looks_and_reaps() -> None:
    now = Start(uuid4(), "evidence.reap", {}, 1, uuid4())
    item = make_item(make_case())
    tasks.close_looks(start=now)
    tasks.reap(start=now)
    assert open_blob(item.original) == picture()
    assert entries("evidence.blob_reaped") + entries("evidence.reveal_closed") == 0
