"""What time does to escalations: reminders, the end of a partner's access, reviews that nobody made."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from casework.audit.log import Verb
from casework.escalations.conflicts import NotReady
from casework.escalations.models import Escalation, State
from casework.jobs.rows import NotAllDone, each
from casework.partners.models import Partner

from . import sending
from .ending import note_expired
from .glass import note_overdue_review
from .moving import ACKNOWLEDGED_BY, change, lock, note
from .packages import left_over, remove_free

#: Hours after sending at which somebody who has not acknowledged hears of it again.
REMIND_AFTER = (24, 72)
UNACKNOWLEDGED = (State.SENT, State.DELIVERED)


def keep_time() -> None:
    """Do what is due by the database's clock, each in a transaction of its own.

    What fails stops nothing behind it. Raises ``NotAllDone`` at the end, which names each failure and which the ledger
    keeps and shows.
    """
    due = Escalation.objects.select_related("case", "partner")
    failed = each(due.filter(state__in=Escalation.WITH_PARTNER, expires_at__lte=Now()), note_expired)
    for hours in sorted(REMIND_AFTER, reverse=True):  # after a pause of the workers the later one is enough
        failed += each(due.filter(**_late(hours)), partial(remind, hours=hours))
    unreviewed = due.filter(review_due_at__lte=Now(), reviewed_at__isnull=True, overdue_noted_at__isnull=True)
    failed += each(unreviewed, note_overdue_review)
    failed += each(left_over(), remove_free)
    if failed:
        raise NotAllDone("; ".join(failed))


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
    if escalation.partner.state == Partner.State.SUSPENDED or escalation.partner.ran_out:
        return False  # nothing is sent to it, or nothing that it could open
    try:
        return sending.remind(escalation)
    except NotReady:
        return False
