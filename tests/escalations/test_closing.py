"""The desk closes what needs nothing more; access ends with it."""

from __future__ import annotations

import pytest

from casework.accounts.models import User
from casework.escalations import actions
from casework.escalations.models import Escalation, Package, State
from tests.escalations.handing import make_package
from tests.escalations.making import make_escalation
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("db", "mona")

CLOSABLE = [str(state) for state, ways in Escalation.MOVES.items() if State.CLOSED in ways]


@pytest.mark.parametrize("state", CLOSABLE)
def test_mona_closes_what_is(state: str, mona: User) -> None:
    escalation = make_escalation(state=state)
    actions.close_escalation(escalation, actor=mona, reason="They are looked after.")
    assert (escalation.state, escalation.ended_why) == (State.CLOSED, "They are looked after.")
    assert "escalation.closed" in verbs_of(escalation.case)


@pytest.mark.parametrize("state", [state for state in State.values if state not in CLOSABLE])
def test_not_closed_while_it_is(state: str, mona: User) -> None:
    escalation = make_escalation(state=state)
    before = verbs_of(escalation.case)
    with pytest.raises(actions.IllegalMove):
        actions.close_escalation(escalation, actor=mona, reason="x")
    assert verbs_of(escalation.case) == before


def test_closing_ends_the_partners_access_and_removes_the_file(mona: User, nia: User) -> None:
    escalation = make_escalation(state=State.ANSWERED)
    escalation.packages.all().delete()
    package = make_package(escalation)
    nia.refresh_from_db()
    assert Escalation.objects.for_user(nia).exists()
    actions.close_escalation(escalation, actor=mona, reason="x")
    package.refresh_from_db()
    assert package.state == Package.State.REMOVED
    assert not Escalation.objects.for_user(nia).exists()


def test_a_partners_person_closes_nothing(nia: User) -> None:
    escalation = make_escalation(state=State.ANSWERED)
    Escalation.objects.filter(pk=escalation.pk).update(expires_at=escalation.sent_at)
    before = verbs_of(escalation.case)
    with pytest.raises(actions.NotThere):
        actions.close_escalation(escalation, actor=nia, reason="x")
    assert verbs_of(escalation.case) == before
