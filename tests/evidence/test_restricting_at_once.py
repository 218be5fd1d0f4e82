"""Two people restrict two cases that share a picture, at the same moment: one after the other, and both are right."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections, transaction

from casework.accounts.models import User
from casework.cases import actions as cases
from casework.cases.actions import opening
from casework.cases.models import Basis, Case, Outcome, Policy
from casework.evidence import actions
from casework.evidence.actions import examination, sweeping
from casework.evidence.known import known_copies
from casework.evidence.models import BankMatch, Item
from casework.hashbanks.actions import ask_sweep, drop_entries, keep_entries, last_change
from casework.hashbanks.matches import Found, Matching
from casework.hashbanks.models import Entry
from casework.hashbanks.values import NewEntry
from tests.cast import make_case, person
from tests.evidence import making
from tests.evidence.making import explicit, make_examined, make_item, picture
from tests.evidence.matching import hashed_item, start_of
from tests.hashbanks.making import keep, make_bank, pdq

pytestmark = pytest.mark.usefixtures("committed_db")

#: So long the first waits for the second, who may be kept from ever coming.
PATIENCE = 2.0


@pytest.fixture(autouse=True)
def store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


@pytest.fixture
def neighbours() -> tuple[Item, Item]:
    """Two cases with the same two pictures, each of which was the first to have one: either knows of the other."""
    first, second = (make_examined(make_case(), 5, signals=[explicit(0.5)]) for _ in range(2))
    for each in (second, first):
        make_examined(each.case, 6, signals=[explicit(0.5)])
    return first, second


class Meeting:
    """Where two transactions stand with one case locked each, before they want the other's."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)

    def wait(self) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):  # the other waits for its turn, as it should
            self._barrier.wait(PATIENCE)


def at_once(*works: Callable[[], Any]) -> list[str]:
    def run(work: Callable[[], Any]) -> str:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - a deadlock is what is looked for
            return repr(error)
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@pytest.fixture
def meeting(monkeypatch: pytest.MonkeyPatch) -> Meeting:
    """Whoever restricts or frees stops where its own case is locked and the neighbours are not."""
    place, real = Meeting(), opening._tell_of_restriction

    def stop(case: Case) -> None:
        place.wait()
        real(case)

    monkeypatch.setattr(opening, "_tell_of_restriction", stop)
    return place


def decide(item: Item, who: User, outcome: str, token: UUID | None) -> Any:
    return cases.decide_case(
        Case.objects.get(pk=item.case_id), actor=who, token=token, outcome=outcome, policy=Policy.NCII_AI,
        bases=[Basis.REPORT], grounds="x",
    )  # fmt: skip


def known(item: Item) -> tuple[bool, int]:
    """Whether the case is restricted, and how many known copies its factor counts."""
    case = Case.objects.get(pk=item.case_id)
    return case.restricted, case.known_matches


def test_two_neighbours_are_sent_to_the_cleared_at_once(
    neighbours: tuple[Item, Item], meeting: Meeting
) -> None:
    works = []
    for item, name in zip(neighbours, ("sena", "lena"), strict=True):
        who = person(name)
        token = cases.claim_case(item.case, actor=who)
        works.append(lambda i=item, w=who, t=token: decide(i, w, Outcome.SUSPECTED_MINOR, t))
    assert at_once(*works) == ["done", "done"]
    assert [known(item) for item in neighbours] == [(True, 1), (True, 1)]


def test_two_neighbours_are_freed_at_once(neighbours: tuple[Item, Item], meeting: Meeting) -> None:
    works, sena, lena = [], person("sena"), person("lena")
    for item, author, other in zip(neighbours, (sena, lena), (lena, sena), strict=True):
        case = Case.objects.get(pk=item.case_id)
        cases.restrict_case(case, actor=author, why="minor_suspected")
        waiting = decide(item, author, Outcome.NOT_MINOR, cases.claim_case(case, actor=author))
        works.append(lambda d=waiting, o=other: cases.review_decision(d, actor=o, approved=True, reason="x"))
    assert at_once(*works) == ["done", "done"]
    assert [known(item) for item in neighbours] == [(False, 1), (False, 1)]


