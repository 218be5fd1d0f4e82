"""Clocks start at receipt, stop when the law is satisfied, and are never paused by our own queues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.models import Case, Clock

#: Why a clock was stopped, where it can be wanted again.
DECIDED_KEEP, WITHDRAWN = "decided_keep", "withdrawn_by_reporter"


@transaction.atomic
def start_clock(case: Case, profile: str, *, started_at: datetime, actor: User | None) -> Clock:
    """Start the clock of *profile* for a case."""
    clock = Clock.objects.create(
        case=case,
        profile=profile,
        legal_basis=Clock.LEGAL_BASIS[profile],
        started_at=started_at,
        due_at=started_at + timedelta(hours=Clock.HOURS[profile]),
    )
    record(Verb.CLOCK_STARTED, actor=actor, subject=clock, case=case, profile=profile, due_at=clock.due_at)
    return clock


@transaction.atomic
def stop_clocks(case: Case, *, actor: User | None, why: str) -> None:
    """Stop the running clocks of a case; *why* is a code."""
    for clock in Clock.objects.select_for_update().filter(case=case, stopped_at__isnull=True):
        Clock.objects.filter(pk=clock.pk).update(stopped_at=Now(), stopped_why=why)
        record(Verb.CLOCK_STOPPED, actor=actor, subject=clock, case=case, profile=clock.profile, why=why)


@transaction.atomic
def restart_clocks(
    case: Case, *, actor: User | None, stopped_why: Sequence[str] | None = None, anew: bool = False
) -> None:
    """Let stopped clocks run again with their first deadline: an overturned "keep" owes what the notice owed.

    *stopped_why* names the codes of those that may (None for all). *anew* counts from now instead: something was
    notified that the first notice did not hold.
    """
    stopped = Clock.objects.select_for_update().filter(case=case, stopped_at__isnull=False)
    for clock in stopped if stopped_why is None else stopped.filter(stopped_why__in=stopped_why):
        clock.stopped_at, clock.stopped_why = None, ""
        if anew:
            clock.started_at, clock.breached_at = timezone.now(), None
            clock.due_at = clock.started_at + timedelta(hours=Clock.HOURS[clock.profile])
        clock.save()
        record(
            Verb.CLOCK_STARTED,
            actor=actor,
            subject=clock,
            case=case,
            profile=clock.profile,
            due_at=clock.due_at,
        )


@transaction.atomic
def note_breaches() -> int:
    """Write one entry for each clock that has run out unnoticed; returns how many."""
    late = Clock.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        stopped_at__isnull=True, breached_at__isnull=True, due_at__lte=Now()
    )
    count = 0
    for clock in late.select_related("case"):
        Clock.objects.filter(pk=clock.pk).update(breached_at=Now())
        record(
            Verb.CLOCK_BREACHED,
            actor=None,
            subject=clock,
            case=clock.case,
            profile=clock.profile,
            due_at=clock.due_at,
        )
        count += 1
    return count
