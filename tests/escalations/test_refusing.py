"""A second person says that a draft is not to leave at all."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied

from casework.accounts.models import User
from casework.escalations import actions
from casework.escalations.models import State
from tests.cast import person
from tests.escalations.making import make_escalation, make_offered
from tests.journal import verbs_of

pytestmark = pytest.mark.usefixtures("db", "mona")


def test_lex_refuses_a_draft_for_good(lex: User, lena: User) -> None:
    draft = make_offered()
    actions.refuse(draft, actor=lex, reason="Nobody there is competent.")
    assert (draft.state, draft.ended_why) == (State.REFUSED, "Nobody there is competent.")
    assert draft.ended_at is not None
    assert verbs_of(draft.case)[-1] == "escalation.refused"
    with pytest.raises(actions.IllegalMove):
        actions.approve(draft, actor=lena, digest=draft.previewed_digest)
    assert verbs_of(draft.case)[-1] == "escalation.refused"


def test_an_author_does_not_refuse_their_own(sena: User) -> None:
    draft = make_offered(author=sena)
    before = verbs_of(draft.case)
    with pytest.raises(actions.SamePerson):
        actions.refuse(draft, actor=sena, reason="x")
    assert verbs_of(draft.case) == before


@pytest.mark.parametrize("name", ["milo", "audra", "nia"])
def test_not_refused_by(name: str) -> None:
    draft = make_offered()
    before = verbs_of(draft.case)
    with pytest.raises(PermissionDenied):
        actions.refuse(draft, actor=person(name), reason="x")
    assert verbs_of(draft.case) == before


def test_what_was_approved_is_not_refused_any_more(lex: User) -> None:
    approved = make_escalation(state=State.APPROVED)
    before = verbs_of(approved.case)
    with pytest.raises(actions.IllegalMove):
        actions.refuse(approved, actor=lex, reason="x")
    assert verbs_of(approved.case) == before
