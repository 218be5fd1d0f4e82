"""Sealing: numbers, trees and signatures for what was committed, and refusals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from casework.audit import merkle, sealer
from casework.audit.journal import Journal
from casework.audit.log import Verb, health, record
from casework.audit.models import Checkpoint, Entry, Seal
from casework.audit.notes import claimed_checkpoint, verified_checkpoint
from casework.runtime import cluster
from tests.audit.conftest import (
    copy_of_the_database,
    dying_after_the_journal,
    opened,
    refused,
    seal,
    write_entries,
)
from tests.cast import person


def test_what_was_committed_gets_numbers_and_a_signed_checkpoint(real_log: Journal) -> None:
    entries = write_entries(5)
    active = opened()
    assert active.seal() == 5
    assert list(Seal.objects.order_by("seq").values_list("seq", "entry_id")) == list(
        enumerate(entry.pk for entry in entries)
    )
    head = verified_checkpoint(Checkpoint.objects.get().note, active.signer.verifier)
    assert (head.origin, head.size) == ("desk.test/log", 5)
    assert head.root == merkle.root([bytes(entry.leaf_hash) for entry in entries])


def test_checkpoint_and_leaves_stand_outside_the_database_too(real_log: Journal) -> None:
    entries = write_entries(3)
    seal()
    assert list(real_log.notes()) == [Checkpoint.objects.get().note]
    assert list(real_log.leaf_hashes()) == [bytes(entry.leaf_hash) for entry in entries]
    assert real_log.path.stat().st_mode & 0o077 == 0


def test_nothing_new_signs_nothing(sealed_log: Journal) -> None:
    assert seal() == 0
    assert Checkpoint.objects.count() == 3


def test_a_backlog_is_sealed_in_batches(real_log: Journal) -> None:
    write_entries(7)
    active = opened()
    active.batch = 3
    assert [active.seal(), active.seal(), active.seal()] == [3, 3, 1]
    assert opened().frontier.size == 7


def test_an_entry_that_commits_late_with_a_lower_id_is_sealed_too(real_log: Journal) -> None:
    active = opened()
    write_entries(1)
    late, begun, end = [], threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            late.append(record(Verb.SIGNED_OUT, actor=None, subject=person("milo")))
            begun.set()
            end.wait(20)
        connections.close_all()

    person("milo")
    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(20)
    after = write_entries(1)[0]
    for _look in range(6):
        active.seal()
    end.set()
    thread.join()
    assert active.seal() == 1
    found = Entry.objects.get(public_id=late[0])
    assert found.pk < after.pk
    assert found.seal.seq == 2
    assert after.seal.seq == 1


def test_the_floor_rises_once_no_transaction_can_commit_below_it(real_log: Journal) -> None:
    active = opened()
    entries = write_entries(3)
    give_up = (
        time.monotonic() + 60
    )  # transactions of other tests on the same server hold the floor down meanwhile
    while active.floor.id < entries[-1].pk and time.monotonic() < give_up:
        active.seal()
        write_entries(1)
        time.sleep(0.05)
    assert active.floor.id >= entries[-1].pk
    assert active.seal() == 1


def test_the_log_keeps_the_name_of_its_first_checkpoint(sealed_log: Journal, settings: Any) -> None:
    settings.LOG_ORIGIN = "another.test/log"
    write_entries(1)
    assert seal() == 1
    assert claimed_checkpoint(sealed_log.last_note() or "").origin == "desk.test/log"


def test_a_crash_before_the_commit_is_finished_as_it_was_signed(
    real_log: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_entries(4)
    seal()
    first = write_entries(3)
    with dying_after_the_journal(monkeypatch):
        seal()
    assert Checkpoint.objects.count() == 1
    later = write_entries(2)
    again = opened()
    assert list(real_log.notes()) == list(Checkpoint.objects.order_by("size").values_list("note", flat=True))
    assert again.seal() == 2
    assert [entry.seal.seq for entry in Entry.objects.filter(pk__in=[e.pk for e in first + later]).order_by("pk")] == [
        4, 5, 6, 7, 8,
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [1, 40, 100, 170])
def test_a_checkpoint_cut_while_it_was_written_is_written_again(sealed_log: Journal, cut: int) -> None:
    write_entries(2)
    before = sealed_log.sizes()
    whole = sealed_log.path.read_bytes()
    leaves = sealed_log.leaves_path.read_bytes()
    note = opened().signer.sign("desk.test/log\n14\n" + "A" * 43 + "=\n").encode()
    sealed_log.path.write_bytes(whole + note[:cut])
    sealed_log.leaves_path.write_bytes(leaves + b"x" * 50)
    assert seal() == 2
    assert claimed_checkpoint(sealed_log.last_note() or "").size == 14
    assert sealed_log.sizes()[1] == before[1] + 64
    assert len(list(sealed_log.notes())) == 4


def test_a_second_sealer_stands_by_until_the_first_is_gone(real_log: Journal) -> None:
    stop = threading.Event()
    with _rival() as rival:
        rival.execute("SELECT pg_advisory_lock(%s, %s)", sealer.LOCK)
        threading.Timer(0.3, stop.set).start()
        with sealer.single(stop) as active:
            assert not active
    with sealer.single(threading.Event()) as active:
        assert active
        with _rival() as rival:
            assert rival.execute("SELECT pg_try_advisory_lock(%s, %s)", sealer.LOCK).fetchone() == (False,)


def test_sealing_stops_when_asked(real_log: Journal) -> None:
    write_entries(2)
    stop = threading.Event()
    threading.Timer(0.8, stop.set).start()
    sealer.run(sealer.configured(), stop)
    assert Seal.objects.count() == 2


# --- refusals -----------------------------------------------------------------------------------------------------


def test_a_database_restored_from_before_is_refused(sealed_log: Journal, tamper: Callable[..., Any]) -> None:
    tamper("DELETE FROM audit_seal WHERE seq >= 8")
    tamper("DELETE FROM audit_checkpoint WHERE size > 8")
    tamper("DELETE FROM audit_entry WHERE id NOT IN (SELECT entry_id FROM audit_seal)")
    with refused() as caught:
        opened()
    assert (caught.value.code, caught.value.facts) == ("database_older", {"database": 8, "journal": 12})


def test_an_older_copy_of_the_database_is_refused(real_log: Journal) -> None:
    write_entries(4)
    seal()
    with copy_of_the_database() as older:
        write_entries(4)
        seal()
        connections.close_all()
        connection.settings_dict["NAME"] = older
        with refused() as caught:
            opened()
        assert caught.value.code == "database_older"


def test_an_edited_sealed_entry_is_refused_by_its_number(
    sealed_log: Journal, tamper: Callable[..., Any]
) -> None:
    edited = Seal.objects.get(seq=5).entry_id
    tamper("UPDATE audit_entry SET leaf_hash = sha256(leaf_hash) WHERE id = %s", edited)
    with refused() as caught:
        opened()
    assert (caught.value.code, caught.value.facts) == ("entry_changed", {"seq": 5})


def test_seals_that_nobody_signed_are_refused(sealed_log: Journal) -> None:
    entry = write_entries(1)[0]
    Seal.objects.create(seq=12, entry=entry)
    with refused() as caught:
        opened()
    assert caught.value.code == "tree_differs"


def test_a_tail_cut_under_the_running_sealer_is_refused(
    sealed_log: Journal, tamper: Callable[..., Any]
) -> None:
    active = opened()
    tamper("DELETE FROM audit_seal WHERE seq = 11")
    write_entries(1)
    with refused() as caught:
        active.seal()
    assert caught.value.code == "database_changed"
    assert Checkpoint.objects.count() == 3


def test_a_journal_that_lost_its_end_is_refused(sealed_log: Journal) -> None:
    notes = list(sealed_log.notes())
    sealed_log.path.write_text("".join(notes[:2]))
    with refused() as caught:
        opened()
    assert caught.value.code == "journal_behind"


def test_a_journal_cut_under_the_running_sealer_is_refused(sealed_log: Journal) -> None:
    active = opened()
    sealed_log.path.write_text("")
    write_entries(1)
    with refused() as caught:
        active.seal()
    assert caught.value.code == "journal_changed"


def test_a_checkpoint_of_another_key_is_refused(sealed_log: Journal) -> None:
    stranger = sealer.configured()
    stranger.signer = type(stranger.signer)("desk.test/log", b"\x07" * 32)
    with refused() as caught:
        stranger.open()
    assert caught.value.code == "signature"


def test_a_refusal_is_told_once_in_the_log_and_raises_the_alarm(
    sealed_log: Journal, tamper: Callable[..., Any]
) -> None:
    tamper("DELETE FROM audit_seal WHERE seq = 11")
    for _start in range(2):
        stop = threading.Event()
        threading.Timer(0.3, stop.set).start()
        sealer.run(sealer.configured(), stop)
    assert Entry.objects.filter(verb=Verb.LOG_ALARM.value).count() == 1
    assert Checkpoint.objects.count() == 3
    state = health()
    assert state["alarm"]
    assert state["refusing"] == "tree_differs"


# --- health -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_an_empty_log_is_well() -> None:
    assert health() == {
        "unsealed": 0, "oldest_seconds": 0.0, "alarm": False, "size": None, "signed_at": None, "refusing": "",
    }  # fmt: skip


def test_health_counts_what_waits(real_log: Journal) -> None:
    write_entries(3)
    assert (health()["unsealed"], health()["size"]) == (3, None)
    seal()
    assert (health()["unsealed"], health()["size"], health()["alarm"]) == (0, 3, False)


def test_an_entry_that_waits_for_six_seconds_is_an_alarm(
    sealed_log: Journal, tamper: Callable[..., Any]
) -> None:
    entry = write_entries(1)[0]
    assert not health()["alarm"]
    tamper("UPDATE audit_entry SET at = clock_timestamp() - interval '6 s' WHERE id = %s", entry.pk)
    assert health()["alarm"]


def _rival() -> psycopg.Connection[Any]:
    return cluster.connect(
        settings.CASEWORK_HOME / "postgres.json", database=connection.settings_dict["NAME"], role=cluster.APP
    )
