"""What the frame around every page shows of cases: how many wait, and the next deadline of one's own."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import ngettext

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from . import reading
from .priority import with_clock


def _desk_worker(request: HttpRequest) -> User | None:
    user = request.user
    return user if isinstance(user, User) and user.may(Perm.CLAIM_CASE) else None


def due(request: HttpRequest) -> dict[str, Any] | None:
    """How many waiting cases are late, or due within the hour; None when nothing presses."""
    user = _desk_worker(request)
    if user is None:
        return None
    # On every page: only the clocks that press are looked at, by their index, not all that run.
    queued: Any = with_clock(reading.in_queue(user))  # its columns are unknown to the type checker
    found = queued.filter(due_at__lte=Now() + reading.ONE_HOUR).aggregate(
        late=Count("pk", filter=Q(clock_used__gte=1)), soon=Count("pk", filter=Q(clock_used__lt=1))
    )
    url = reverse("queue") + "?show=due"
    if found["late"]:
        words = ngettext("%(n)d past its deadline", "%(n)d past their deadline", found["late"])
        return {"words": words % {"n": found["late"]}, "state": "breached", "url": url}
    if found["soon"]:
        words = ngettext("%(n)d due in 1 h", "%(n)d due in 1 h", found["soon"])
        return {"words": words % {"n": found["soon"]}, "state": "soon", "url": url}
    return None


def counts(request: HttpRequest) -> dict[str, int]:
    """The numbers beside the rail's entries, for those who work there."""
    user = _desk_worker(request)
    if user is None:
        return {}
    numbers = {"queue": reading.in_queue(user).count(), "mine": reading.mine(user).count()}
    if user.may(Perm.APPROVE_DECISION):
        numbers["approvals"] = reading.approvals(user).count()
    return numbers
