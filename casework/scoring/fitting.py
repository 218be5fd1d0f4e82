"""Fitting a calibration to confirmed outcomes, and judging it on samples that it has not seen.

Platt scaling is logistic regression on the log-odds of the score, with Platt's smoothed targets (J. Platt,
"Probabilistic Outputs for Support Vector Machines", 1999; Newton's method after Lin, Lin and Weng, 2007). Isotonic
regression is the pool-adjacent-violators algorithm (Ayer et al., 1955; Zadrozny and Elkan, 2002). Figures: Brier score
(mean squared error), and expected calibration error over ten equal bins (Naeini et al., 2015). Both are taken over five
folds: a sample is judged by the curve that was fitted without it. What is in force is judged on all samples, some of
which it was fitted to: that favours it, and so favours changing nothing. Plain Python: some thousand samples take a
second.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detection.measuring import DeskCalibration, log_odds

#: Fewer confirmed outcomes than this, in all or of either answer, are not enough to fit anything.
LEAST, LEAST_EACH = 200, 30
FOLDS = 5
BINS = 10
#: The raw score may be measured and kept as it is where its error is below this.
GOOD_ECE = 0.05
PLATT, ISOTONIC, NONE = "platt", "isotonic", "none"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One raw score from 0 to 1 and what was true."""

    score: float
    true: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """A curve and its figures out of sample. ``errors`` are the squared errors, sample by sample."""

    method: str
    params: Mapping[str, Any]
    brier: float
    ece: float
    bins: tuple[dict[str, Any], ...]
    errors: tuple[float, ...]


def enough(samples: Sequence[Labelled]) -> bool:
    """Whether there are ``LEAST`` samples, ``LEAST_EACH`` of them true and as many false."""
    true = sum(one.true for one in samples)
    return len(samples) >= LEAST and min(true, len(samples) - true) >= LEAST_EACH


def best_fit(
    samples: Sequence[Labelled], inforce: tuple[str, Mapping[str, Any]] | None
) -> tuple[Fit | None, Fit]:
    """(the best curve where it beats what is in force, what is in force on the same samples).

    "Beats" means: its squared errors are smaller by more than the standard error of the difference, sample by sample.
    *inforce*: method and parameters, None for the raw score. Where nothing is in force and the raw score cannot be
    beaten but is good, measuring it is the proposal.
    """
    now = judged(*(inforce or (NONE, {})), samples)
    fits = [cross_validated(method, samples) for method in (PLATT, ISOTONIC)]
    best = min((one for one in fits if one is not None), key=lambda one: one.brier, default=None)
    if best is not None and _beats(best, now):
        return best, now
    if inforce is None and now.ece <= GOOD_ECE:
        return now, now
    return None, now


def judged(method: str, params: Mapping[str, Any], samples: Sequence[Labelled]) -> Fit:
    """The figures of a given curve on *samples*; out of sample only where it was not fitted to them."""
    curve = _curve(method, params)
    return _figures(method, params, [curve.apply(one.score) for one in samples], samples)


def cross_validated(method: str, samples: Sequence[Labelled]) -> Fit | None:
    """The curve fitted to all samples, with the figures of five curves that each saw four fifths; None where the
    scores order the outcomes the wrong way round or not at all."""
    params = fit(method, samples)
    if params is None:
        return None
    predicted = [0.0] * len(samples)
    for fold in range(FOLDS):
        seen = [one for place, one in enumerate(samples) if place % FOLDS != fold]
        fitted = fit(method, seen)
        if fitted is None:
            return None
        curve = _curve(method, fitted)
        for place in range(fold, len(samples), FOLDS):
            predicted[place] = curve.apply(samples[place].score)
    return _figures(method, params, predicted, samples)


def fit(method: str, samples: Sequence[Labelled]) -> dict[str, Any] | None:
    """The parameters of a curve through all *samples*; None where a higher score does not mean more."""
    return fit_platt(samples) if method == PLATT else fit_isotonic(samples)


def fit_platt(samples: Sequence[Labelled]) -> dict[str, Any] | None:
    """{"a", "b"} of 1 / (1 + exp(-(a logit(score) + b))), by Newton's method with step halving; None where a <= 0."""
    true = sum(one.true for one in samples)
    high, low = (true + 1) / (true + 2), 1 / (len(samples) - true + 2)
    points = [(log_odds(one.score), high if one.true else low) for one in samples]
    a, b = 1.0, 0.0
    loss = _loss(points, a, b)
    for _step in range(50):
        da, db = _newton(points, a, b)
        scale = 1.0
        while scale > 1e-6 and _loss(points, a - scale * da, b - scale * db) > loss:
            scale /= 2
        a, b = a - scale * da, b - scale * db
        before, loss = loss, _loss(points, a, b)
        if before - loss < 1e-9:
            break
    return {"a": round(a, 6), "b": round(b, 6)} if a > 0 else None


