"""New entries are compared with stored evidence: in pages, from a checkpoint, each hit an event on its case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction

from casework.audit.models import Entry as LogEntry
from casework.evidence import comparing
from casework.evidence.models import BankMatch, Item
from casework.hashbanks import actions, indexing
from casework.hashbanks.models import Bank, RunState, Sweep
from casework.jobs.actions import LostLease, fail
from casework.jobs.models import Job
from tests.cast import make_case, person
from tests.evidence.making import entries
from tests.evidence.matching import add_frames, hashed_item, signal_of, start_of, sweep
from tests.hashbanks.making import flipped, keep, make_bank, pdq

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def index(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.HASH_INDEX_DIR = tmp_path / "index"
    indexing._open.clear()
    yield
    indexing._open.clear()


def asked(bank: Bank, *values: bytes, **kwargs: Any) -> Sweep:
    """New entries, and the run that they ask for."""
    with transaction.atomic():
        since = actions.last_change()
        for value in values:
            keep(bank, value, **kwargs)
        run = actions.ask_sweep(bank, since=since, upto=actions.last_change())
    assert run is not None
    return run


def test_a_new_entry_finds_what_was_stored_before() -> None:
    item, other = hashed_item(make_case(), 1), hashed_item(make_case(), 2)
    run = sweep(asked(make_bank(), flipped(pdq(1), 7)))
    assert (run.state, run.done, run.total, run.hits) == (RunState.DONE, 2, 2, 1)
    match = BankMatch.objects.get()
    assert (match.item, match.distance, match.retroactive) == (item, 7, True)
    [told] = LogEntry.objects.filter(verb="evidence.matched")
    assert told.case_id == item.case.public_id
    item.case.refresh_from_db()
    assert item.case.known_matches == 1
    assert (signal_of(item).status, signal_of(other).status if other.signals.exists() else "") == (
        "found",
        "",
    )
    assert entries("bank.swept") == 1


def test_exact_digests_and_films_are_found_later_too() -> None:
    item, film = hashed_item(make_case(), 1), hashed_item(make_case(), 2)
    add_frames(film, 10, 11, 12)
    bank, clip = make_bank(), uuid4()
    with transaction.atomic():
        since = actions.last_change()
        keep(bank, bytes.fromhex(item.sha256), "sha256")
        for at, seed in enumerate((10, 11)):
            keep(bank, pdq(seed), clip=clip, frame_at=float(at))
        run = actions.ask_sweep(bank, since=since, upto=actions.last_change())
    assert run is not None
    assert sweep(run).hits == 2
    assert BankMatch.objects.get(item=item).algorithm == "sha256"
    match = BankMatch.objects.get(item=film)
    assert (match.algorithm, match.clip_share) == ("video_pdq", 1.0)
    assert match.query_share == pytest.approx(2 / 3)
    assert match.frame is not None


def test_a_bank_with_turns_finds_stored_pictures_by_their_kept_turns() -> None:
    from casework.evidence.models import PerceptualHash

    item = hashed_item(make_case(), 1)
    turns = b"".join(pdq(seed) for seed in (1, 31, 32, 33, 34, 35, 36, 37))
    PerceptualHash.objects.create(item=item, algorithm="pdq_turns", value=turns, quality=100, version="pdq 1")
    sweep(asked(make_bank(pdq_turns=True), pdq(32)))
    assert BankMatch.objects.get(item=item).turned == "rotated_180"


def test_a_run_goes_on_where_the_last_job_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "ITEMS_AT_ONCE", 1)
    monkeypatch.setattr(comparing, "SLICE", -1.0)
    for _ in range(3):
        hashed_item(make_case(), 1)
    run = asked(make_bank(), pdq(1))
    seen = []
    while run.state != RunState.DONE:
        run = sweep(run)
        seen.append((run.done, run.hits))
    assert seen == [(1, 1), (2, 2), (3, 3), (3, 3)]
    assert entries("evidence.matched") == 3


def test_what_is_kept_at_once_ends_after_a_few_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "FOUND_AT_ONCE", 2)
    monkeypatch.setattr(comparing, "SLICE", -1.0)
    for seed in (1, 2, 1, 1, 2):
        hashed_item(make_case(), seed)
    run = asked(make_bank(), pdq(1))
    seen = []
    while run.state != RunState.DONE:
        run = sweep(run)
        seen.append((run.done, run.hits))
    assert seen == [(3, 2), (5, 3), (5, 3)]


def test_a_worker_that_lost_its_lease_moves_nothing() -> None:
    hashed_item(make_case(), 1)
    run = asked(make_bank(), pdq(1))
    late = start_of("evidence.sweep", sweep=str(run.public_id))
    Job.objects.filter(public_id=late.job).update(token=uuid4())
    with pytest.raises(LostLease):
        comparing.sweep(str(run.public_id), start=late)
    run.refresh_from_db()
    assert (run.state, run.done, BankMatch.objects.count()) == (RunState.QUEUED, 0, 0)
    assert entries("evidence.matched") == 0


def test_done_twice_it_tells_once() -> None:
    item = hashed_item(make_case(), 1)
    bank = make_bank()
    sweep(asked(bank, pdq(1)))
    again = Sweep.objects.create(bank=bank, from_seq=0, to_seq=actions.last_change())
    from casework.hashbanks.actions.sweeps import next_step

    next_step(again)
    assert sweep(again).hits == 0
    assert entries("evidence.matched") == 1
    item.case.refresh_from_db()
    assert item.case.known_matches == 1


def test_entries_that_come_while_a_run_waits_join_it() -> None:
    bank = make_bank()
    first = asked(bank, pdq(1))
    second = asked(bank, pdq(2))
    assert first.pk == second.pk
    assert Job.objects.filter(kind="evidence.sweep").count() == 1
    sweep(second)
    assert asked(bank, pdq(3)).pk != first.pk


def test_hits_in_restricted_cases_are_counted_apart() -> None:
    hashed_item(make_case(minor_indicated=True), 1)
    run = sweep(asked(make_bank(), pdq(1)))
    assert (run.hits, run.hits_restricted) == (0, 1)


def test_a_late_match_with_a_bank_of_minors_restricts_the_case() -> None:
    item = hashed_item(make_case(), 1)
    run = sweep(asked(make_bank(on_match=Bank.OnMatch.RESTRICT), pdq(1)))
    item.case.refresh_from_db()
    assert (item.case.restricted, run.hits, run.hits_restricted) == (True, 0, 1)
    assert not Item.objects.for_user(person("mona")).exists()
    assert entries("case.restricted") == 1


def test_a_broken_index_stops_the_run_and_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed_item(make_case(), 1)
    run = asked(make_bank(), pdq(1))

    def full(*_args: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(indexing, "build", full)
    for number in range(3):
        start = start_of("evidence.sweep", sweep=str(run.public_id))
        with pytest.raises(indexing.IndexUnusable) as stopped:
            comparing.sweep(str(run.public_id), start=start)
        fail(start, stopped.value, retry_in=0.0)
        assert start.number == number + 1
    run.refresh_from_db()
    assert (run.state, run.done) == (RunState.FAILED, 0)
    assert run.why
    assert entries("bank.sweep_failed") == 1


def test_a_stopped_run_goes_on_when_its_job_is_asked_for_again() -> None:
    item = hashed_item(make_case(), 1)
    run = asked(make_bank(), pdq(1))
    actions.fail_sweep(str(run.public_id), reason="The disk was full.")
    run = sweep(run)
    assert (run.state, run.why, run.hits) == (RunState.DONE, "", 1)
    assert BankMatch.objects.get().item == item


def test_an_entry_withdrawn_before_its_run_matches_nothing() -> None:
    hashed_item(make_case(), 1)
    bank = make_bank()
    run = asked(bank, pdq(1))
    actions.withdraw_entry(bank.entries.get(), actor=person("lena"), reason="an error")
    assert sweep(run).hits == 0
