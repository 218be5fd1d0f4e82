"""A partner does not take something on: that ends it, and their access to it."""

from __future__ import annotations

import pytest

from casework.accounts.models import User
from casework.escalations import actions
from casework.escalations.models import Escalation, Package, State
from tests.escalations.handing import make_package
from tests.escalations.making import make_escalation
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("db", "mona")


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED, State.ACKNOWLEDGED])
def test_nia_declines_what_is(state: str, nia: User) -> None:
    escalation = make_escalation(state=state)
    escalation.packages.all().delete()
    package = make_package(escalation)
    nia.refresh_from_db()
    actions.decline(escalation, actor=nia, text="We do not work in that country.")
    package.refresh_from_db()
    assert (escalation.state, escalation.ended_why) == (State.REFUSED, "We do not work in that country.")
    assert escalation.lines.get().text == "We do not work in that country."
    assert package.state == Package.State.REMOVED
    assert not Escalation.objects.for_user(nia).exists()
    assert "escalation.declined" in verbs_of(escalation.case)


@pytest.mark.parametrize("state", [State.APPROVED, State.ANSWERED, State.CLOSED, State.WITHDRAWN])
def test_there_is_nothing_to_decline_in_what_is_not_out_or_was_answered(state: str) -> None:
    escalation = make_escalation(state=state)
    before, lines = verbs_of(escalation.case), escalation.lines.count()
    with pytest.raises(actions.IllegalMove):
        actions.decline(escalation, actor=None, name="Nia", text="No.")
    assert escalation.lines.count() == lines
    assert verbs_of(escalation.case) == before
