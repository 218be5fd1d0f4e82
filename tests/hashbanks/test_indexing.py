"""The index is a copy of the rows: caught up before each question, shared by processes, mended when it is hurt."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from casework.hashbanks import indexing, matching
from casework.hashbanks.actions import drop_entries, keep_entries, last_change, share_entries
from casework.hashbanks.models import Entry
from casework.hashbanks.values import NewEntry
from detection.index import open_index
from tests.cast import person
from tests.hashbanks.making import ask, flipped, keep, make_bank, pdq

db = pytest.mark.django_db


def found(value: bytes) -> list[int]:
    [answers], _seq = indexing.search([value], 31)
    return [one.id for one in answers]


@db
def test_the_index_is_made_with_the_first_question_and_for_nobody_else(index: Path) -> None:
    entry = keep(make_bank(), pdq(1))
    assert found(pdq(1)) == [entry.pk]
    assert stat.S_IMODE(index.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in index.iterdir()} == {0o600}


@db
def test_what_is_added_later_is_found_without_a_new_generation(index: Path) -> None:
    bank = make_bank()
    keep(bank, pdq(1))
    found(pdq(1))
    before = sorted(path.name for path in index.glob("base-*"))
    later = keep(bank, flipped(pdq(1), 3))
    assert later.pk in found(pdq(1))
    assert sorted(path.name for path in index.glob("base-*")) == before


@db
def test_a_deletion_is_worked_in_before_the_next_answer() -> None:
    entry = keep(make_bank(), pdq(1))
    found(pdq(1))
    with transaction.atomic():
        drop_entries([entry.pk], to=Entry.Status.DELETED)
    assert matching.match(ask(pdq(1))).found == ()
    assert found(pdq(1)) == []


@db
def test_answers_are_checked_against_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = keep(make_bank(), pdq(1))
    found(pdq(1))
    stale = indexing.search([pdq(1)], 31)
    with transaction.atomic():
        drop_entries([entry.pk], to=Entry.Status.WITHDRAWN)
    keep(make_bank("another"), pdq(2))
    monkeypatch.setattr(indexing, "search", lambda *_args: stale)
    assert matching.match(ask(pdq(1))).found == ()


@db
def test_a_deleted_hash_that_comes_back_is_a_new_entry_and_is_found() -> None:
    bank = make_bank()
    entry = keep(bank, pdq(1))
    with transaction.atomic():
        drop_entries([entry.pk], to=Entry.Status.DELETED)
    assert found(pdq(1)) == []
    again = keep(bank, pdq(1))
    assert again.pk != entry.pk
    assert found(pdq(1)) == [again.pk]


@db
def test_a_lost_index_is_made_anew(index: Path) -> None:
    entry = keep(make_bank(), pdq(1))
    found(pdq(1))
    for path in index.iterdir():
        path.unlink()
    assert found(pdq(1)) == [entry.pk]


@db
@pytest.mark.parametrize("victim", ["base-*", "journal-*", "current", "caught-up.json"])
def test_a_damaged_index_is_made_anew(index: Path, victim: str) -> None:
    bank = make_bank()
    entry = keep(bank, pdq(1))
    found(pdq(1))
    later = keep(bank, flipped(pdq(1), 1))
    found(pdq(1))
    [path] = index.glob(victim)
    path.write_bytes(b"\0" * 200)
    indexing._open.clear()
    assert sorted(found(pdq(1))) == [entry.pk, later.pk]


@db
def test_the_index_of_another_database_is_not_believed(index: Path) -> None:
    entry = keep(make_bank(), pdq(1))
    found(pdq(1))
    state = json.loads((index / "caught-up.json").read_text())
    (index / "caught-up.json").write_text(json.dumps(state | {"of": "another"}))
    open_index(index).remove([entry.pk])
    assert found(pdq(1)) == [entry.pk]


@db
def test_a_database_restored_from_before_makes_the_index_anew(index: Path) -> None:
    entry = keep(make_bank(), pdq(1))
    found(pdq(1))
    state = json.loads((index / "caught-up.json").read_text())
    (index / "caught-up.json").write_text(json.dumps(state | {"seq": state["seq"] + 1000}))
    open_index(index).add([(entry.pk + 77, pdq(1))])
    assert found(pdq(1)) == [entry.pk]


@db
def test_many_changes_are_merged(monkeypatch: pytest.MonkeyPatch, index: Path) -> None:
    monkeypatch.setattr(indexing, "MERGE_AT", 5)
    bank = make_bank()
    keep(bank, pdq(0))
    found(pdq(0))
    with transaction.atomic():
        keep_entries(bank, [NewEntry("pdq", pdq(seed)) for seed in range(1, 9)])
    assert found(pdq(5))
    assert open_index(index).waiting() == 0
    assert len(open_index(index)) == 9


@db
def test_only_pdq_hashes_take_room_in_the_index(index: Path) -> None:
    bank = make_bank()
    keep(bank, b"\5" * 32, "sha256")
    keep(bank, pdq(1))
    found(pdq(1))
    keep(bank, b"\6" * 16, "md5")
    found(pdq(1))
    assert len(open_index(index)) == 1


@db
def test_the_tables_of_the_database_are_told_apart() -> None:
    assert connection.settings_dict["NAME"] not in indexing._database()
    assert len(indexing._database().split(":")) == 3


@db
def test_numbers_of_changes_grow_and_seeing_a_hash_again_is_no_change() -> None:
    bank = make_bank()
    keep(bank, pdq(1))
    first = last_change()
    keep(bank, pdq(1))
    assert last_change() == first
    keep(bank, pdq(2))
    assert last_change() > first


def test_a_change_that_commits_late_is_not_skipped(committed_db: str, index: Path) -> None:
    """Two writers at once: the second waits for the first, so nobody reads past a number that is still to come."""
    bank = make_bank()
    keep(bank, pdq(0))
    found(pdq(0))
    other = connections.create_connection("default")
    try:
        other.cursor().execute("SET lock_timeout = '200ms'")
        with transaction.atomic():
            keep_entries(bank, [NewEntry("pdq", pdq(1))])
            with pytest.raises(Exception, match="lock timeout"), other.cursor() as cursor:
                cursor.execute(
                    "UPDATE hashbanks_entry SET status = 'withdrawn' WHERE bank_id = %s", [bank.pk]
                )
    finally:
        other.close()
    assert found(pdq(1))


def test_who_stores_an_examination_keeps_entries_from_changing_meanwhile(committed_db: str) -> None:
    bank = make_bank()
    keep(bank, pdq(0))
    other = connections.create_connection("default")
    try:
        other.cursor().execute("SET lock_timeout = '200ms'")
        with transaction.atomic():
            assert share_entries() == last_change()
            with pytest.raises(Exception, match="lock timeout"), other.cursor() as cursor:
                cursor.execute("UPDATE hashbanks_entry SET status = 'withdrawn'")
            with other.cursor() as cursor:  # a second examination is not held up
                cursor.execute("SELECT pg_try_advisory_xact_lock_shared(%s)", [0x68617368])
                assert cursor.fetchone() == (True,)
    finally:
        other.close()


def test_processes_share_one_index(committed_db: str, index: Path) -> None:
    bank = make_bank()
    first = keep(bank, pdq(1))
    assert found(pdq(1)) == [first.pk]
    second = keep(bank, flipped(pdq(1), 2))
    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        answer = ",".join(map(str, found(pdq(1))))
        os.write(writing, answer.encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() == f"{first.pk},{second.pk}"
    third = keep(bank, flipped(pdq(1), 4))
    assert found(pdq(1)) == [first.pk, second.pk, third.pk]
    assert person("lena").name == "Lena"


@db
def test_a_full_disk_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any) -> None:
        raise OSError("No space left on device")

    keep(make_bank(), pdq(1))
    monkeypatch.setattr(indexing, "build", full)
    with pytest.raises(indexing.IndexUnusable, match="index of known hashes"):
        indexing.search([pdq(1)], 31)
