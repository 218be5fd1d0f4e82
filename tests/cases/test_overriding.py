"""Decisions that follow on one another: no chain of them spares the second person, forgets a place or the clock."""

from __future__ import annotations

import pytest
from django.urls import reverse

from casework.cases import actions, reading
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Case, Effect, Outcome, Policy
from tests.cast import client_of, make_case, person
from tests.journal import verbs_of

from .test_decide import decide, running_clock

pytestmark = pytest.mark.django_db


def approve(decision, who="lena"):
    actions.review_decision(decision, actor=person(who), approved=True, reason="")


def refuse(decision, who="lena"):
    actions.review_decision(decision, actor=person(who), approved=False, reason="not so")


def confirm_all(decision, who="mona"):
    for effect in decision.effects.filter(confirmed_at=None):
        actions.settle_effect(effect, actor=person(who), confirmed=True)


@pytest.mark.parametrize("between", [Outcome.ESCALATE, Outcome.NEED_MORE])
def test_a_decision_in_between_does_not_spare_the_second_person(between):
    case = make_case()
    decide(case)
    Case.objects.filter(pk=case.pk).update(status=Case.Status.WAITING)
    decide(case, who="milo", outcome=between)
    assert decide(case, who="milo", outcome=Outcome.KEEP).needs_second


def test_a_lifted_restriction_does_not_let_one_person_put_removed_content_back():
    case = make_case()
    decide(case)
    decide(case, who="sena", outcome=Outcome.SUSPECTED_MINOR)
    approve(decide(case, who="sena", outcome=Outcome.NOT_MINOR))
    assert decide(case, who="milo", outcome=Outcome.KEEP).needs_second


def test_what_two_people_put_back_needs_no_second_person_again():
    case = make_case()
    decide(case)
    approve(decide(case, who="milo", outcome=Outcome.KEEP))
    decide(case, who="mona", outcome=Outcome.ESCALATE)
    assert not decide(case, who="milo", outcome=Outcome.KEEP).needs_second


def test_after_a_refusal_the_same_decision_can_be_replaced_again():
    case = make_case()
    removal = decide(case)
    refuse(decide(case, who="milo", outcome=Outcome.KEEP))
    again = decide(case, who="mona", outcome=Outcome.KEEP)
    assert again.override_of == removal
    assert verbs_of(case).count("decision.made") == 3


def test_a_refusal_leaves_the_removal_to_be_confirmed_and_its_clock_stops_then():
    case = make_case()
    removal = decide(case)
    waiting = decide(case, who="milo", outcome=Outcome.KEEP)
    confirm_all(removal)
    refuse(waiting)
    case.refresh_from_db()
    assert standing_decision(case) == removal
    assert case.status == Case.Status.CLOSED
    assert running_clock(case).stopped_why == "confirmed_gone"


def test_effects_of_a_decision_that_no_longer_holds_are_not_confirmed():
    case = make_case()
    effect = decide(case).effects.get(kind=Effect.Kind.TAKE_DOWN)
    approve(decide(case, who="milo", outcome=Outcome.KEEP))
    before = verbs_of(case)
    with pytest.raises(actions.StaleCase):
        actions.settle_effect(effect, actor=person("mona"), confirmed=True)
    assert verbs_of(case) == before


@pytest.mark.parametrize("outcome", [Outcome.SUSPECTED_MINOR, Outcome.ESCALATE])
def test_a_kept_case_that_is_opened_again_has_its_clock_again(outcome):
    case = make_case()
    decide(case, outcome=Outcome.KEEP)
    assert running_clock(case).stopped_at is not None
    decide(case, who="sena", outcome=outcome)
    assert running_clock(case).stopped_at is None
    assert verbs_of(case).count("clock.started") == 2


def test_removed_content_that_is_escalated_later_owes_no_second_removal():
    case = make_case()
    confirm_all(decide(case))
    decide(case, who="sena", outcome=Outcome.ESCALATE)
    assert running_clock(case).stopped_why == "confirmed_gone"


def test_an_escalated_case_whose_clock_runs_comes_back_to_the_queue_instead_of_closing():
    case = make_case()
    confirm_all(decide(case, outcome=Outcome.ESCALATE))
    case.refresh_from_db()
    assert case.status == Case.Status.WAITING, "somebody still has to decide about the removal"
    assert running_clock(case).stopped_at is None
    assert verbs_of(case)[-1] == "case.moved"


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_place_named_after_the_decision_brings_the_case_back(confirmed):
    case = make_case()
    removal = decide(case)
    if confirmed:
        confirm_all(removal)
    actions.add_locators(case, [("url", "https://elsewhere.example/9")], actor=None)
    case.refresh_from_db()
    assert case.status == Case.Status.WAITING
    assert running_clock(case).stopped_at is None
    assert case in reading.in_queue(person("mona"))
    assert decide(case, who="milo").effects.filter(kind=Effect.Kind.TAKE_DOWN).count() == 2


def test_a_place_that_is_known_already_brings_nothing_back():
    case = make_case(links=["https://pictures.example/p/1"])
    confirm_all(decide(case))
    before = verbs_of(case)
    actions.add_locators(case, [("url", "https://pictures.example/p/1")], actor=None)
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED
    assert verbs_of(case) == before


def test_sena_is_asked_about_milos_decision_although_an_earlier_one_was_hers():
    case = make_case()
    decide(case, who="sena")
    decide(case, who="milo", outcome=Outcome.KEEP)
    assert case in reading.approvals(person("sena"))


def test_sena_is_not_asked_about_her_own_decision():
    case = make_case(minor_indicated=True)
    decide(case, who="sena", outcome=Outcome.NOT_MINOR)
    assert case not in reading.approvals(person("sena"))
    assert case in reading.approvals(person("lena"))


def test_lena_approves_the_decision_that_her_page_showed_and_no_later_one():
    case = make_case(minor_indicated=True)
    shown = decide(case, who="sena", outcome=Outcome.NOT_MINOR)
    lena = client_of(person("lena"))
    assert str(shown.public_id) in lena.get(reverse("case", args=[case.public_id])).content.decode()
    refuse(shown, "lena")
    later = decide(case, who="sena", outcome=Outcome.KEEP, policy=Policy.NOT_INTIMATE)
    answer = lena.post(
        reverse("case_review", args=[case.public_id]), {"approved": "yes", "decision": shown.public_id}
    )
    assert answer.status_code == 409
    assert not hasattr(later, "review")
    assert "decision.approved" not in verbs_of(case)
