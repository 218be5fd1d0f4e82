"""Non-disclosure holds notices back until its date; after that the person concerned is told."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.escalations.models import Basis, Escalation
from casework.legal.conflicts import NotAllowed
from casework.legal.models import LegalRequest

from .moving import changed, locked


@transaction.atomic
def prolong_silence(
    request: LegalRequest, *, actor: User, until: datetime, reference: str
) -> LegalRequest:  # fmt: skip
    """Hold notices back for longer, on an order that is named; what was handed over is silent as long.

    Raises NotAllowed without an order or for a date that is no later.
    """
    row = locked(request)
    if not reference.strip():
        raise NotAllowed(_("Silence is prolonged on an order. Name it. Nothing was changed."))
    was = row.nondisclosure_until
    if until <= max(timezone.now(), was or until.min.replace(tzinfo=until.tzinfo)):
        raise NotAllowed(_("This date is not later than the one that holds. Nothing was changed."))
    notice = row.notice_due_at
    changed(
        row, nondisclosure_until=until, nondisclosure_reference=reference,
        notice_due_at=max(notice, until) if notice else None,
    )  # fmt: skip
    Escalation.objects.filter(pk__in=_productions(row)).filter(
        Q(nondisclosure_until__isnull=True) | Q(nondisclosure_until__lt=until)
    ).update(nondisclosure_until=until)
    record(
        Verb.LEGAL_SILENCE_PROLONGED, actor=actor, subject=row, 
        was=was.isoformat() if was else None, until=until, personal={"reference": reference},
    )  # fmt: skip
    return row


def _productions(row: LegalRequest) -> list[int]:
    """What was drafted for it or rests on it, also what was taken back or declined and has another in its place."""
    named = Q(
        basis=Basis.LEGAL_REQUEST, authority__startswith=f"{row.number} ", case__legal_matters__request=row
    )
    found = Escalation.objects.filter(Q(produced_for__request=row) | Q(legal_request=row.public_id) | named)
    return list(found.values_list("pk", flat=True))


@transaction.atomic
def note_notified(request: LegalRequest, *, actor: User, how: str) -> LegalRequest:
    """The person concerned was told. Raises NotAllowed before its date and when it was noted before."""
    row = locked(request)
    if row.silent or (row.notice_due_at is not None and row.notice_due_at > timezone.now()):
        raise NotAllowed(_("Nobody may be told yet. Nothing was noted."))
    if row.notice_due_at is None or row.notified_at is not None:
        raise NotAllowed(_("No notice is due for this request, or it was noted before."))
    changed(row, notified_at=Now())
    record(Verb.LEGAL_PERSON_NOTIFIED, actor=actor, subject=row, personal={"how": how})
    return row
