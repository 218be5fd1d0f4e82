"""Reads that more than one page needs: the queue and its filters, who holds a case, what holds on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User

from .models import Case, CaseQuerySet, Decision
from .priority import DUE_SOON, most_urgent_first, with_clock, with_priority

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


ONE_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Filter:
    """One chip above the queue; *condition* may use the columns of ``with_clock``."""

    name: str
    label: StrOrPromise
    condition: Q


FILTERS = (
    Filter("all", _("All"), Q()),
    Filter("due", _("Due soon"), Q(clock_used__gte=DUE_SOON)),
    Filter("danger", _("In danger"), Q(danger_indicated=True)),
    Filter("minor", _("Suspected minor"), Q(minor_indicated=True)),
    Filter("flagger", _("Trusted flaggers"), Q(trusted_flagger=True)),
    Filter("unscored", _("Needs a human"), Q(explicit_score__isnull=True)),
    Filter("free", _("Free"), Q(claimed_by__isnull=True) | Q(lease_until__lte=Now())),
)


def in_queue(user: User) -> CaseQuerySet:
    """The cases that wait for somebody, for this person: held ones come back at their date, skipped ones later."""
    waiting = Q(status=Case.Status.WAITING) | Q(status=Case.Status.HELD, wake_at__lte=Now())
    return Case.objects.for_user(user).filter(waiting).exclude(skips__person=user, skips__until__gt=Now())


def queue(user: User, chosen: str) -> CaseQuerySet:
    """The queue under one filter, most urgent first."""
    condition = next((entry.condition for entry in FILTERS if entry.name == chosen), Q())
    return most_urgent_first(in_queue(user)).filter(condition).select_related("claimed_by")


def counts(user: User) -> dict[str, Any]:
    """How many cases each filter holds, how many are late, and since when the oldest waits: one query."""
    tallies = {entry.name: Count("pk", filter=entry.condition or Q(pk__isnull=False)) for entry in FILTERS}
    return with_clock(in_queue(user)).aggregate(
        **tallies, late=Count("pk", filter=Q(clock_used__gte=1)), oldest=Min("created_at")
    )


def mine(user: User) -> CaseQuerySet:
    """The cases that this person has claimed and still holds."""
    claimed = Case.objects.for_user(user).filter(claimed_by=user, lease_until__gt=Now())
    return most_urgent_first(claimed).select_related("claimed_by")


def held(user: User) -> CaseQuerySet:
    """The cases put aside until a date that has not come."""
    waiting = Case.objects.for_user(user).filter(status=Case.Status.HELD, wake_at__gt=Now())
    return with_priority(waiting).order_by("wake_at").select_related("claimed_by")


def approvals(user: User) -> CaseQuerySet:
    """The cases whose decision waits for a second person, this one's own left out."""
    proposed = Decision.objects.filter(case=OuterRef("pk"), needs_second=True, review__isnull=True)
    waiting = Case.objects.for_user(user).filter(status=Case.Status.APPROVAL)
    return most_urgent_first(waiting.filter(Exists(proposed.exclude(decided_by=user))))


def effects_open(user: User) -> CaseQuerySet:
    """The decided cases in which something still has to be confirmed."""
    return most_urgent_first(Case.objects.for_user(user).filter(status=Case.Status.DECIDED)).select_related(
        "claimed_by"
    )


def holder_of(case: Case) -> User | None:
    """Who holds the lease now, if anybody does."""
    if case.claimed_by is None or case.lease_until is None or case.lease_until <= timezone.now():
        return None
    return case.claimed_by
