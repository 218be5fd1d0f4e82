"""Colour filter array: whether the pixels show that a sensor measured one colour each and the others were filled in.

Popescu and Farid, "Exposing digital forgeries in color filter array interpolated images" (2005); the measure is the
one of Ferrara, Bianchi, De Rosa and Piva, "Image forgery localization via fine-grained analysis of CFA artifacts"
(2012): green was measured on one colour of a chessboard and filled in on the other, and what is filled in lies closer
to its neighbours. For each tile the logarithm of the ratio of both; the mean of it over its standard error is the
statistic. A pattern that is brighter on one parity than on another is none of a sensor but of an enlargement.

Found, it speaks for a picture as a camera made it, of its whole size. It is gone after scaling, and nearly always after
JPEG below quality 90: **not found says nothing**. Where it is found, the map shows where it is weaker than texture
explains; on made-up splices that was hardly better than chance (0.64 without JPEG, 0.5 with), so no region is ever
named. ``NEEDED`` lets through none of the 107 pictures of docs/forensics.md, which were all scaled down before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.findings import Signal
from detection.forensics import leads, regions
from detection.forensics.blocks import LOW, Floats
from detection.forensics.leads import Answer
from detection.forensics.parity import Parity
from detection.forensics.tiles import Tiles

NAME = "cfa"
VERSION = "cfa 1"
NEEDED = 3.0
"""Standard errors between the mean and nothing."""

CHECKERBOARD = 20.0
"""Standard errors of a difference in brightness between parities, above which it is no sensor's pattern."""

_FLOOR = 0.12
_DARK, _FULL = 0.7, 3.0


def signal(tiles: Tiles, parity: Parity, texture: Floats) -> Signal:
    """The ``cfa`` signal; *texture* as ``blocks.texture`` gives it."""
    ratios = chessboard(parity)
    uneven = unevenness(parity)
    regular = abs(errors_from_nothing(ratios))
    statistic = regular if uneven < CHECKERBOARD else 0.0
    traced = statistic >= NEEDED
    region, heat = _region(ratios, tiles, texture) if traced else (0.0, {})
    missed = "No trace of a camera's colour filter. Scaling and JPEG remove it, so this says nothing."
    if regular >= NEEDED:
        missed = "A regular pattern of two pixels, but not that of a camera's colour filter."
    return leads.signal(
        Answer(
            NAME,
            VERSION,
            statistic,
            NEEDED,
            leads.CAMERA,
            found="The pixels show the colour filter of a camera's sensor, so the picture has the size that the camera "
            "gave it. A lead, not proof: regions can be exchanged all the same, and the trace can be imitated.",
            missed=missed,
            facts={"region": region, "uneven": uneven},
            heat=heat,
        )
    )


def chessboard(parity: Parity) -> NDArray[np.float64]:
    """(rows, columns): log of how much larger the surprises are on one colour of a chessboard than on the other."""
    size = parity.size.astype(np.float64)
    one, other = size[..., 0, 0] + size[..., 1, 1], size[..., 0, 1] + size[..., 1, 0]
    return np.asarray(np.log((one + _FLOOR) / (other + _FLOOR)))


def unevenness(parity: Parity) -> float:
    """How many standard errors the brightness of one parity lies from the others', at most over the four."""
    signed = parity.signed.reshape(*parity.signed.shape[:2], 4).astype(np.float64)
    spread = parity.size.mean(axis=(2, 3)) + _FLOOR
    apart = (signed - (signed.sum(axis=2, keepdims=True) - signed) / 3) / spread[..., None]
    return max(abs(errors_from_nothing(apart[..., place])) for place in range(4))


def errors_from_nothing(values: NDArray[np.float64]) -> float:
    """The mean of *values* in standard errors."""
    return float(values.mean() / (values.std() / np.sqrt(values.size) + 1e-3))


def _region(ratios: NDArray[np.float64], tiles: Tiles, texture: Floats) -> tuple[float, dict[str, object]]:
    """How much weaker the trace of the weakest region is than texture explains, and the map of that."""
    weaker = -ratios * np.sign(ratios.mean())
    brightness = tiles.green.mean(axis=(2, 3), dtype=np.float32)
    left = regions.unexplained(weaker, [np.log(texture[..., LOW].mean(axis=2) + 1), brightness])
    means = regions.windows(left) / regions.WINDOW**2
    return float(means.max() - regions.median(means.reshape(-1))), regions.heat(
        regions.smoothed(left), _DARK, _FULL, tiles
    )
