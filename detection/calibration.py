"""How a score becomes a probability: the two usual curves, and reading them from a model's card."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from math import exp, log

from detection.cardfields import Fields

_CERTAIN = 1e-6


class Method(StrEnum):
    """The kinds of curves."""

    NONE = "none"
    PLATT = "platt"
    ISOTONIC = "isotonic"


@dataclass(frozen=True, slots=True)
class Calibration:
    """How a score becomes a probability; ``data`` says on what the curve was made.

    ``method`` is "none", "platt" or "isotonic". Platt (1999): 1 / (1 + exp(-(a x logit(score) + b))). Isotonic:
    straight lines between ``points`` of (score, probability), level beyond the outermost.
    """

    method: str = "none"
    a: float = 1.0
    b: float = 0.0
    points: tuple[tuple[float, float], ...] = ()
    data: str = ""

    def apply(self, score: float) -> float | None:
        """The probability for a score from 0 to 1; None where the card does not calibrate."""
        if self.method == Method.PLATT:
            kept = min(max(score, _CERTAIN), 1 - _CERTAIN)
            return _logistic(self.a * log(kept / (1 - kept)) + self.b)
        return self._between(score) if self.method == Method.ISOTONIC else None

    def _between(self, score: float) -> float:
        place = bisect_right([left for left, _ in self.points], score)
        if place in (0, len(self.points)):
            return self.points[0 if place == 0 else -1][1]
        (left, low), (right, high) = self.points[place - 1 : place + 1]
        return low + (high - low) * (score - left) / (right - left)


def _logistic(value: float) -> float:
    """1 / (1 + exp(-value)), for numbers of any size."""
    return 1 / (1 + exp(-value)) if value >= 0 else exp(max(value, -700.0)) / (1 + exp(max(value, -700.0)))


def read_calibration(fields: Fields) -> Calibration:
    """The table ``calibration`` of a card, which may be absent: then scores stay as they are. Raises FieldError."""
    if not fields.has("calibration"):
        return Calibration()
    table = fields.inner("calibration")
    method = table.choice("method", Method)
    data = table.text("data", "" if method is Method.NONE else None)
    found = Calibration(method.value, data=data)
    if method is Method.PLATT:
        found = replace(found, a=table.number("a"), b=table.number("b"))
        if found.a <= 0:
            raise table.wrong("a", "must be larger than 0: a higher score must not mean less")
    if method is Method.ISOTONIC:
        found = replace(found, points=_read_points(table))
    table.done()
    return found


def _read_points(table: Fields) -> tuple[tuple[float, float], ...]:
    points = tuple(one.pair("score", "probability") for one in table.many("points"))
    if len(points) < 2:
        raise table.wrong("points", "must be at least two")
    for (left, low), (right, high) in pairwise(points):
        if not (0 <= left < right <= 1 and 0 <= low <= high <= 1):
            raise table.wrong("points", "must rise in score and never fall in probability, all from 0 to 1")
    return points
