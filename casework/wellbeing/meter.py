"""How much somebody has looked at today, and when a break is due (limits: docs/evidence.md, Exposure)."""

from __future__ import annotations

import math
import zoneinfo
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.ui.durations import duration_words

from .models import Break, Look

#: A break is due after so many looks, or so long after the first look since the last break.
LOOKS_BEFORE_BREAK = 25
TIME_BEFORE_BREAK = timedelta(minutes=50)
#: Not looking for this long is a break, whether somebody called it one or not.
REST = timedelta(minutes=15)
#: Seconds a day after which we ask somebody to stop, and after which nobody should go on.
SOFT_STOP, HARD_STOP = 4 * 3600, 5 * 3600


@dataclass(frozen=True, slots=True)
class Meter:
    """One person's day, in their own time zone. ``since_break`` counts looks and time since the last break."""

    seconds_today: float
    looks_today: int
    looks_since_break: int
    time_since_break: timedelta
    estimated: bool

    @property
    def break_due(self) -> bool:
        return self.looks_since_break >= LOOKS_BEFORE_BREAK or self.time_since_break >= TIME_BEFORE_BREAK

    @property
    def words(self) -> str:
        return duration_words(math.ceil(self.seconds_today))

    @property
    def advice(self) -> str:
        """What we say to the person now; empty when there is nothing to say. It never blocks anything."""
        if self.seconds_today >= HARD_STOP:
            return _("You have looked for five hours today. Please stop for today; others take over.")
        if self.seconds_today >= SOFT_STOP:
            return _(
                "You have looked for four hours today. Decide by text and signals from here on, or stop."
            )
        if self.break_due:
            return _("You have looked at %(looks)d items since your last break. Take five minutes.") % {
                "looks": self.looks_since_break
            }
        return ""


def for_person(person: User, *, now: datetime | None = None) -> Meter:
    """The meter of *person* at *now*."""
    now = now or timezone.now()
    zone = zoneinfo.ZoneInfo(person.timezone)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    looks = list(
        Look.objects.filter(person=person, opened_at__gte=midnight, opened_at__lte=now).order_by("opened_at")
    )
    last = Break.objects.filter(person=person, at__lte=now).order_by("-at").first()
    since = _since_rest(looks, last.at if last else midnight, now)
    return Meter(
        seconds_today=sum(look.seconds for look in looks),
        looks_today=len(looks),
        looks_since_break=len(since),
        time_since_break=now - since[0].opened_at if since else timedelta(0),
        estimated=any(look.estimated for look in looks),
    )


def _since_rest(looks: list[Look], broke_at: datetime, now: datetime) -> list[Look]:
    """The looks since the last break that was taken, or that happened by itself."""
    since: list[Look] = []
    for look in looks:
        if look.opened_at <= broke_at:
            continue
        if since and look.opened_at - since[-1].opened_at >= REST:
            since = []
        since.append(look)
    return since if since and now - since[-1].opened_at < REST else []


def frame_part(request: HttpRequest) -> dict[str, Any] | None:
    """What the top bar shows of the person's own meter; None for people who never look."""
    if not (request.user.is_authenticated and request.user.may(Perm.REVEAL_EVIDENCE)):
        return None
    meter = for_person(request.user)
    return {
        "words": meter.words,
        "value": round(min(meter.seconds_today, SOFT_STOP)),
        "max": SOFT_STOP,
        "url": reverse("meter"),
        "tone": "caution" if meter.advice else "",
    }
