"""Making and changing banks; what PostgreSQL itself refuses; entries withdrawn, deleted and kept for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from casework.audit.models import Entry as LogEntry
from casework.hashbanks import actions, tasks
from casework.hashbanks.models import Bank, Entry, Feedback, Sweep, Verdict
from casework.hashbanks.values import NewEntry, NoHash, to_bytes
from casework.jobs.models import Job
from tests.cast import person
from tests.evidence.making import entries
from tests.hashbanks.making import keep, make_bank, pdq

pytestmark = pytest.mark.django_db


def test_lena_makes_a_bank_and_the_log_says_so() -> None:
    bank = make_bank()
    assert (bank.pdq_radius, bank.pdq_quality, bank.pdq_turns, bank.active) == (31, 50, False, True)
    assert LogEntry.objects.get(verb="bank.created").actor == person("lena")


@pytest.mark.parametrize(
    "wrong",
    [
        {"pdq_radius": 32}, {"pdq_quality": 49}, {"pdq_quality": 101}, {"phash_radius": 17}, {"video_share": 0.0},
        {"video_share": 1.1}, {"retention_days": 0},
    ],
)  # fmt: skip
def test_postgresql_refuses_thresholds_that_cannot_hold(wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_bank(**wrong)
    assert entries("bank.created") == 0


@pytest.mark.parametrize(
    ("signal", "value"), [("pdq", b"\1" * 31), ("sha256", b"\1" * 16), ("md5", b"\1" * 32), ("phash", b"\1")]
)
def test_postgresql_refuses_a_value_of_the_wrong_length(signal: str, value: bytes) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(bank=make_bank(), signal=signal, value=value)


def test_a_change_is_written_with_before_and_after() -> None:
    bank = make_bank()
    assert actions.change_bank(bank, actor=person("lena"), pdq_radius=20, on_match="note") == [
        "pdq_radius",
        "on_match",
    ]
    assert (bank.pdq_radius, bank.on_match) == (20, "note")
    body = bytes(LogEntry.objects.get(verb="bank.changed").body).decode()
    assert '"was":{"on_match":"raise","pdq_radius":31}' in body
    assert '"now":{"on_match":"note","pdq_radius":20}' in body


def test_a_change_to_nothing_new_is_none() -> None:
    assert actions.change_bank(make_bank(), actor=person("lena"), pdq_radius=31) == []
    assert entries("bank.changed") == 0


def test_a_wider_threshold_compares_stored_evidence_anew() -> None:
    bank = make_bank(pdq_radius=10)
    keep(bank, pdq(1))
    actions.change_bank(bank, actor=person("lena"), pdq_radius=20)
    run = Sweep.objects.get(bank=bank)
    assert (run.from_seq, run.to_seq) == (0, actions.last_change())
    assert Job.objects.filter(kind="evidence.sweep", args={"sweep": str(run.public_id)}).exists()


@pytest.mark.parametrize(
    "change",
    [
        {"pdq_quality": 60}, {"pdq_turns": True}, {"video_share": 0.5}, {"active": True},
    ],
)  # fmt: skip
def test_whatever_finds_more_compares_stored_evidence_anew(change: dict[str, Any]) -> None:
    bank = make_bank(pdq_quality=70, active="active" not in change)
    keep(bank, pdq(1))
    actions.change_bank(bank, actor=person("lena"), **change)
    assert Sweep.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Removals", "purpose": "another"}, {"pdq_radius": 5}, {"pdq_quality": 90}, {"video_share": 0.9},
        {"on_match": "note"}, {"active": False},
    ],
)  # fmt: skip
def test_what_finds_no_more_compares_nothing(change: dict[str, Any]) -> None:
    bank = make_bank()
    keep(bank, pdq(1))
    actions.change_bank(bank, actor=person("lena"), **change)
    assert not Sweep.objects.exists()


def kept(bank: Bank, *new: NewEntry, revive: bool = False) -> actions.Kept:
    with transaction.atomic():
        return actions.keep_entries(bank, new, revive=revive)


def test_a_hash_is_kept_once_however_often_it_comes() -> None:
    bank = make_bank()
    new = NewEntry("pdq", pdq(1), quality=80)
    assert (kept(bank, new, new).added, kept(bank, new).known) == (1, 1)
    assert Entry.objects.count() == 1


def test_a_hash_that_is_named_again_was_seen_again() -> None:
    bank = make_bank()
    entry = keep(bank, pdq(1))
    Entry.objects.filter(pk=entry.pk).update(last_seen=timezone.now() - timedelta(days=9))
    keep(bank, pdq(1))
    entry.refresh_from_db()
    assert timezone.now() - entry.last_seen < timedelta(days=1)


def test_a_flat_picture_is_never_kept_as_pdq() -> None:
    assert kept(make_bank(), NewEntry("pdq", pdq(1), quality=49)) == actions.Kept(flat=1)
    assert not Entry.objects.exists()


def test_a_frame_may_belong_to_two_films_and_be_a_picture_too() -> None:
    from uuid import uuid4

    bank = make_bank()
    films = [NewEntry("pdq", pdq(1), clip=uuid4(), frame_at=0.0) for _ in range(2)]
    assert kept(bank, NewEntry("pdq", pdq(1)), *films).added == 3


def test_lena_withdraws_an_entry_once_and_says_why() -> None:
    entry = keep(make_bank(), pdq(1))
    assert actions.withdraw_entry(entry, actor=person("lena"), reason="not what it seemed")
    assert not actions.withdraw_entry(entry, actor=person("lena"), reason="again")
    entry.refresh_from_db()
    assert (entry.status, entry.hex) == ("withdrawn", pdq(1).hex())
    assert entries("bank.entries_withdrawn") == 1


def test_a_list_does_not_bring_a_withdrawn_entry_back_and_its_source_does() -> None:
    bank = make_bank()
    entry = keep(bank, pdq(1))
    actions.withdraw_entry(entry, actor=person("lena"), reason="an error")
    assert kept(bank, NewEntry("pdq", pdq(1))).withdrawn == 1
    entry.refresh_from_db()
    assert entry.status == "withdrawn"
    assert kept(bank, NewEntry("pdq", pdq(1)), revive=True).revived == 1
    entry.refresh_from_db()
    assert entry.status == "active"


def test_a_deleted_entry_loses_its_value_for_good() -> None:
    entry = keep(make_bank(), pdq(1))
    with transaction.atomic():
        assert actions.drop_entries([entry.pk], to=Entry.Status.DELETED) == 1
        assert actions.drop_entries([entry.pk], to=Entry.Status.WITHDRAWN) == 0
    entry.refresh_from_db()
    assert (entry.status, entry.value, entry.hex) == ("deleted", None, "")


def test_entries_that_nobody_names_any_more_are_deleted_in_time() -> None:
    bank, other = make_bank(retention_days=30), make_bank("kept")
    old, fresh, elsewhere = keep(bank, pdq(1)), keep(bank, pdq(2)), keep(other, pdq(3))
    Entry.objects.filter(pk__in=[old.pk, elsewhere.pk]).update(last_seen=timezone.now() - timedelta(days=31))
    tasks.keep(start=None)  # type: ignore[arg-type]
    assert [Entry.objects.get(pk=each.pk).status for each in (old, fresh, elsewhere)] == [
        "deleted", "active", "active",
    ]  # fmt: skip
    assert entries("bank.entries_deleted") == 1


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("pdq", "00" * 31),
        ("pdq", "zz" * 32),
        ("pdq", ""),
        ("sha256", "ab" * 16),
        ("crc", "ab" * 32),
        ("md5", "00" * 16),
    ],
)
def test_what_is_no_hash_is_named(signal: str, text: str) -> None:
    with pytest.raises(NoHash, match=r"\w"):
        to_bytes(signal, text)


def test_outside_verdicts_are_kept_once() -> None:
    entry = keep(make_bank(), pdq(1))
    with transaction.atomic():
        assert actions.note_outside_verdicts([(entry, "an exchange", Verdict.CONFIRMED)]) == 1
        assert actions.note_outside_verdicts([(entry, "an exchange", Verdict.CONFIRMED)]) == 0
    assert Feedback.objects.get().outside == "an exchange"
