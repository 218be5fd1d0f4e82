"""Figures for the transparency report, in which nobody can be counted out of one period.

A count from 1 to 4 is shown as "<5". Where a column's total would let somebody work such a count out, whole rows are
withheld beside it until every value from 1 to 4 stays possible, and where no row is left the total is withheld.
What is shown, downloaded as CSV and as JSON is one table. Periods that overlap are not compared: whoever publishes a
half-year beside its quarters lets them be subtracted, so the page says to publish one length only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median

from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User

from .models import LegalClock, LegalRequest, Type
from .wording import GROUNDS

#: Counts from 1 up to here are not told.
SMALL = 4
HIDDEN, WITHHELD = "<5", "withheld"
_PERIOD = re.compile(r"(?P<year>20\d\d)(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])))?")


@dataclass(frozen=True, slots=True)
class Period:
    """From *since* until just before *until*."""

    name: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Table:
    """A line is (type, country, *cells); the total is cells only. Cells are text, as shown everywhere."""

    period: Period
    columns: tuple[str, ...]
    lines: tuple[tuple[str, str, tuple[str, ...]], ...]
    total: tuple[str, ...]


def period_of(text: str) -> Period:
    """A year, half or quarter: "2026", "2026-H1", "2026-Q3". Anything else is this year."""
    found = _PERIOD.fullmatch(text.strip())
    if found is None:
        return period_of(str(timezone.now().year))
    year, quarter, half = (int(found[name] or 0) for name in ("year", "quarter", "half"))
    months = 3 if quarter else 6 if half else 12
    first = (quarter or half or 1) - 1
    since = datetime(year, first * months + 1, 1, tzinfo=UTC)
    end = (first + 1) * months
    return Period(found[0], since, datetime(year + end // 12, end % 12 + 1, 1, tzinfo=UTC))


COUNTS: dict[str, Callable[[LegalRequest], int]] = {
    "received": lambda request: 1,
    "identifiers": lambda request: len(request.targets),
    "accepted": lambda request: int(request.accepted_at is not None),
    "produced": lambda request: int(request.answered_at is not None),
    "refused": lambda request: int(bool(request.grounds)),
}
COLUMNS = (*COUNTS, *(f"refused_{code}" for code in GROUNDS), "median_hours")


def table(user: User, period: Period) -> Table:
    """The figures of one period, by the day of receipt; nothing for whoever may not read requests."""
    found = LegalRequest.objects.for_user(user).filter(
        received_at__gte=period.since, received_at__lt=period.until
    )
    groups: dict[tuple[str, str], list[LegalRequest]] = {}
    for request in found.prefetch_related("clocks").order_by("type", "country"):
        groups.setdefault((request.type, request.country), []).append(request)
    counts = [_counts(group) for group in groups.values()]
    shown, total = suppressed(counts)
    medians = [_median(group) for group in groups.values()]
    lines = tuple(
        (type_, country, (*cells, hours if WITHHELD not in cells else WITHHELD))
        for (type_, country), cells, hours in zip(groups, shown, medians, strict=True)
    )
    everything = [request for group in groups.values() for request in group]
    return Table(period, COLUMNS, lines, (*total, _median(everything)))


def _counts(group: list[LegalRequest]) -> tuple[int, ...]:
    plain = [sum(count(request) for request in group) for count in COUNTS.values()]
    grounds = [sum(code in request.grounds for request in group) for code in GROUNDS]
    return (*plain, *grounds)


def _median(group: Iterable[LegalRequest]) -> str:
    """Hours from receipt to answer, whole, of at least five answers."""
    times = [time for request in group for time in _times(request)]
    if len(times) <= SMALL:
        return "–" if not times else HIDDEN
    return str(round(median(time / timedelta(hours=1) for time in times)))


def _times(request: LegalRequest) -> list[timedelta]:
    return [
        clock.stopped_at - clock.started_at
        for clock in request.clocks.all()
        if clock.kind == LegalClock.Kind.ANSWER and clock.stopped_at is not None
    ]


def suppressed(rows: list[tuple[int, ...]]) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """The rows and their total as they may be shown."""
    if not rows:
        return [], tuple("0" for _name in COLUMNS[:-1])
    columns = list(zip(*rows, strict=True))
    out: set[int] = set()
    secret: set[int] = set()
    while True:
        more, hidden = _once(columns, out)
        secret = hidden
        if more is None:
            break
        out.add(more)
    shown = [
        tuple(WITHHELD if line in out else _cell(count) for count in row) for line, row in enumerate(rows)
    ]
    total = tuple(WITHHELD if at in secret else _cell(sum(column)) for at, column in enumerate(columns))
    return shown, total


def _once(columns: list[tuple[int, ...]], out: set[int]) -> tuple[int | None, set[int]]:
    """One more row to withhold (None when that is enough), and the columns whose total has to be withheld."""
    secret: set[int] = set()
    for at, column in enumerate(columns):
        if _safe(column, out):
            continue
        free = [line for line, count in enumerate(column) if line not in out and count > SMALL]
        if free:
            return min(free, key=lambda line: column[line]), set()
        secret.add(at)
    return None, secret


def _safe(column: tuple[int, ...], out: set[int]) -> bool:
    """Whether the shown rows and the total leave 1 to 4 possible for every small count of the column."""
    small = [count for line, count in enumerate(column) if line not in out and 0 < count <= SMALL]
    if sum(column) <= SMALL:
        return True  # the total is as small and as hidden
    if not small:
        return not out or _withheld_is_hidden(column, out)
    unknown = sum(small) + sum(column[line] for line in out)
    fewest, most = len(small) - 1, SMALL * (len(small) - 1)
    if unknown - SMALL < fewest:
        return False
    return bool(out) or unknown - 1 <= most


def _withheld_is_hidden(column: tuple[int, ...], out: set[int]) -> bool:
    """A single withheld row with a small count would be the difference between total and the rest."""
    hidden = [column[line] for line in out]
    return len(hidden) > 1 or hidden[0] == 0 or hidden[0] > SMALL


def _cell(count: int) -> str:
    return HIDDEN if 0 < count <= SMALL else str(count)


def heads() -> dict[str, str]:
    """Column -> words."""
    plain = {
        "received": _("Received"),
        "identifiers": _("Accounts and identifiers named"),
        "accepted": _("Accepted"),
        "produced": _("Answered"),
        "refused": _("Refused"),
        "median_hours": _("Median hours to the answer"),
    }
    grounds = {
        f"refused_{code}": _("Refused: %(why)s") % {"why": words} for code, (words, _text) in GROUNDS.items()
    }
    return plain | grounds


def type_words(code: str) -> str:
    """The type in words."""
    return str(Type(code).label)
