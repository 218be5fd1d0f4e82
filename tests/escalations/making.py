"""Escalations of the tests, made by the actions of named people: mona drafts, lena approves, nia receives."""

from __future__ import annotations

from typing import Any

import pytest

from casework.accounts.models import User
from casework.cases.models import Case
from casework.escalations import actions, choosing
from casework.escalations.actions.moving import note_sent
from casework.escalations.actions.packages import begin_package
from casework.escalations.models import Basis, Consent, Escalation, Package, State, Urgency
from casework.jobs.actions import Start
from casework.partners.models import Partner
from tests.cast import make_case, person
from tests.partners import directory

#: What a draft says unless told otherwise; the basis needs the consent of the person depicted.
DRAFT: dict[str, Any] = {
    "basis": Basis.VICTIM_REQUEST,
    "consent": Consent.GIVEN,
    "consent_how": "They wrote so on their status page on Monday.",
    "facts": "A picture was published at the place named, and a threat was made to publish more.",
}
#: The same where a life is in danger.
URGENT: dict[str, Any] = DRAFT | {"basis": Basis.DSA_ART18, "urgency": Urgency.LIFE_THREAT}
GLASS_WORDS = "They announced for tonight that they will take their life."


def make_partner(name: str = "Haven", **fields: Any) -> Partner:
    """A partner in force that can be sent something: a verified key, and (for the first) nia as its contact."""
    partner = directory.make_partner(name, **({"mail": "post@haven.example"} | fields))
    directory.make_key(partner)
    nia = person("nia")
    if nia.organisation_id is None:
        directory.make_contact(partner, nia)
    return partner


def make_draft(
    case: Case | None = None, *, partner: Partner | None = None, author: User | None = None, **fields: Any
) -> Escalation:
    """A draft of mona's about *case* for a partner called Haven; *fields* as in ``draft_escalation``."""
    return actions.draft_escalation(
        case or make_case(), actor=author or person("mona"), partner=partner or _haven(), **(DRAFT | fields)
    )


def make_offered(case: Case | None = None, **kwargs: Any) -> Escalation:
    """A draft that its author has looked at and offered."""
    return offered(make_draft(case, **kwargs))


def make_escalation(
    case: Case | None = None, *, state: str = State.DRAFT, approver: User | None = None, **kwargs: Any
) -> Escalation:
    """One that came to *state* by the actions; what is sent was never packed: no worker runs here."""
    escalation = make_draft(case, **kwargs)
    if state == State.DRAFT:
        return escalation
    lena = approver or person("lena")
    if state == State.WITHDRAWN:
        actions.withdraw(escalation, actor=escalation.drafted_by, reason="Not needed any more.")
        return escalation
    offered(escalation)
    if state == State.RETURNED:
        actions.return_draft(escalation, actor=lena, reason="Say when it was.")
        return escalation
    actions.approve(escalation, actor=lena, digest=seen(escalation, lena))
    if state != State.APPROVED:
        _go_on(escalation, state)
    return escalation


def offered(escalation: Escalation) -> Escalation:
    """*escalation* after its author has looked at it and offered it."""
    author = escalation.drafted_by
    actions.note_preview(escalation, actor=author, digest=seen(escalation, author))
    actions.offer(escalation, actor=author)
    return escalation


def seen(escalation: Escalation, viewer: User) -> str:
    """The digest of the preview as *viewer* sees it now."""
    return choosing.preview(escalation, viewer=viewer).digest


def break_glass(escalation: Escalation, *, author: User | None = None, **fields: Any) -> None:
    """Its author lets *escalation* go without a second person, having seen what leaves."""
    actor = author or escalation.drafted_by
    told = {"why": "suicide", "words": GLASS_WORDS, "digest": seen(escalation, actor)} | fields
    actions.break_glass(escalation, actor=actor, **told)


def begin_packing(package: Package) -> None:
    """What a worker does first for *package*, without a lease. Raises ``NotMade``."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("casework.escalations.actions.packages.confirm_start", lambda start: None)
        begin_package(package, start=Start.__new__(Start))


def _haven() -> Partner:
    return Partner.objects.filter(organisation__name="Haven").first() or make_partner()


def _go_on(escalation: Escalation, state: str) -> None:
    """From "approved" to *state*."""
    note_sent(escalation, actor=None)
    if state == State.SENT:
        return
    if state == State.EXPIRED:
        Escalation.objects.filter(pk=escalation.pk).update(expires_at=escalation.sent_at)
        actions.note_expired(escalation)
        return
    actions.note_delivered(escalation, how="portal")
    if state == State.DELIVERED:
        return
    if state == State.REFUSED:
        actions.decline(escalation, actor=None, name="Nia", text="We do not work there.")
        return
    actions.acknowledge(escalation, actor=None, name="Nia", reference="H-17")
    if state == State.ACKNOWLEDGED:
        return
    actions.answer(
        escalation, actor=None, name="Nia", outcome="taken_on", reference="H-17", text="We have them."
    )
    if state == State.CLOSED:
        actions.close_escalation(escalation, actor=escalation.drafted_by, reason="They are looked after.")