def test_a_bank_looks_back_at_an_item_while_a_worker_examines_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, item, bank = Meeting(), make_item(make_case(), picture(5)), make_bank()
    with transaction.atomic():
        since = last_change()
        entry = keep(bank, bytes.fromhex(item.sha256), "sha256")
        run = ask_sweep(bank, since=since, upto=last_change())
    assert run is not None
    stop_before(place, monkeypatch, sweeping, "keep_late_matches")  # it holds the case
    stop_before(place, monkeypatch, examination, "known_copies")  # it holds the item
    answer = Matching(1, last_change(), found=(Found(entry.pk, bank.pk, "sha256"),))
    start = start_of("evidence.sweep", sweep=str(run.public_id))
    examined = making.examination(picture(5))
    assert at_once(
        lambda: actions.record_sweep_page(run, [(item, answer)], start=start),
        lambda: actions.record_examination(Item.objects.get(pk=item.pk), examined),
    ) == ["done", "done"]
    assert BankMatch.objects.get().item == item
    assert Item.objects.get(pk=item.pk).state == Item.State.EXAMINED


def test_a_case_that_is_restricted_while_a_copy_is_examined_is_not_counted_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The examination has found the copy in the other case, which is then restricted before the factor is kept."""
    hidden, sena = make_examined(make_case(), 5), person("sena")
    item, real = make_item(make_case(), picture(5)), known_copies

    def search(asked: Item) -> Any:
        found = real(asked)
        assert at_once(lambda: cases.restrict_case(hidden.case, actor=sena, why="minor_suspected")) == [
            "done"
        ]
        return found

    monkeypatch.setattr(examination, "known_copies", search)
    assert actions.record_examination(Item.objects.get(pk=item.pk), making.examination(picture(5)))
    assert known(hidden) == (True, 0)
    assert known(item) == (False, 0)


def test_a_case_is_restricted_between_the_count_of_a_copy_and_its_keeping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place, hidden, sena = Meeting(), make_examined(make_case(), 5), person("sena")
    item = make_item(make_case(), picture(5))
    stop_before(place, monkeypatch, examination, "match_if_changed")  # it has counted and written
    tell = opening._tell_of_restriction

    def stop(case: Case) -> None:
        tell(case)
        place.wait()

    monkeypatch.setattr(opening, "_tell_of_restriction", stop)
    answer = Matching(0, last_change())
    assert at_once(
        lambda: actions.record_examination(
            Item.objects.get(pk=item.pk), making.examination(picture(5)), matching=answer
        ),
        lambda: cases.restrict_case(hidden.case, actor=sena, why="minor_suspected"),
    ) == ["done", "done"]
    assert known(hidden) == (True, 0)
    assert known(item) == (False, 0)


def test_a_list_names_a_hash_again_while_a_sweep_keeps_a_match_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever changes entries comes to the cases of those that ended; the sweep holds cases and points at entries."""
    place, item, other, bank = (
        Meeting(),
        make_item(make_case(), picture(5)),
        hashed_item(make_case(), 6),
        make_bank(),
    )
    with transaction.atomic():
        since = last_change()
        entry, gone = keep(bank, bytes.fromhex(item.sha256), "sha256"), keep(bank, pdq(6))
        run = ask_sweep(bank, since=since, upto=last_change())
    assert run is not None
    BankMatch.objects.create(
        item=other, entry=gone, algorithm="pdq", distance=0, version="1", entry_version="1"
    )
    stop_before(place, monkeypatch, sweeping, "keep_late_matches")  # it has its turn
    answer = Matching(1, last_change(), found=(Found(entry.pk, bank.pk, "sha256"),))
    start = start_of("evidence.sweep", sweep=str(run.public_id))

    @transaction.atomic
    def page_of_a_list() -> None:
        keep_entries(bank, [NewEntry("sha256", bytes.fromhex(item.sha256))])
        place.wait()
        drop_entries([gone.pk], to=Entry.Status.DELETED)

    assert at_once(lambda: actions.record_sweep_page(run, [(item, answer)], start=start), page_of_a_list) == [
        "done",
        "done",
    ]
    assert BankMatch.objects.filter(item=item).exists()
    assert Entry.objects.get(pk=gone.pk).status == Entry.Status.DELETED


def stop_before(place: Meeting, monkeypatch: pytest.MonkeyPatch, holder: Any, name: str) -> None:
    """Have the meeting before the function of that name."""
    real = getattr(holder, name)

    def stop(*args: Any, **more: Any) -> Any:
        place.wait()
        return real(*args, **more)

    monkeypatch.setattr(holder, name, stop)
