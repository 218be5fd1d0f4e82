"""Several people, or one person in several tabs, at the very same moment: exactly one of them wins."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from casework.cases import actions
from casework.cases.models import Basis, Case, Effect, Outcome, Policy
from casework.evidence.models import Reveal
from tests.cast import make_case, person
from tests.evidence.making import make_examined, open_reveal
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("committed_db")

CONFLICTS = (actions.Conflict, actions.IllegalMove)


def all_at_once(*acts: Callable[[], Any]) -> list[str]:
    """Do *acts* in threads of their own, begun together; for each "done" or the name of its refusal."""
    together = threading.Barrier(len(acts))

    def do(act: Callable[[], Any]) -> str:
        together.wait()
        try:
            act()
        except CONFLICTS as refusal:
            return type(refusal).__name__
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


def test_of_four_people_who_claim_a_case_one_has_it() -> None:
    case, names = make_case(), ("mona", "milo", "sena", "lena")
    people = [person(name) for name in names]
    ends = all_at_once(
        *(lambda who=who: actions.claim_case(Case.objects.get(pk=case.pk), actor=who) for who in people)
    )
    assert sorted(ends) == ["ClaimedByOther"] * 3 + ["done"]
    assert verbs_of(case).count("case.claimed") == 1


def test_a_decision_sent_from_six_tabs_is_made_once() -> None:
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona)

    def send() -> None:
        actions.decide_case(
            Case.objects.get(pk=case.pk), actor=mona, token=token, outcome=Outcome.REMOVE,
            policy=Policy.NCII_AI, bases=[Basis.REPORT], grounds="As reported.",
        )  # fmt: skip

    assert sorted(all_at_once(*[send] * 6)) == ["LeaseLost"] * 5 + ["done"]
    assert case.decisions.count() == 1
    assert verbs_of(case).count("decision.made") == 1


def test_a_word_from_two_approvers_at_once_counts_once() -> None:
    case, sena = make_case(minor_indicated=True), person("sena")
    decision = actions.decide_case(
        case, actor=sena, token=actions.claim_case(case, actor=sena), outcome=Outcome.NOT_MINOR,
        policy=Policy.MINOR, bases=[Basis.REPORT], grounds="x",
    )  # fmt: skip
    lena = person("lena")

    def approve() -> None:
        actions.review_decision(decision, actor=lena, approved=True, reason="")

    assert sorted(all_at_once(*[approve] * 4)) == ["StaleCase"] * 3 + ["done"]
    assert verbs_of(case).count("decision.approved") == 1
    assert verbs_of(case).count("case.unrestricted") == 1


def test_two_last_places_confirmed_at_once_stop_the_clock_once() -> None:
    case, mona = make_case(links=["https://a.example/1", "https://b.example/2"]), person("mona")
    actions.decide_case(
        case, actor=mona, token=actions.claim_case(case, actor=mona), outcome=Outcome.REMOVE,
        policy=Policy.NCII_AI, bases=[Basis.REPORT], grounds="x",
    )  # fmt: skip
    places = Effect.objects.filter(decision__case=case, kind=Effect.Kind.TAKE_DOWN)
    confirm = [
        lambda place=place: actions.settle_effect(place, actor=mona, confirmed=True) for place in places
    ]
    assert all_at_once(*confirm) == ["done", "done"]
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED
    assert verbs_of(case).count("clock.stopped") == 1


def test_a_reveal_pressed_in_six_tabs_is_one_look(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    item, mona = make_examined(make_case()), person("mona")
    assert all_at_once(*[lambda: open_reveal(item, mona)] * 6) == ["done"] * 6
    assert Reveal.objects.count() == 1
    assert verbs_of(item.case).count("evidence.revealed") == 1
