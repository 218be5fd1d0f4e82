"""A legal request on record, as lex entered it and lena accepted it, and drafts that rest on it."""

from __future__ import annotations

import uuid

from django.utils import timezone

from casework.cases.models import Case
from casework.escalations import choosing
from casework.escalations.models import Basis, Escalation
from casework.legal.models import LegalRequest, LegalRequestCase
from casework.partners.models import Partner
from tests.cast import person


def on_record(case: Case, partner: Partner, *, state: str = "accepted") -> uuid.UUID:
    """The public id of a request of *partner* about *case* that two people checked."""
    made = LegalRequest.objects.create(
        type="court_order_civil", state=state, authority="The court of Exampleton", authority_reference="7/26",
        country="DE", partner=partner, received_at=timezone.now(), entered_by=person("lex"),
        accepted_by=person("lena"), accepted_at=timezone.now(),
    )  # fmt: skip
    LegalRequestCase.objects.create(request=made, case=case)
    return made.public_id


def resting(draft: Escalation, *, least: bool = True) -> Escalation:
    """*draft* as if somebody who reads legal requests had based it on one; with the minimum of that basis."""
    draft.basis, draft.legal_request = Basis.LEGAL_REQUEST, on_record(draft.case, draft.partner)
    if least:
        draft.fields = choosing.minimum(draft)
    draft.save(update_fields=["basis", "legal_request", "fields"])
    return draft
