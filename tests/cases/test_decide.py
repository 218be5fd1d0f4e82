"""Deciding: with a living claim, on more than a score, once, and with a second person where it cannot be undone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from casework.cases import actions
from casework.cases.actions.decisions import ScoreAlone, standing_decision
from casework.cases.models import Basis, Case, Decision, Effect, Outcome, Policy
from tests.cast import make_case, person
from tests.journal import verbs_of

pytestmark = pytest.mark.django_db

LINKS = ["https://pictures.example/p/1", "https://pictures.example/p/2"]


def decide(case: Case, who: str = "mona", outcome: str = Outcome.REMOVE, **kwargs) -> Decision:
    actor = person(who)
    token = kwargs.pop("token", None) or actions.claim_case(case, actor=actor)
    policy = Policy.NOT_INTIMATE if outcome == Outcome.KEEP else Policy.NCII_AI
    defaults = {"policy": policy, "bases": [Basis.REPORT], "grounds": "As reported.", "statement": "Because."}
    return actions.decide_case(
        case,
        actor=actor,
        token=token,
        outcome=outcome,
        overrides=standing_decision(case),
        **{**defaults, **kwargs},
    )


def running_clock(case: Case):
    return case.clocks.get()


def test_mona_removes_and_every_place_waits_to_be_confirmed_gone():
    case = make_case(links=LINKS)
    decision = decide(case)
    case.refresh_from_db()
    assert case.status == Case.Status.DECIDED
    assert decision.effects.filter(kind=Effect.Kind.TAKE_DOWN, confirmed_at=None).count() == 2
    assert running_clock(case).stopped_at is None
    assert [verb for verb in verbs_of(case) if verb.startswith("decision")] == ["decision.made"]
    assert verbs_of(case).count("effect.opened") == 3


def test_the_clock_stops_when_the_last_place_is_confirmed_gone():
    case = make_case(links=LINKS)
    first, second = decide(case).effects.filter(kind=Effect.Kind.TAKE_DOWN)
    actions.settle_effect(first, actor=person("mona"), confirmed=True)
    assert running_clock(case).stopped_at is None
    actions.settle_effect(second, actor=person("mona"), confirmed=True)
    case.refresh_from_db()
    assert running_clock(case).stopped_why == "confirmed_gone"
    assert case.status == Case.Status.CLOSED
    assert verbs_of(case)[-2:] == ["clock.stopped", "case.moved"]


def test_a_removal_that_failed_keeps_the_clock_running():
    case = make_case()
    effect = decide(case).effects.get(kind=Effect.Kind.TAKE_DOWN)
    actions.settle_effect(effect, actor=person("mona"), confirmed=False, remark="the host does not answer")
    case.refresh_from_db()
    assert case.status == Case.Status.DECIDED
    assert running_clock(case).stopped_at is None
    assert verbs_of(case)[-1] == "effect.failed"


def test_an_effect_is_confirmed_only_once():
    case = make_case()
    effect = decide(case).effects.get(kind=Effect.Kind.TAKE_DOWN)
    actions.settle_effect(effect, actor=person("mona"), confirmed=True)
    before = verbs_of(case)
    with pytest.raises(actions.StaleCase):
        actions.settle_effect(effect, actor=person("milo"), confirmed=True)
    assert verbs_of(case) == before


def test_keeping_tells_the_reporter_and_stops_the_clock():
    case = make_case()
    decide(case, outcome=Outcome.KEEP)
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED
    assert running_clock(case).stopped_why == "decided_keep"


def test_a_decision_without_a_claim_is_refused():
    case = make_case()
    before = verbs_of(case)
    with pytest.raises(actions.LeaseLost):
        actions.decide_case(
            case, actor=person("mona"), token=None, outcome=Outcome.REMOVE, policy=Policy.NCII_AI,
            bases=[Basis.REPORT], grounds="x",
        )  # fmt: skip
    assert verbs_of(case) == before
    assert not case.decisions.exists()


def test_a_decision_with_a_lost_lease_is_refused_and_the_draft_stays():
    case, mona = make_case(), person("mona")
    token = actions.claim_case(case, actor=mona)
    actions.keep_draft(case, "decision", {"grounds": "half a thought"}, actor=mona)
    Case.objects.filter(pk=case.pk).update(lease_until=Now() - timedelta(seconds=1))
    with pytest.raises(actions.LeaseLost):
        decide(case, token=token)
    assert case.drafts.get(person=mona).content["grounds"] == "half a thought"


def test_a_score_alone_never_decides():
    case = make_case()
    with pytest.raises(ScoreAlone):
        decide(case, bases=[Basis.SCORE])
    assert not case.decisions.exists()
    assert "decision.made" not in verbs_of(case)


def test_a_page_that_shows_an_older_decision_cannot_override_a_newer_one():
    case = make_case()
    decide(case, outcome=Outcome.ESCALATE)
    token = actions.claim_case(case, actor=person("milo"))
    with pytest.raises(actions.AlreadyDecided):
        actions.decide_case(
            case, actor=person("milo"), token=token, outcome=Outcome.REMOVE, policy=Policy.NCII_AI,
            bases=[Basis.REPORT], grounds="x", overrides=None,
        )  # fmt: skip
    assert case.decisions.count() == 1


def test_a_later_decision_names_the_one_it_replaces():
    case = make_case()
    first = decide(case, outcome=Outcome.KEEP)
    second = decide(case, who="milo", outcome=Outcome.REMOVE)
    assert second.override_of == first
    assert running_clock(case).stopped_at is None, "an overturned keep owes what the notice owed"


def test_putting_removed_content_back_waits_for_another_person():
    case = make_case()
    decide(case)
    decision = decide(case, who="milo", outcome=Outcome.KEEP)
    case.refresh_from_db()
    assert case.status == Case.Status.APPROVAL
    with pytest.raises(actions.AnotherPersonNeeded):
        actions.review_decision(decision, actor=person("milo"), approved=True, reason="")
    assert "decision.approved" not in verbs_of(case)
    actions.review_decision(decision, actor=person("sena"), approved=True, reason="")
    case.refresh_from_db()
    assert case.status == Case.Status.CLOSED
    assert "decision.approved" in verbs_of(case)


def test_nobody_decides_while_a_decision_waits_for_a_second_person():
    case = make_case()
    removal = decide(case)
    waiting = decide(case, who="milo", outcome=Outcome.KEEP)
    token = actions.claim_case(case, actor=person("mona"))
    before = verbs_of(case)
    with pytest.raises(actions.AlreadyDecided):
        actions.decide_case(
            case, actor=person("mona"), token=token, outcome=Outcome.RESTRICT, policy=Policy.NCII_AI,
            bases=[Basis.REPORT], grounds="x", overrides=removal,
        )  # fmt: skip
    assert set(case.decisions.all()) == {removal, waiting}
    assert verbs_of(case) == before


def test_the_second_persons_word_is_given_once_and_only_where_it_is_asked_for():
    case = make_case()
    removal = decide(case)
    waiting = decide(case, who="milo", outcome=Outcome.KEEP)
    actions.review_decision(waiting, actor=person("sena"), approved=True, reason="")
    before = verbs_of(case)
    for decision in (removal, waiting):
        with pytest.raises(actions.StaleCase):
            actions.review_decision(decision, actor=person("lena"), approved=False, reason="too late")
    assert verbs_of(case) == before


def test_a_case_does_not_close_while_a_second_person_is_asked():
    case = make_case()
    removal = decide(case)
    decide(case, who="milo", outcome=Outcome.KEEP)
    for effect in removal.effects.filter(confirmed_at=None):
        actions.settle_effect(effect, actor=person("mona"), confirmed=True)
    case.refresh_from_db()
    assert case.status == Case.Status.APPROVAL
    assert verbs_of(case)[-1] == "effect.confirmed"


def test_what_was_sent_is_no_draft_any_more():
    case, mona = make_case(), person("mona")
    for name in ("decision", "note"):
        actions.keep_draft(case, name, {"grounds": "typed"}, actor=mona)
    decide(case)
    assert [draft.form for draft in case.drafts.all()] == ["note"]
    actions.write_note(case, "typed", actor=mona)
    assert not case.drafts.exists()


def test_a_withdrawn_report_leaves_the_queue_and_its_clock_stops():
    case = make_case()
    actions.withdraw_case(case, actor=None)
    assert case.status == Case.Status.WITHDRAWN
    assert running_clock(case).stopped_why == "withdrawn_by_reporter"
    assert verbs_of(case)[-2:] == ["case.moved", "clock.stopped"]


def test_what_was_decided_stays_decided_when_the_report_is_withdrawn():
    case = make_case()
    decide(case)
    before = verbs_of(case)
    actions.withdraw_case(case, actor=None)
    assert case.status == Case.Status.DECIDED
    assert running_clock(case).stopped_at is None
    assert verbs_of(case) == before


def test_a_move_from_a_page_that_is_out_of_date_is_refused():
    case = make_case()
    stale = Case.objects.get(pk=case.pk)
    decide(case, outcome=Outcome.KEEP)
    before = verbs_of(case)
    with pytest.raises(actions.StaleCase):
        actions.move_case(stale, Case.Status.WITHDRAWN, actor=None)
    assert verbs_of(case) == before


def test_a_refused_decision_changes_nothing_and_the_removal_holds_on():
    case = make_case()
    removal = decide(case)
    decision = decide(case, who="milo", outcome=Outcome.KEEP)
    actions.review_decision(decision, actor=person("sena"), approved=False, reason="the statement is clear")
    case.refresh_from_db()
    assert case.status == Case.Status.DECIDED
    assert standing_decision(case) == removal
    assert verbs_of(case)[-2:] == ["decision.refused", "case.moved"]


def test_a_refused_first_decision_puts_the_case_back_into_the_queue():
    case = make_case(minor_indicated=True)
    decision = decide(case, who="sena", outcome=Outcome.KEEP)
    actions.review_decision(decision, actor=person("lena"), approved=False, reason="look again")
    case.refresh_from_db()
    assert case.status == Case.Status.WAITING
    assert verbs_of(case)[-2:] == ["decision.refused", "case.moved"]


def test_a_suspected_minor_is_hidden_from_mona_at_once():
    case, mona = make_case(), person("mona")
    decide(case, outcome=Outcome.SUSPECTED_MINOR)
    assert not Case.objects.for_user(mona).filter(pk=case.pk).exists()
    assert Case.objects.for_user(person("sena")).filter(pk=case.pk).exists()
    assert running_clock(case).stopped_at is None
    assert "case.restricted" in verbs_of(case)


def test_lifting_a_restriction_takes_two_cleared_people():
    case = make_case(minor_indicated=True)
    decision = decide(case, who="sena", outcome=Outcome.NOT_MINOR)
    case.refresh_from_db()
    assert case.restricted
    actions.review_decision(decision, actor=person("lena"), approved=True, reason="")
    case.refresh_from_db()
    assert not case.restricted
    assert "case.unrestricted" in verbs_of(case)


def test_keeping_what_a_restricted_case_is_about_takes_two_people():
    case = make_case(minor_indicated=True)
    assert decide(case, who="sena", outcome=Outcome.KEEP).needs_second


def test_not_enough_information_comes_back_by_itself_and_the_clock_runs_on():
    case = make_case()
    decide(case, outcome=Outcome.NEED_MORE)
    case.refresh_from_db()
    assert case.status == Case.Status.HELD
    assert case.wake_at is not None
    assert running_clock(case).stopped_at is None


@pytest.mark.parametrize("was", list(Case.Status))
@pytest.mark.parametrize("to", list(Case.Status))
def test_only_the_moves_in_the_table_are_possible(was, to):
    case = make_case()
    Case.objects.filter(pk=case.pk).update(status=was, wake_at=Now())
    case.refresh_from_db()
    before = verbs_of(case)
    if to in Case.MOVES[was]:
        assert actions.move_case(case, to, actor=None).status == to
        assert verbs_of(case) == [*before, "case.moved"]
    else:
        with pytest.raises(actions.IllegalMove):
            actions.move_case(case, to, actor=None)
        assert verbs_of(case) == before
