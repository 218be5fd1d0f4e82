"""Time in the fewest words that still tell the truth, and the state of a legal clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

MINUTE, HOUR, DAY = 60, 3600, 86400
#: A clock turns amber below this share of its whole time.
AMBER_SHARE = 0.25


def duration_words(length: timedelta | float) -> str:
    """*length* (seconds or a timedelta) as "40 s", "9 min", "3 h 10 min" or "2 d 4 h"; no sign."""
    seconds = abs(int(length.total_seconds() if isinstance(length, timedelta) else length))
    if seconds < MINUTE:
        return _("%(s)d s") % {"s": seconds}
    if seconds < HOUR:
        return _("%(m)d min") % {"m": seconds // MINUTE}
    if seconds < 10 * HOUR and seconds % HOUR >= MINUTE:
        return _("%(h)d h %(m)d min") % {"h": seconds // HOUR, "m": seconds % HOUR // MINUTE}
    if seconds < 2 * DAY:
        return _("%(h)d h") % {"h": seconds // HOUR}
    if seconds % DAY >= HOUR:
        return _("%(d)d d %(h)d h") % {"d": seconds // DAY, "h": seconds % DAY // HOUR}
    return _("%(d)d d") % {"d": seconds // DAY}


def exact_time(moment: datetime) -> str:
    """*moment* in the person's own zone, to the minute: "Mon 23 Nov 2026, 14:05 CET"."""
    return date_format(timezone.localtime(moment), "D j M Y, H:i T")


def to_the_second(moment: datetime) -> str:
    """*moment* in the person's own zone, as the log tells it: "Mon 23 Nov 2026, 14:05:09 CET"."""
    return date_format(timezone.localtime(moment), "D j M Y, H:i:s T")


def utc_time(moment: datetime) -> str:
    """*moment* in UTC wherever the writer sits, for paper that says so itself: "23 Nov 2026, 13:05"."""
    return date_format(moment.astimezone(UTC), "j M Y, H:i")


def ago_words(moment: datetime, now: datetime) -> str:
    """How far *moment* is from *now*: "just now", "3 h ago", "in 20 min"; beyond a week "12 Nov"."""
    seconds = (now - moment).total_seconds()
    if abs(seconds) < MINUTE:
        return _("just now")
    if abs(seconds) < 7 * DAY:
        unit, size = (("min", MINUTE), ("h", HOUR), ("d", DAY))[
            (abs(seconds) >= HOUR) + (abs(seconds) >= DAY)
        ]
        words = {"min": _("%(n)d min ago"), "h": _("%(n)d h ago"), "d": _("%(n)d d ago")}
        ahead = {"min": _("in %(n)d min"), "h": _("in %(n)d h"), "d": _("in %(n)d d")}
        return (words if seconds > 0 else ahead)[unit] % {"n": abs(seconds) // size}
    local = timezone.localtime(moment)
    return date_format(local, "j M" if local.year == timezone.localtime(now).year else "j M Y")


@dataclass(frozen=True)
class ClockFace:
    """What a clock shows.

    ``state`` is none, running, soon, breached, met or late; ``share`` is what is left, 0 to 100.
    """

    state: str
    share: int
    words: str
    due_at: datetime | None = None


def clock_face(
    *,
    due_at: datetime | None,
    started_at: datetime | None = None,
    stopped_at: datetime | None = None,
    now: datetime | None = None,
) -> ClockFace:
    """The face of a clock: a running one says what is left, a stopped one how it ended."""
    if due_at is None:
        return ClockFace("none", 0, _("no clock"))
    if stopped_at is not None:
        if stopped_at <= due_at:
            return ClockFace(
                "met",
                100,
                _("met, %(left)s to spare") % {"left": duration_words(due_at - stopped_at)},
                due_at,
            )
        return ClockFace(
            "late", 0, _("stopped %(late)s late") % {"late": duration_words(stopped_at - due_at)}, due_at
        )
    left = due_at - (now or timezone.now())
    if left < timedelta(0):
        return ClockFace("breached", 0, _("%(late)s late") % {"late": duration_words(left)}, due_at)
    whole = (due_at - (started_at or due_at)).total_seconds()
    share = min(1.0, left.total_seconds() / whole) if whole > 0 else 1.0
    state = "soon" if share < AMBER_SHARE else "running"
    return ClockFace(state, round(share * 100), _("%(left)s left") % {"left": duration_words(left)}, due_at)
