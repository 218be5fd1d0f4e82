"""The table of moves: every state to every state, allowed and done or refused and nothing changed."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb
from casework.escalations import actions
from casework.escalations.models import Escalation, State
from tests.cast import person
from tests.escalations.making import make_escalation
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("db", "mona")

PAIRS = list(product(State.values, State.values))
#: States from which nothing leads on.
ENDS = {State.REFUSED, State.WITHDRAWN, State.CLOSED}


@pytest.mark.parametrize(("was", "to"), PAIRS, ids=[f"{was}-{to}" for was, to in PAIRS])
def test_a_move_is_done_or_refused_by_the_table(was: str, to: str) -> None:
    escalation = make_escalation(state=was)
    changes: dict[str, Any] = {}
    if to == State.APPROVED:  # which the database wants two people and a preview for
        changes = {"approved_by": person("lena"), "approved_at": Now(), "previewed_digest": "0" * 64}
    before = verbs_of(escalation.case)

    def go() -> None:
        actions.move(escalation, to, actor=None, verb=Verb.ESCALATION_CHANGED, changes=changes)

    if to in Escalation.MOVES[was]:
        go()
        assert Escalation.objects.get(pk=escalation.pk).state == to
        assert verbs_of(escalation.case) == [*before, "escalation.changed"]
        return
    with pytest.raises(actions.IllegalMove, match=str(State(was).label)):
        go()
    assert Escalation.objects.get(pk=escalation.pk).state == was
    assert verbs_of(escalation.case) == before


def test_every_state_is_in_the_table_and_every_end_is_one() -> None:
    assert set(Escalation.MOVES) == set(State.values)
    assert {state for state, ways in Escalation.MOVES.items() if not ways} == ENDS


def test_nothing_reaches_a_partner_but_through_an_approval() -> None:
    assert {was for was, ways in Escalation.MOVES.items() if State.SENT in ways} == {State.APPROVED}
    assert {was for was, ways in Escalation.MOVES.items() if State.APPROVED in ways} == {State.DRAFT}


def test_a_move_by_somebody_for_whom_it_does_not_exist_changes_nothing(stan: User) -> None:
    escalation = make_escalation(state=State.SENT)
    before = verbs_of(escalation.case)
    with pytest.raises(actions.NotThere):
        actions.move(escalation, State.WITHDRAWN, actor=stan, verb=Verb.ESCALATION_WITHDRAWN)
    assert verbs_of(escalation.case) == before
