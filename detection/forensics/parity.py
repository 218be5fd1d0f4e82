"""How the green pixels of even and odd rows and columns differ from what their four neighbours let one expect.

Sensors and enlargements both fill in some pixels from others in a regular pattern of two; these are the sums that
``cfa`` and ``spectrum`` look at.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.forensics.tiles import Tiles

_MOST = 16 * 4
"""Larger surprises are edges: 16 levels, times the four that the sum is kept in."""


@dataclass(frozen=True, slots=True)
class Parity:
    """For each tile the mean size and the signed mean of the surprise in levels: (rows, columns, row, column) where
    the last two are 0 for even and 1 for odd pixels.
    """

    size: NDArray[np.float32]
    signed: NDArray[np.float32]


def measure(tiles: Tiles) -> Parity:
    """The surprises of the green plane, without the outermost pixels of the tiles."""
    green = tiles.green.astype(np.int16)
    surprise = 4 * green[:, :, 1:-1, 1:-1]
    for neighbour in (
        green[:, :, :-2, 1:-1],
        green[:, :, 2:, 1:-1],
        green[:, :, 1:-1, :-2],
        green[:, :, 1:-1, 2:],
    ):
        surprise -= neighbour
    np.clip(surprise, -_MOST, _MOST, out=surprise)
    return Parity(size=_by_parity(np.abs(surprise)), signed=_by_parity(surprise))


def _by_parity(plane: NDArray[np.int16]) -> NDArray[np.float32]:
    rows, columns, side = plane.shape[:3]
    half = side // 2
    down = plane.reshape(rows, columns, half, 2, side).sum(axis=2, dtype=np.int32)
    sums = down.reshape(rows, columns, 2, half, 2).sum(axis=3)
    # a tile's outermost pixels are left out, so the first row and column are odd ones
    return np.asarray(sums[:, :, ::-1, ::-1] / np.float32(4 * half * half), dtype=np.float32)
