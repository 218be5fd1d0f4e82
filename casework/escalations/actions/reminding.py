"""What time does to escalations: reminders, the end of a partner's access, reviews that nobody made."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from casework.audit.log import Verb
from casework.escalations.conflicts import NotReady
from casework.escalations.models import Escalation, State
from casework.partners.models import Partner

from . import sending
from .ending import note_expired
from .glass import note_overdue_review
from .moving import ACKNOWLEDGED_BY, change, lock, note
from .packages import remove_left_over

#: Hours after sending at which somebody who has not acknowledged hears of it again.
REMIND_AFTER = (24, 72)
UNACKNOWLEDGED = (State.SENT, State.DELIVERED)


def keep_time() -> None:
    """Do what is due by the database's clock, each in a transaction of its own."""
    for escalation in Escalation.objects.filter(state__in=Escalation.WITH_PARTNER, expires_at__lte=Now()):
        note_expired(escalation)
    for hours in sorted(REMIND_AFTER, reverse=True):  # after a pause of the workers the later one is enough
        for escalation in Escalation.objects.filter(**_late(hours)):
            remind(escalation, hours)
    for escalation in Escalation.objects.filter(
        review_due_at__lte=Now(), reviewed_at__isnull=True, overdue_noted_at__isnull=True
    ):
        note_overdue_review(escalation)
    remove_left_over()


@transaction.atomic
def remind(escalation: Escalation, hours: int) -> bool:
    """Say by the channel that it still waits, *hours* after it was sent, once; whether that was now."""
    lock(escalation, None)
    if not Escalation.objects.filter(pk=escalation.pk, **_late(hours)).exists():
        return False
    change(escalation, reminded_hours=hours)
    note(Verb.ESCALATION_REMINDED, escalation, actor=None, hours=hours, told=_told(escalation))
    return True


def _late(hours: int) -> dict[str, object]:
    return {
        "state__in": UNACKNOWLEDGED,
        "channel__in": ACKNOWLEDGED_BY,
        "reminded_hours__lt": hours,
        "sent_at__lte": Now() - timedelta(hours=hours),
        "expires_at__gt": Now(),
    }


def _told(escalation: Escalation) -> bool:
    """Whether a reminder could be put on its way; where it can't, the desk sees that nobody has acknowledged."""
    if escalation.partner.state == Partner.State.SUSPENDED:
        return False  # nothing is sent to it
    try:
        return sending.remind(escalation)
    except NotReady:
        return False
