"""Every act in every state: it moves as ``MOVES`` says, or nothing happens at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from casework.legal import actions
from casework.legal.models import LegalRequest, State, Type
from tests.cast import person
from tests.journal import all_verbs
from tests.legal.making import checked

pytestmark = pytest.mark.django_db

ACTS: dict[str, Callable[[LegalRequest], object]] = {
    "accept": lambda request: actions.accept(request, actor=person("lena")),
    "refuse": lambda request: actions.refuse(request, actor=person("lena"), grounds=["formal"]),
    "withdraw": lambda request: actions.withdraw(request, actor=person("lena"), reason="They wrote so."),
    "reopen": lambda request: actions.reopen(request, actor=person("lena"), reason="Once more."),
    "answer": lambda request: actions.answer_in_words(request, actor=person("lena"), words="Done."),
    "close": lambda request: actions.close_request(request, actor=person("lex")),
}
#: What each act leads to, from where it may be done.
LEADS = {
    "accept": {"checking": "accepted"},
    "refuse": {"received": "refused", "checking": "refused", "accepted": "refused"},
    "withdraw": dict.fromkeys(("received", "checking", "accepted", "preserved"), "withdrawn"),
    "reopen": {"refused": "checking"},
    "answer": {"accepted": "produced"},
    "close": dict.fromkeys(("produced", "preserved", "refused", "withdrawn"), "closed"),
}


@pytest.mark.parametrize("act", list(ACTS))
@pytest.mark.parametrize("state", [str(value) for value in State.values])
def test_an_act_moves_as_the_table_says_or_does_nothing(act: str, state: str):
    request = checked(Type.DSAR)
    request.clocks.update(stopped_at=request.received_at)
    LegalRequest.objects.filter(pk=request.pk).update(state=state, accepted_by=person("lena"))
    request.refresh_from_db()
    before, expected = all_verbs(), LEADS[act].get(state)
    if expected is None:
        with pytest.raises(actions.Conflict):
            ACTS[act](request)
        assert all_verbs() == before
    else:
        ACTS[act](request)
        assert expected in LegalRequest.MOVES[state]
        assert len(all_verbs()) > len(before)
    request.refresh_from_db()
    assert request.state == (expected or state)


def test_every_move_of_the_table_is_made_by_some_act():
    """Being checked, preserved and produced by a package are moved to by what happens, not by these acts."""
    made = {(state, to) for leads in LEADS.values() for state, to in leads.items()}
    table = {(str(state), str(to)) for state, moves in LegalRequest.MOVES.items() for to in moves}
    assert made <= table
    assert table - made == {("received", "checking"), ("accepted", "preserved")}
