"""From one value for each cell to regions that stand out, and to the heat map that people see.

A heat map must not show the picture. It is therefore drawn from what is left of a method's residual after the part
that brightness and texture explain has been taken out (``unexplained``), in 24 x 24 cells at most.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detection.forensics.tiles import Tiles

Floats = NDArray[np.floating]

WINDOW = 4
"""Side in cells of the region that is compared with the rest; a sixth of the longer side."""

_ROUNDS = 3
_OUTLIER = 2.5
_SMALLEST_SPREAD = 0.02
_LARGEST = 6.0


def median(values: Floats) -> NDArray[np.float64]:
    """The middle of the last axis (the upper of two). ``np.median`` imports masked arrays when it is first called,
    which a confined child cannot.
    """
    middle = values.shape[-1] // 2
    return np.asarray(np.partition(values, middle, axis=-1)[..., middle], dtype=np.float64)


def windows(cells: Floats, side: int = WINDOW) -> NDArray[np.float64]:
    """Sums over all windows of *side* x *side* cells (fewer at a picture with fewer), over the last two axes."""
    side = min(side, *cells.shape[-2:])
    sums = np.zeros((*cells.shape[:-2], cells.shape[-2] + 1, cells.shape[-1] + 1))
    sums[..., 1:, 1:] = cells.cumsum(axis=-2, dtype=np.float64).cumsum(axis=-1)
    return np.asarray(
        sums[..., side:, side:]
        - sums[..., :-side, side:]
        - sums[..., side:, :-side]
        + sums[..., :-side, :-side]
    )


def unexplained(values: Floats, causes: Sequence[Floats]) -> NDArray[np.float64]:
    """*values* less what a quadratic in each of *causes* explains, in units of the usual spread, at most 6.

    Fitted by least squares to the values that are no outliers, three times over, so that a foreign region does not
    explain itself. All arrays have one shape, which is kept.
    """
    terms = [np.ones(values.size)]
    for cause in causes:
        flat = cause.reshape(-1).astype(np.float64)
        flat = (flat - flat.mean()) / (flat.std() + 1e-6)
        terms += [flat, flat * flat]
    matrix, wanted = np.stack(terms, axis=1), values.reshape(-1).astype(np.float64)
    usual = np.ones(values.size, dtype=bool)
    for _ in range(_ROUNDS):
        kept = matrix[usual]
        weights = np.linalg.lstsq(
            kept.T @ kept + 1e-6 * np.eye(len(terms)), kept.T @ wanted[usual], rcond=None
        )[0]
        left = wanted - matrix @ weights
        spread = max(1.4826 * float(median(np.abs(left[usual]))), _SMALLEST_SPREAD)
        usual = np.abs(left) < _OUTLIER * spread
    return np.clip(left / spread, -_LARGEST, _LARGEST).reshape(values.shape)


def strongest(cells: Floats) -> float:
    """How far the mean of the most unusual window lies from the median window, whatever its direction."""
    means = windows(cells) / min(WINDOW, *cells.shape) ** 2
    return float(np.max(np.abs(means - median(means.reshape(-1)))))


def deviation(cells: Floats) -> NDArray[np.float64]:
    """For a heat map: how far each cell, averaged with its neighbours, lies from the usual in either direction."""
    means = smoothed(cells)
    return np.asarray(np.abs(means - median(means.reshape(-1))))


def heat(cells: Floats, dark: float, full: float, tiles: Tiles) -> dict[str, object]:
    """A heat map: 0 for cells at *dark* or below, 255 for *full* and more, turned upright.

    What the picture's own brightness, edges and contrast would explain of the map is taken out of it, so that nobody
    can see the picture in it; where a change follows these, the map shows it weaker than it was measured. Cells are
    only ever made darker: a dark map stays dark.
    """
    causes = _picture(tiles)
    full -= dark
    blind = np.clip(cells - dark, 0, full)
    for _ in range(_ROUNDS):  # cutting off what falls below 0 brings some of the picture back
        blind = np.maximum(blind - np.maximum(_explained(blind, causes), 0), 0)
    shown = tiles.upright(np.rint(blind / full * 255).astype(np.uint8))
    return {"width": shown.shape[1], "height": shown.shape[0], "cells": shown.tobytes().hex()}


def _picture(tiles: Tiles) -> NDArray[np.float64]:
    """(cells, terms): the picture's brightness, edges and contrast, each around 0."""
    down, across = np.gradient(tiles.brightness)
    contrast = np.log(tiles.variance + 1)
    terms = [tiles.brightness, tiles.brightness**2, np.hypot(down, across), contrast, contrast**2]
    return np.stack([(one - one.mean()) / (one.std() + 1e-6) for one in terms], axis=-1).reshape(
        -1, len(terms)
    )


def _explained(cells: Floats, causes: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a least-squares fit on *causes* gives for *cells*, 0 on average."""
    wanted = (cells - cells.mean()).reshape(-1)
    weights = np.linalg.solve(causes.T @ causes + np.eye(causes.shape[1]), causes.T @ wanted)
    return np.asarray((causes @ weights).reshape(cells.shape))


def smoothed(cells: Floats) -> NDArray[np.float64]:
    """Each cell as the mean of itself and its neighbours."""
    return windows(np.pad(cells, 1, mode="edge"), 3) / 9
