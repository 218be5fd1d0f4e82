"""From a model's raw score to a probability that was measured, and how sure that probability is.

A calibration belongs to one version of one model. Its parameters are fitted elsewhere, on cases whose outcome a person
has confirmed; here it is only applied, in plain Python, so that whoever shows a score need not load a numeric library.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: No probability that is an estimate comes nearer to 0 or 1 than this.
EDGE = 0.001
#: Half-widths of intervals, in log-odds: at least, at most, and where nothing was measured.
LEAST_SPREAD, MOST_SPREAD, UNMEASURED_SPREAD = 0.3, 4.0, 2.0
#: The intervals of a measured score are meant to hold nine times in ten (two-sided 90 % of a normal variable).
_NINETY = 1.645


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)), with p kept ``EDGE`` away from 0 and 1."""
    kept = min(max(probability, EDGE), 1 - EDGE)
    return math.log(kept / (1 - kept))


def from_log_odds(value: float) -> float:
    """The probability, kept ``EDGE`` away from 0 and 1."""
    odds = math.exp(-abs(value))
    p = odds / (1 + odds) if value < 0 else 1 / (1 + odds)
    return min(max(p, EDGE), 1 - EDGE)


@dataclass(frozen=True, slots=True)
class Bin:
    """Samples whose calibrated score lies in [low, high): how many, their mean score, and how many were true."""

    low: float
    high: float
    n: int
    mean: float
    true: int


@dataclass(frozen=True, slots=True)
class DeskCalibration:
    """How to read one version of one model at one desk.

    ``method`` is platt (``params``: a, b), isotonic (``params``: xs, ys, both ascending) or none (the raw score was
    measured and is used as it is). ``version`` names the calibration; ``n`` counts its samples, ``bins`` says where
    they lie.
    """

    model: str
    model_version: str
    version: str
    method: str
    params: Mapping[str, Any]
    n: int
    bins: tuple[Bin, ...] = ()

    def fits(self, model: str, version: str) -> bool:
        """Whether it was made for exactly this version of this model."""
        return (self.model, self.model_version) == (model, version)

    def apply(self, raw: float) -> float:
        """The probability for a raw score in [0, 1]; never falls where the raw score rises."""
        if self.method == "platt":
            return from_log_odds(float(self.params["a"]) * log_odds(raw) + float(self.params["b"]))
        if self.method == "isotonic":
            return min(max(_between(raw, self.params["xs"], self.params["ys"]), EDGE), 1 - EDGE)
        return min(max(raw, EDGE), 1 - EDGE)

    def spread(self, probability: float) -> float:
        """Half the width of the 90 % interval around *probability*, in log-odds.

        The standard error of a logit estimated from n cases is 1 / sqrt(n p (1 - p)) (delta method); n counts the
        samples in the same tenth of the scale, so a score in a stretch that nobody has confirmed stays uncertain.
        """
        near = sum(
            one.n for one in self.bins if one.low <= probability < one.high or one.high == probability == 1
        )
        p = min(max(probability, 0.02), 0.98)
        wide = _NINETY / math.sqrt((near + 1) * p * (1 - p))
        return min(max(wide, LEAST_SPREAD), MOST_SPREAD)


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Linear between the points (*xs*, *ys*), level beyond them."""
    if x <= xs[0]:
        return float(ys[0])
    for left, right, low, high in zip(xs, xs[1:], ys, ys[1:], strict=False):
        if x <= right:
            return float(high if right == left else low + (high - low) * (x - left) / (right - left))
    return float(ys[-1])
