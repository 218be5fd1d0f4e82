"""Every try to read from or hand something to an exchange is a row: begun before the first byte leaves, ended with what
came of it. The rows are the record of a delivery, not of a decision, so they make no entries of the log themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.hashbanks.exchanges.models import Exchange, ExchangeAttempt
from casework.jobs.actions import Start, confirm_start
from casework.outbox.errors import BadStatus, OutboundError

What = ExchangeAttempt.What
#: Rows about reading are deleted after so long; what was handed over stays on record as long as the bank's exchange.
KEEP_READING = timedelta(days=30)
_AT_ONCE = 1000


@transaction.atomic
def begin_attempt(
    exchange: Exchange, what: str, *, start: Start, about: Sequence[str] = ()
) -> ExchangeAttempt:
    """Note that something is about to leave; *about* are public ids of entries. Raises LostLease.

    An earlier try of the same that has no end was cut off with its worker: it is given one.
    """
    confirm_start(start)
    said = _(
        "The worker ended during this call. Whether it was carried out there is not known; it is done again."
    )
    open_ones = ExchangeAttempt.objects.filter(exchange=exchange, ended_at__isnull=True)
    both = (What.READING,) if what == What.READING else (What.HASHES, What.RETRACTIONS, What.FEEDBACK)
    open_ones.filter(what__in=both).update(ended_at=Now(), code="interrupted", sentence=said)
    return ExchangeAttempt.objects.create(
        exchange=exchange, what=what, receiver=_receiver(exchange), about=list(about)
    )


def end_attempt(attempt: ExchangeAttempt, *, records: int = 0) -> None:
    """It did what it was asked."""
    _open(attempt).update(ended_at=Now(), records=records)


def fail_attempt(attempt: ExchangeAttempt, error: OutboundError, *, records: int = 0) -> None:
    """It did not, or not to its end: *error* says why, *records* had come in."""
    _open(attempt).update(
        ended_at=Now(), records=records, code=error.code[:40], sentence=error.sentence[:500],
        status=error.status if isinstance(error, BadStatus) else None,
    )  # fmt: skip


def reap_attempts() -> int:
    """Delete rows about reading that are kept no longer, the oldest thousand; how many."""
    old = ExchangeAttempt.objects.filter(what=What.READING, began_at__lt=Now() - KEEP_READING)
    found = list(old.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE])
    return ExchangeAttempt.objects.filter(pk__in=found).delete()[0] if found else 0


def _open(attempt: ExchangeAttempt) -> QuerySet[ExchangeAttempt]:
    return ExchangeAttempt.objects.filter(pk=attempt.pk, ended_at__isnull=True)


def _receiver(exchange: Exchange) -> str:
    where = urlsplit(exchange.address).hostname or exchange.address
    return f"{exchange.get_kind_display()} ({where})"[:300]
