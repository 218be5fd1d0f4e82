"""The part of a picture that the methods look at: one small tile out of each cell of a lattice, in grey and in green.

A picture is divided into at most 24 x 24 square cells whose corners lie on multiples of eight pixels, as JPEG's blocks
do, and of each cell the middle (at most 48 x 48 pixels) is looked at. So the work is bounded whatever the size, every
method has a map, and up to a longer side of 1152 pixels only a strip at the right and lower edge is left out.

The tiles lie in the pixel grid in which the file was stored: EXIF may have turned the picture since, and a turned
picture whose width is no multiple of eight has its blocks counted from another edge. ``upright`` turns a map back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection.opening import upright as turned

MOST_CELLS = 24
SMALLEST_CELL = 24
LARGEST_TILE = 48
FEWEST_CELLS = 4
"""On the shorter side; below that there is nothing to compare."""

_UNDONE = {6: 8, 8: 6}
"""EXIF orientations whose opposite is another one."""

_RIGHT_FIRST, _LOWER_FIRST = frozenset({2, 3, 6, 7}), frozenset({3, 4, 7, 8})
"""Orientations in which what is stored first lies at the right or the lower edge of the upright picture."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Tiles:
    """``grey`` and ``green`` are (rows, columns, side, side) uint8; ``cell`` is the lattice's step in pixels.

    ``brightness`` and ``variance`` are each tile's mean grey and its variance, (rows, columns). ``width`` and
    ``height`` are the stored picture's.
    """

    grey: NDArray[np.uint8]
    green: NDArray[np.uint8]
    brightness: NDArray[np.float64]
    variance: NDArray[np.float64]
    cell: int
    width: int
    height: int
    orientation: int = 1

    @property
    def rows(self) -> int:
        """Cells from top to bottom."""
        return int(self.grey.shape[0])

    @property
    def columns(self) -> int:
        """Cells from left to right."""
        return int(self.grey.shape[1])

    @property
    def side(self) -> int:
        """A tile's side in pixels, a multiple of eight."""
        return int(self.grey.shape[2])

    def upright(self, cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A map of (rows, columns) as it lies on the picture that people see."""
        return np.asarray(turned(Image.fromarray(cells), self.orientation))


def cut(image: Image.Image, orientation: int = 1) -> Tiles | None:
    """The tiles of an upright RGB picture whose file says *orientation* (EXIF 1 to 8); None if it is too small.

    Every tile is at least 24 pixels wide; "too small" is fewer than four cells of that on a side, which long and
    narrow pictures fall under too.
    """
    width, height = image.size if orientation < 5 else image.size[::-1]
    across = -(-max(width, height) // MOST_CELLS)
    cell = max(SMALLEST_CELL, -(-across // 8) * 8)
    rows, columns = height // cell, width // cell
    if min(rows, columns) < FEWEST_CELLS:
        return None
    side = min(cell, LARGEST_TILE)
    margin = (cell - side) // 2 // 8 * 8
    grey = np.empty((rows, columns, side, side), dtype=np.uint8)
    green = np.empty_like(grey)
    for row in range(rows):
        top = row * cell + margin
        strip = _stored_part(image, (0, top, columns * cell, top + side), orientation)
        for planes, plane in ((grey, strip.convert("L")), (green, strip.getchannel("G"))):
            cells = np.asarray(plane).reshape(side, columns, cell)
            planes[row] = cells[:, :, margin : margin + side].transpose(1, 0, 2)
    return Tiles(grey, green, *_moments(grey), cell, width, height, orientation)


def _moments(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance of each tile."""
    flat = grey.reshape(*grey.shape[:2], -1).astype(np.float32)
    mean = flat.mean(axis=2, dtype=np.float64)
    flat -= mean[..., None].astype(np.float32)
    return mean, np.einsum("rcn,rcn->rc", flat, flat).astype(np.float64) / flat.shape[2]


def _stored_part(image: Image.Image, box: Box, orientation: int) -> Image.Image:
    """A part of the picture as stored, by its stored *box*, out of the upright one."""
    left, upper, right, lower = box
    if orientation >= 5:  # stored lying down
        left, upper, right, lower = upper, left, lower, right
    if orientation in _RIGHT_FIRST:
        left, right = image.width - right, image.width - left
    if orientation in _LOWER_FIRST:
        upper, lower = image.height - lower, image.height - upper
    part = image.crop((left, upper, right, lower))
    return turned(part, _UNDONE.get(orientation, orientation))
