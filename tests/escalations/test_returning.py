"""A draft goes back to its author: by a second person with a reason, or by itself when it can't leave any more."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from casework.accounts.models import User
from casework.escalations import actions
from casework.escalations.actions.packages import NotMade, fail_package
from casework.escalations.models import Package, State
from casework.partners.actions import revoke_key, suspend_partner
from casework.reports.models import PassingOn
from tests.cast import person
from tests.escalations.making import (
    URGENT,
    begin_packing,
    break_glass,
    make_draft,
    make_escalation,
    make_offered,
)
from tests.journal import verbs_of
from tests.worlds import make_report

pytestmark = pytest.mark.usefixtures("db", "mona")


def test_lena_returns_a_draft_and_says_what_has_to_change(lena: User) -> None:
    draft = make_offered()
    actions.return_draft(draft, actor=lena, reason="Say when it was.")
    assert (draft.state, draft.returned_why, draft.offered_at) == (State.RETURNED, "Say when it was.", None)
    assert verbs_of(draft.case)[-1] == "escalation.returned"


def test_mona_does_not_return_her_own(sena: User) -> None:
    draft = make_offered(author=sena)
    before = verbs_of(draft.case)
    with pytest.raises(actions.SamePerson):
        actions.return_draft(draft, actor=sena, reason="x")
    assert verbs_of(draft.case) == before


@pytest.mark.parametrize("name", ["milo", "audra", "nia"])
def test_not_returned_by(name: str) -> None:
    draft = make_offered()
    before = verbs_of(draft.case)
    with pytest.raises(PermissionDenied):
        actions.return_draft(draft, actor=person(name), reason="x")
    assert verbs_of(draft.case) == before


def test_what_nobody_offered_is_not_returned(lena: User) -> None:
    draft = make_draft()
    before = verbs_of(draft.case)
    with pytest.raises(actions.IllegalMove):
        actions.return_draft(draft, actor=lena, reason="x")
    assert verbs_of(draft.case) == before


def test_what_could_not_be_packed_comes_back_with_words_and_without_any_approval() -> None:
    approved = make_escalation(state=State.APPROVED)
    fail_package(approved.packages.get(), "no_key", "Haven has no verified key in force. Nothing left.")
    approved.refresh_from_db()
    assert approved.state == State.RETURNED
    assert approved.returned_why == "Haven has no verified key in force. Nothing left."
    assert (approved.approved_by, approved.approved_digest, approved.previewed_digest) == (None, "", "")
    assert approved.sent_at is None
    assert verbs_of(approved.case)[-1] == "escalation.returned"


def test_nothing_is_packed_for_a_partner_that_was_suspended_after_the_approval() -> None:
    approved = make_escalation(state=State.APPROVED)
    suspend_partner(approved.partner, actor=person("ada"), reason="Their mailbox was taken over.")
    with pytest.raises(NotMade, match="suspended"), transaction.atomic():
        begin_packing(approved.packages.get())


def test_nothing_is_packed_once_a_key_was_revoked_after_the_approval(lena: User) -> None:
    approved = make_escalation(state=State.APPROVED)
    revoke_key(approved.partner.keys.get(), actor=lena, reason="They lost it.")
    with pytest.raises(NotMade, match="no verified key"), transaction.atomic():
        begin_packing(approved.packages.get())


def test_nothing_is_packed_once_the_reporter_said_no_after_the_approval() -> None:
    approved = make_escalation(state=State.APPROVED)
    PassingOn.objects.create(
        report=make_report(approved.case), kind=PassingOn.Kind.NGO, choice=PassingOn.Choice.REFUSE
    )
    with pytest.raises(NotMade, match="A reporter said no|changed since"), transaction.atomic():
        begin_packing(approved.packages.get())


def test_an_approval_that_still_holds_is_packed() -> None:
    package = make_escalation(state=State.APPROVED).packages.get()
    begin_packing(package)
    assert package.state == Package.State.MAKING


def test_what_broke_glass_and_could_not_leave_leaves_nothing_to_review(sena: User) -> None:
    draft = make_draft(author=sena, **URGENT)
    break_glass(draft)
    fail_package(draft.packages.get(), "no_key", "Nothing left.")
    draft.refresh_from_db()
    assert (draft.state, draft.break_glass, draft.review_due_at) == (State.RETURNED, "", None)
    assert "escalation.glass_broken" in verbs_of(draft.case)
