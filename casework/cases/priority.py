"""Which case is next, and why: one SQL expression, computed at ``now()`` and never stored.

Each factor is a column of points; their sum is the order, and the same columns, in words, are the "because".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Case as SqlCase
from django.db.models import (
    DurationField,
    ExpressionWrapper,
    F,
    FilteredRelation,
    FloatField,
    Q,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Extract, Least, Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from .models import Case, CaseQuerySet, Clock

if TYPE_CHECKING:
    from collections.abc import Callable

DUE_SOON = 0.75
#: Points below which a factor explains nothing, so that a fresh clock is not named as a reason.
TELLING = 5.0


def _points(condition: Q, points: float) -> SqlCase:
    return SqlCase(When(condition, then=Value(points)), default=Value(0.0), output_field=FloatField())


def _seconds(expression: Any) -> Extract:
    return Extract(ExpressionWrapper(expression, output_field=DurationField()), "epoch")


#: NaN is a number to PostgreSQL; here it means what NULL means: nobody knows, so somebody must look.
_UNKNOWN_SCORE = Q(explicit_score__isnull=True) | Q(explicit_score=Value(float("nan")))


@dataclass(frozen=True)
class Factor:
    """One reason to come earlier: its points in SQL and its words for a case that has them."""

    name: str
    points: Any
    words: Callable[[Case], str]


def _clock_words(case: Any) -> str:
    if case.clock_used is not None and case.clock_used >= 1:
        return _("the 48-hour clock has run out")
    return _("clock 48 h at %(percent)d %%") % {"percent": int((case.clock_used or 0) * 100)}


def _explicit_words(case: Case) -> str:
    if case.item_count == 0:
        return _("not scored: no file")
    if case.explicit_score is None or case.explicit_score != case.explicit_score:
        return _("not scored yet") if case.items_unexamined else _("not scored: a person must look")
    return _("explicit score %(score).2f") % {"score": case.explicit_score}


FACTORS = (
    Factor("danger", _points(Q(danger_indicated=True), 800.0), lambda case: _("the reporter is in danger")),
    Factor("minor", _points(Q(minor_indicated=True), 700.0), lambda case: _("may show somebody under 18")),
    Factor(
        "clock",
        # Grows with the square of the time used: little at first, 500 at the deadline, and 900 once it is missed.
        SqlCase(
            When(clock_used__gte=1.0, then=Value(900.0)),
            When(clock_used__isnull=False, then=Value(500.0) * F("clock_used") * F("clock_used")),
            default=Value(0.0),
            output_field=FloatField(),
        ),
        _clock_words,
    ),
    Factor("flagger", _points(Q(trusted_flagger=True), 150.0), lambda case: _("sent by a trusted flagger")),
    Factor(
        "known",
        Least(Cast(F("known_matches"), FloatField()), Value(3.0)) * Value(60.0),
        lambda case: (
            ngettext("%(n)d known match", "%(n)d known matches", case.known_matches)
            % {"n": case.known_matches}
        ),
    ),
    Factor(
        "depicted",
        _points(Q(from_depicted_person=True), 80.0),
        lambda case: _("reported by the person depicted"),
    ),
    Factor(
        "explicit",
        SqlCase(
            When(Q(item_count__gt=0) & _UNKNOWN_SCORE, then=Value(70.0)),
            When(item_count=0, then=Value(60.0)),
            default=F("explicit_score") * Value(100.0),
            output_field=FloatField(),
        ),
        _explicit_words,
    ),
    Factor("synthetic", _points(Q(synthetic_found=True), 40.0), lambda case: _("AI-made, likely")),
    Factor(
        "spread",
        Least(Cast(F("locator_count"), FloatField()), Value(20.0)) * Value(4.0),
        lambda case: ngettext("%(n)d place", "%(n)d places", case.locator_count) % {"n": case.locator_count},
    ),
)


def with_clock(cases: CaseQuerySet) -> CaseQuerySet:
    """*cases* with ``clock_started``, ``due_at`` and ``clock_used`` (share of the time, 1 = due); NULL without a clock.

    A join, not a subquery: every expression over these columns repeats them, and a subquery would be run each time. A
    case has one clock of a profile, so the join never doubles a row.
    """
    running = Q(clocks__profile=Clock.Profile.US_TIDA, clocks__stopped_at__isnull=True)
    used = _seconds(Now() - F("clock_started")) / _seconds(F("due_at") - F("clock_started"))
    found: CaseQuerySet = (
        cases.annotate(running_clock=FilteredRelation("clocks", condition=running))
        .annotate(clock_started=F("running_clock__started_at"), due_at=F("running_clock__due_at"))
        .annotate(clock_used=ExpressionWrapper(Cast(used, FloatField()), output_field=FloatField()))
    )
    return found


def with_priority(cases: CaseQuerySet) -> CaseQuerySet:
    """*cases* with the columns of ``with_clock``, one column a factor and their sum ``urgency``."""
    annotated = with_clock(cases).annotate(**{f"p_{factor.name}": factor.points for factor in FACTORS})
    total: Any = Value(0.0)
    for factor in FACTORS:
        total = total + Coalesce(F(f"p_{factor.name}"), Value(0.0))
    return annotated.annotate(urgency=ExpressionWrapper(total, output_field=FloatField()))


def most_urgent_first(cases: CaseQuerySet) -> CaseQuerySet:
    """*cases* in the order in which they should be looked at; the older first among equals."""
    by_urgency: Any = with_priority(cases)  # its columns are unknown to the type checker
    ordered: CaseQuerySet = by_urgency.order_by("-urgency", "pk")
    return ordered


def because(case: Any, most: int = 3) -> list[str]:
    """Why a case from ``with_priority`` stands where it stands: its strongest factors in words."""
    weighed = [(getattr(case, f"p_{factor.name}") or 0.0, factor) for factor in FACTORS]
    weighed.sort(key=lambda pair: -pair[0])
    return [factor.words(case) for points, factor in weighed[:most] if points >= TELLING]
