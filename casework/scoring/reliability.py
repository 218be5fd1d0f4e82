"""The reliability plot, drawn on the server: predicted probability against how often it was true, and how many cases.

A point on the diagonal says: of the items that scored so, that share was what the model said. Positions are numbers of
an SVG of ``SIZE`` by ``SIZE`` units whose origin is the upper left; the template holds no arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SIZE, EDGE = 200.0, 24.0
_INNER = SIZE - 2 * EDGE
_LARGEST, _SMALLEST = 9.0, 2.5
#: Two-sided 90 %, for the whiskers (Wilson, "Probable Inference", 1927).
_Z = 1.645


@dataclass(frozen=True, slots=True)
class Dot:
    """One bin with samples: where it stands, its radius by their number, and its whisker, as the SVG writes them."""

    x: str
    y: str
    r: str
    top: str
    bottom: str
    low: float
    high: float
    n: int
    true: int
    mean: float
    share: float


def dots(bins: Sequence[dict[str, Any]]) -> list[Dot]:
    """The bins that hold samples, as they are drawn; largest radius for the fullest."""
    most = max((each["n"] for each in bins), default=0)
    return [_dot(each, most) for each in bins if each["n"]]


def wilson(true: int, n: int) -> tuple[float, float]:
    """The 90 % interval of a share."""
    middle = (true + _Z**2 / 2) / (n + _Z**2)
    half = _Z * math.sqrt(true * (n - true) / n + _Z**2 / 4) / (n + _Z**2)
    return max(0.0, middle - half), min(1.0, middle + half)


def _dot(each: dict[str, Any], most: int) -> Dot:
    share = each["true"] / each["n"]
    low, high = wilson(each["true"], each["n"])
    radius = _SMALLEST + (_LARGEST - _SMALLEST) * math.sqrt(each["n"] / most)
    return Dot(
        x=_across(each["mean"]), y=_down(share), r=f"{radius:.1f}", top=_down(high), bottom=_down(low),
        low=each["low"], high=each["high"], n=each["n"], true=each["true"], mean=each["mean"], share=share,
    )  # fmt: skip


def _across(value: float) -> str:
    return f"{EDGE + value * _INNER:.1f}"


def _down(value: float) -> str:
    return f"{SIZE - EDGE - value * _INNER:.1f}"