def _newton(points: Sequence[tuple[float, float]], a: float, b: float) -> tuple[float, float]:
    """The Newton step of the logistic loss in (a, b), with a small ridge that keeps it defined."""
    ga = gb = haa = hab = hbb = 0.0
    for x, target in points:
        p = _sigmoid(a * x + b)
        w = p * (1 - p)
        ga, gb = ga + (p - target) * x, gb + p - target
        haa, hab, hbb = haa + w * x * x, hab + w * x, hbb + w
    haa, hbb = haa + 1e-9, hbb + 1e-9
    det = haa * hbb - hab * hab
    return (hbb * ga - hab * gb) / det, (haa * gb - hab * ga) / det


def _loss(points: Sequence[tuple[float, float]], a: float, b: float) -> float:
    total = 0.0
    for x, target in points:
        z = a * x + b
        total += max(z, 0.0) - z * target + math.log1p(math.exp(-abs(z)))
    return total


def _sigmoid(z: float) -> float:
    odds = math.exp(-abs(z))
    return odds / (1 + odds) if z < 0 else 1 / (1 + odds)


def fit_isotonic(samples: Sequence[Labelled]) -> dict[str, Any] | None:
    """{"xs", "ys"}: pooled blocks as points between which is interpolated; None where there is but one block.

    Heights stay 1 / (n + 2) away from 0 and 1, n being all samples: no number of cases makes a certainty.
    """
    blocks: list[list[float]] = []  # sum of scores, n, true
    for score, n, true in _tied(samples):
        blocks.append([score * n, n, true])
        while len(blocks) > 1 and blocks[-2][2] * blocks[-1][1] >= blocks[-1][2] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [sum(pair) for pair in zip(blocks[-1], last, strict=True)]
    if len(blocks) < 2:
        return None
    edge = 1 / (len(samples) + 2)
    heights = [min(max(true / n, edge), 1 - edge) for _sum, n, true in blocks]
    return {
        "xs": [round(total / n, 6) for total, n, _true in blocks],
        "ys": [round(height, 6) for height in heights],
    }


def _tied(samples: Sequence[Labelled]) -> list[tuple[float, int, int]]:
    counts: dict[float, list[int]] = {}
    for one in samples:
        pair = counts.setdefault(one.score, [0, 0])
        pair[0], pair[1] = pair[0] + 1, pair[1] + one.true
    return [(score, n, true) for score, (n, true) in sorted(counts.items())]


def bins_of(predicted: Sequence[float], samples: Sequence[Labelled]) -> tuple[dict[str, Any], ...]:
    """Ten equal bins of the predicted probability: {"low", "high", "n", "mean", "true"}; empty ones included."""
    found = [
        {"low": place / BINS, "high": (place + 1) / BINS, "n": 0, "sum": 0.0, "true": 0}
        for place in range(BINS)
    ]
    for p, one in zip(predicted, samples, strict=True):
        mine = found[min(int(p * BINS), BINS - 1)]
        mine["n"] += 1
        mine["sum"] += p
        mine["true"] += int(one.true)
    return tuple(
        {
            "low": each["low"], "high": each["high"], "n": int(each["n"]), "true": int(each["true"]),
            "mean": round(each["sum"] / each["n"], 6) if each["n"] else None,
        }
        for each in found
    )  # fmt: skip


def _figures(
    method: str, params: Mapping[str, Any], predicted: Sequence[float], samples: Sequence[Labelled]
) -> Fit:
    errors = tuple((p - one.true) ** 2 for p, one in zip(predicted, samples, strict=True))
    bins = bins_of(predicted, samples)
    off = sum(abs(each["mean"] * each["n"] - each["true"]) for each in bins if each["n"])
    return Fit(method, params, sum(errors) / len(errors), off / len(samples), bins, errors)


def _beats(one: Fit, other: Fit) -> bool:
    gains = [theirs - mine for mine, theirs in zip(one.errors, other.errors, strict=True)]
    mean = sum(gains) / len(gains)
    variance = sum((gain - mean) ** 2 for gain in gains) / (len(gains) - 1)
    return mean > math.sqrt(variance / len(gains))


def _curve(method: str, params: Mapping[str, Any]) -> DeskCalibration:
    return DeskCalibration("", "", "", method, params, 0)
