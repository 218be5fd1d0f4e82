"""The partner has it: its people say so, its system, somebody with a link; and what was decided has its effect."""

from __future__ import annotations

import pytest

from casework.accounts.models import User
from casework.audit.models import Entry
from casework.cases import actions as cases
from casework.cases.models import Basis as Grounds
from casework.cases.models import Case, Effect, Outcome, Policy
from casework.escalations import actions
from casework.escalations.models import Escalation, State
from tests.cast import make_case, person
from tests.escalations.making import make_escalation, make_partner
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("db", "mona")

SHA256 = "ab" * 32


def decided(outcome: str = Outcome.ESCALATE) -> Case:
    case, mona = make_case(), person("mona")
    cases.decide_case(
        case, actor=mona, token=cases.claim_case(case, actor=mona), outcome=outcome, policy=Policy.NCII_AI,
        bases=[Grounds.REPORT], grounds="As reported.",
    )  # fmt: skip
    return case


def referral(case: Case) -> Effect:
    return Effect.objects.get(decision__case=case, kind=Effect.Kind.REFER)


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED])
def test_nia_acknowledges_what_is(state: str, nia: User) -> None:
    escalation = make_escalation(state=state)
    nia.refresh_from_db()
    actions.acknowledge(escalation, actor=nia, reference="H-17", sha256=SHA256)
    assert (escalation.state, escalation.acknowledged_by) == (State.ACKNOWLEDGED, nia)
    assert (escalation.recipient_reference, escalation.acknowledged_sha256) == ("H-17", SHA256)
    assert escalation.delivered_at is not None
    assert verbs_of(escalation.case)[-2:] == ["escalation.delivered", "escalation.acknowledged"]


def test_a_name_and_a_number_stand_on_the_erasable_side() -> None:
    escalation = make_escalation(state=State.DELIVERED)
    actions.acknowledge(escalation, actor=None, name="Officer Ode", reference="Az. 12")
    entry = Entry.objects.get(verb="escalation.acknowledged")
    assert entry.detail.personal == {"name": "Officer Ode", "reference": "Az. 12"}
    assert b"Ode" not in bytes(entry.body)
    assert (escalation.acknowledged_name, escalation.acknowledged_by) == ("Officer Ode", None)


def test_what_is_no_sha256_reaches_neither_the_row_nor_the_log() -> None:
    escalation = make_escalation(state=State.DELIVERED)
    actions.acknowledge(escalation, actor=None, name="Nia", sha256="Nia Okafor, +49 30 901820")
    assert escalation.acknowledged_sha256 == ""
    assert b"901820" not in bytes(Entry.objects.get(verb="escalation.acknowledged").body)


@pytest.mark.parametrize(
    "state", [State.ACKNOWLEDGED, State.ANSWERED, State.CLOSED, State.REFUSED, State.APPROVED]
)
def test_there_is_nothing_to_acknowledge_in_what_is(state: str) -> None:
    escalation = make_escalation(state=state)
    before = verbs_of(escalation.case)
    with pytest.raises(actions.IllegalMove):
        actions.acknowledge(escalation, actor=None, name="Nia")
    assert verbs_of(escalation.case) == before


def test_another_organisations_people_have_nothing_to_acknowledge(nia: User) -> None:
    make_partner()
    other = make_partner("Other house", mail="post@other.example")
    escalation = make_escalation(state=State.SENT, partner=other)
    nia.refresh_from_db()
    before = verbs_of(escalation.case)
    with pytest.raises(actions.NotThere):
        actions.acknowledge(escalation, actor=nia)
    assert verbs_of(escalation.case) == before


def test_delivery_is_noted_once() -> None:
    escalation = make_escalation(state=State.SENT)
    actions.note_delivered(escalation, how="portal")
    actions.note_delivered(escalation, how="link")
    assert verbs_of(escalation.case).count("escalation.delivered") == 1


def test_delivery_of_what_was_taken_back_is_none() -> None:
    escalation = make_escalation(state=State.WITHDRAWN)
    actions.note_delivered(escalation, how="portal")
    assert escalation.state == State.WITHDRAWN
    assert "escalation.delivered" not in verbs_of(escalation.case)


def test_reading_counts(nia: User) -> None:
    escalation = make_escalation(state=State.DELIVERED)
    nia.refresh_from_db()
    actions.note_read(escalation, actor=nia)
    actions.note_read(escalation, actor=None)
    assert verbs_of(escalation.case)[-2:] == ["escalation.read", "escalation.read"]


# --- the decision to pass it on ------------------------------------------------------------------------------------


def test_the_decision_to_escalate_has_its_effect_once_it_is_delivered() -> None:
    case = decided()
    escalation = make_escalation(case, state=State.SENT)
    assert escalation.decision == case.decisions.get()
    assert referral(case).confirmed_at is None
    actions.note_delivered(escalation, how="portal")
    effect = referral(case)
    assert effect.confirmed_at is not None
    assert (effect.how, effect.settled_by) == (Effect.How.PARTNER, None)
    assert "effect.confirmed" in verbs_of(case)


def test_a_second_partner_confirms_it_no_second_time() -> None:
    case = decided()
    make_escalation(case, state=State.DELIVERED)
    make_escalation(case, state=State.DELIVERED)
    assert verbs_of(case).count("effect.confirmed") == 1


def test_a_decision_that_was_replaced_is_not_confirmed_by_it() -> None:
    case, milo = decided(), person("milo")
    escalation = make_escalation(case, state=State.SENT)
    cases.decide_case(
        case, actor=milo, token=cases.claim_case(case, actor=milo), outcome=Outcome.REMOVE, policy=Policy.NCII_AI,
        bases=[Grounds.REPORT], grounds="After all.", overrides=case.decisions.get(),
    )  # fmt: skip
    actions.note_delivered(escalation, how="portal")
    assert referral(case).confirmed_at is None
    assert Escalation.objects.get(pk=escalation.pk).state == State.DELIVERED
