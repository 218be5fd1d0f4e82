"""An item is examined once more when lena asks: what is said of it is replaced, what was shown of it stays."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from casework.audit.models import Entry
from casework.evidence import actions, tasks
from casework.evidence.models import Assessment, Blob, Item, Mark, PerceptualHash, SignalRecord
from casework.evidence.storage import FileStore
from casework.hashbanks.matches import Matching
from casework.jobs.actions import GiveUp, LostLease, Start, claim
from casework.jobs.models import Job
from detection.findings import Failure, Signal, Status
from detection.sandbox import ChildDied, Usage
from tests.cast import client_of, make_case, person
from tests.evidence.making import (
    entries,
    examination,
    explicit,
    make_examined,
    make_item,
    open_reveal,
    picture,
)

pytestmark = pytest.mark.django_db
PDQ, OTHER = "0f" * 32, "f0" * 32


def start_of(item: Item) -> Start:
    actions.ask_to_examine_again(item, actor=person("lena"))
    start = claim(Job.objects.get(kind="evidence.examine_again").public_id)
    assert start is not None
    return start


def again(item: Item, start: Start | None = None, data: bytes | None = None, **found: Any) -> bool:
    """What a worker keeps of a second examination."""
    return actions.record_examined_again(
        item, examination(picture() if data is None else data, **found), actor=person("lena"),
        matching=Matching(0, seq=0), start=start or start_of(item),
    )  # fmt: skip


def told() -> dict[str, Any]:
    entry = Entry.objects.get(verb="evidence.examined_again")
    assert entry.actor == person("lena")
    return dict(json.loads(bytes(entry.body))["data"])


def watermark() -> Signal:
    return Signal("watermark", "1", Status.NOT_FOUND, "No watermark.")


def test_lena_asks_and_a_worker_has_one_more_job(db: None) -> None:
    item = make_examined(make_case())
    lena = client_of(person("lena"))
    page = lena.get(reverse("evidence_item", args=[item.public_id])).content.decode()
    assert "Examine it again" in page
    for _ in range(2):
        assert lena.post(reverse("evidence_again", args=[item.public_id])).status_code == 302
    assert 1 <= Job.objects.filter(kind="evidence.examine_again").count() <= 2


@pytest.mark.parametrize("name", ["mona", "sena", "lex", "audra", "ada"])
def test_others_may_not_ask(name: str) -> None:
    item = make_examined(make_case())
    assert client_of(person(name)).post(reverse("evidence_again", args=[item.public_id])).status_code == 403
    assert not Job.objects.filter(kind="evidence.examine_again").exists()


def test_what_was_said_is_replaced_and_the_entry_keeps_what_it_was() -> None:
    item = make_examined(make_case(), signals=[explicit(None)], pdq=PDQ)
    assert again(item, signals=[explicit(0.94), watermark()], pdq=OTHER)
    said = {signal.name: signal.status for signal in SignalRecord.objects.filter(item=item)}
    assert (said["explicit"], said["watermark"]) == ("found", "not_found")
    assert PerceptualHash.objects.get(item=item, algorithm="pdq").value.hex() == OTHER
    assert Assessment.objects.get(item=item).answers["explicit"]["word"] == "likely"
    assert told()["was"]["explicit"] == "not_checked"
    assert entries("evidence.examined") == 2


def test_what_was_shown_stays_so_that_a_copy_can_still_be_traced() -> None:
    item = make_examined(make_case())
    reveal = open_reveal(item, person("mona"))
    before = (item.original_id, item.preview_id, item.rendition_id, Blob.objects.count())
    assert again(item)
    item.refresh_from_db()
    assert (item.original_id, item.preview_id, item.rendition_id, Blob.objects.count()) == before
    assert Mark.objects.get(reveal=reveal).rendition == item.rendition
    assert entries("evidence.derived") == 2


def test_the_case_stands_where_the_new_answers_put_it() -> None:
    case = make_case()
    item = make_examined(case, signals=[explicit(0.9)], pdq=PDQ)
    make_examined(make_case(), pdq=PDQ)
    waiting = make_item(case, picture(9))
    case.refresh_from_db()
    assert (case.items_unexamined, case.item_count) == (1, 2)
    assert again(item, signals=[explicit(0.05)], pdq=OTHER)
    case.refresh_from_db()
    assert (case.items_unexamined, case.item_count) == (1, 2)
    assert case.explicit_score is not None
    assert case.explicit_score < 0.5
    assert case.known_matches == 1, "the same file is still in the other case, and counted once"
    waiting.refresh_from_db()
    assert waiting.state == Item.State.STORED


def test_an_item_that_a_worker_without_the_key_left_closed_is_opened() -> None:
    item = make_item(make_case())
    assert actions.record_unopened(item, Failure("no_key", "This worker holds no vault key."))
    item.refresh_from_db()
    assert again(item, signals=[explicit(0.2)])
    item.refresh_from_db()
    assert (item.state, item.reason_code, item.reason) == (Item.State.EXAMINED, "", "")
    assert item.preview is not None
    assert told()["state"] == "unopened"


def test_a_second_look_that_opened_nothing_replaces_nothing() -> None:
    item = make_examined(make_case(), signals=[explicit(0.9)])
    damaged = examination(picture())
    closed = type(damaged)(
        damaged.sha256, damaged.md5, damaged.size, None, (), (), (Failure("damaged", "cut short"),)
    )
    kept = actions.record_examined_again(
        item, closed, actor=person("lena"), matching=Matching(0, seq=0), start=start_of(item)
    )
    assert not kept
    item.refresh_from_db()
    assert item.state == Item.State.EXAMINED
    assert item.signals.get(name="explicit").score == pytest.approx(0.9)
    assert (told()["opened"], told()["code"]) == (False, "damaged")


@pytest.mark.parametrize("state", [Item.State.STORED, Item.State.QUARANTINED])
def test_an_item_that_waits_or_was_set_aside_is_left_alone(state: str) -> None:
    item = make_item(make_case())
    start = start_of(item)
    Item.objects.filter(pk=item.pk).update(state=state)
    tasks.examine_item_again(str(item.public_id), actor=str(person("lena").public_id), start=start)
    assert not again(item, start)
    assert entries("evidence.examined_again") == 0
    page = client_of(person("lena")).get(reverse("evidence_item", args=[item.public_id])).content.decode()
    assert "Examine it again" not in page


def test_a_worker_that_lost_its_lease_changes_nothing() -> None:
    item = make_examined(make_case(), signals=[explicit(0.9)])
    late = start_of(item)
    Job.objects.filter(public_id=late.job).update(token=uuid4())
    with pytest.raises(LostLease):
        again(item, late)
    closed = examination(picture())
    closed = replace(closed, media=None, errors=(Failure("damaged", "damaged"),))
    with pytest.raises(LostLease):
        actions.record_examined_again(
            item, closed, actor=person("lena"), matching=Matching(0, seq=0), start=late
        )
    assert item.signals.get(name="explicit").score == pytest.approx(0.9)
    assert entries("evidence.examined_again") == 0


def test_a_worker_does_all_of_it() -> None:
    item = make_examined(make_case(), signals=[explicit(None)])
    tasks.examine_item_again(str(item.public_id), actor=str(person("lena").public_id), start=start_of(item))
    item.refresh_from_db()
    assert item.state == Item.State.EXAMINED
    assert item.signals.filter(name="c2pa").exists()
    assert told()["opened"]


def test_a_reader_that_dies_leaves_the_item_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    item = make_examined(make_case(), signals=[explicit(0.9)])
    died = ChildDied("SIGSEGV", "The reader was stopped (SIGSEGV).", Usage(0.1))
    monkeypatch.setattr(tasks, "examine_in_child", lambda *args, **kwargs: died)
    with pytest.raises(tasks.ReaderDied):
        tasks.examine_item_again(
            str(item.public_id), actor=str(person("lena").public_id), start=start_of(item)
        )
    assert item.signals.get(name="explicit").score == pytest.approx(0.9)


def test_a_damaged_original_is_doubted_in_lenas_name(vault: FileStore) -> None:
    item = make_examined(make_case())
    path = vault._path(item.original.storage_key)
    path.write_bytes(path.read_bytes()[:-1])
    tasks.examine_item_again(str(item.public_id), actor=str(person("lena").public_id), start=start_of(item))
    assert Entry.objects.get(verb="evidence.doubted").actor == person("lena")
    assert entries("evidence.examined_again") == 0


@pytest.mark.usefixtures("as_web")
def test_without_the_vault_key_it_is_given_up_in_words() -> None:
    item = make_examined(make_case())
    with pytest.raises(GiveUp):
        tasks.examine_item_again(
            str(item.public_id), actor=str(person("lena").public_id), start=start_of(item)
        )
