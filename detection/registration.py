"""Where a picture lies in a copy of it that was cropped, scaled, framed or saved again.

Scale and place along the axes; no rotation and no perspective. A few guesses (the whole frame; the same scale,
moved; a search over scales by phase correlation, Kuglin and Hines, "The phase correlation image alignment
method", 1975), each refined to a fraction of a pixel by least squares on the gradients (Lucas and Kanade, "An
iterative image registration technique", 1981). Distances are pixels of the copy unless said otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

MOST_GUESSES = 6
"""How many placements ``placements`` yields at most."""

_THUMB_SIDE = 128
_SMALLEST_SHARE, _LARGEST_SHARE, _SCALE_STEP = 0.45, 2.2, 1.03
_LEVELS = ((32, 4), (64, 4), (128, 4), (192, 3))
"""Cells along the longer side, and steps of refinement, from coarse to fine."""

_HOPELESS = 0.35
"""A guess that fits no better after a level of refinement is left as it is; what fits has 0.9 by then."""

_FEWEST_CELLS = 8
_LONGEST = 960


class Box(NamedTuple):
    """The whole of a picture's frame in pixels of a copy; a cropped copy does not hold all of it."""

    left: float
    top: float
    right: float
    bottom: float


class Window(NamedTuple):
    """The cells of a grid over the picture that a copy shows: columns and rows, the ends excluded."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the picture lies in the copy, and the correlation (-1 to 1) of their brightness there."""

    box: Box
    similarity: float


@dataclass(frozen=True, slots=True)
class Plane:
    """A picture's brightness as a float image of Pillow's, sampled by ``cells``.

    ``reduced`` is how many of its pixels there are for one of the picture's, along a side.
    """

    image: Image.Image
    reduced: float

    @classmethod
    def of(cls, picture: Image.Image) -> Plane:
        """The brightness of a picture of any mode, at most 960 pixels along its longer side: a grid has 192
        cells there, and sampling takes time for each pixel.
        """
        grey = picture.convert("L")
        if max(grey.size) > _LONGEST:
            grey = grey.resize(fitting(grey.size, _LONGEST), Image.Resampling.BICUBIC, reducing_gap=3.0)
        return cls(grey.convert("F"), max(grey.size) / max(picture.size))

    def cells(self, box: Box, grid: tuple[int, int], window: Window) -> Floats:
        """Smooth samples (rows, columns) of the window, where *box* is divided into *grid* (columns, rows)."""
        wide, high = (box.right - box.left) / grid[0], (box.bottom - box.top) / grid[1]
        part = (
            max(0.0, box.left + window.left * wide),
            max(0.0, box.top + window.top * high),
            min(float(self.image.width), box.left + window.right * wide),
            min(float(self.image.height), box.top + window.bottom * high),
        )
        size = (window.right - window.left, window.bottom - window.top)
        return np.asarray(self.image.resize(size, Image.Resampling.BICUBIC, box=part), dtype=np.float32)

    def shown(self, box: Box, grid: tuple[int, int]) -> Window | None:
        """The cells that lie wholly inside this copy, or None when they are too few."""
        wide, high = (box.right - box.left) / grid[0], (box.bottom - box.top) / grid[1]
        if wide <= 0 or high <= 0:
            return None
        window = Window(
            max(0, int(np.ceil(-box.left / wide - 0.01))),
            max(0, int(np.ceil(-box.top / high - 0.01))),
            min(grid[0], int(np.floor((self.image.width - box.left) / wide + 0.01))),
            min(grid[1], int(np.floor((self.image.height - box.top) / high + 0.01))),
        )
        few = min(window.right - window.left, window.bottom - window.top) < _FEWEST_CELLS
        return None if few else window

    @property
    def frame(self) -> Box:
        """All of it."""
        return Box(0.0, 0.0, float(self.image.width), float(self.image.height))


def fitting(size: tuple[int, int], longer: int) -> tuple[int, int]:
    """Width and height in the proportions of *size*, so that the longer side is *longer*; none below 1."""
    factor = longer / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def placements(copy: Plane, picture: Plane) -> Iterator[Placement]:
    """Guesses where *picture* lies in *copy*, the cheapest first, each refined; at most ``MOST_GUESSES``."""
    yield refine(copy, picture, copy.frame)
    yield from (
        refine(copy, picture, box) for box in _search(copy, picture, [copy.reduced / picture.reduced], 1)
    )
    yield from (
        refine(copy, picture, box) for box in _search(copy, picture, _scales(copy, picture), MOST_GUESSES - 2)
    )


def refine(copy: Plane, picture: Plane, box: Box) -> Placement:
    """Move and stretch *box* until the picture fits the copy, and say how well it does."""
    similarity = -1.0
    for longer, steps in _LEVELS:
        if longer > max(picture.image.size):
            break
        grid = fitting(picture.image.size, longer)
        whole = picture.cells(picture.frame, grid, Window(0, 0, *grid))
        for _step in range(steps):
            window = copy.shown(box, grid)
            if window is None:
                return Placement(box, -1.0)
            seen = copy.cells(box, grid, window)
            similarity = _correlation(seen, whole[window.top : window.bottom, window.left : window.right])
            box = _step_towards(box, grid, window, seen, whole)
        if similarity < _HOPELESS:
            break
    return Placement(box, similarity)


def _step_towards(box: Box, grid: tuple[int, int], window: Window, seen: Floats, whole: Floats) -> Box:
    """One step of Gauss and Newton over two moves and two stretches, with brightness and contrast free."""
    down, across = (
        np.asarray(one)[window.top : window.bottom, window.left : window.right] for one in np.gradient(whole)
    )
    expected = whole[window.top : window.bottom, window.left : window.right]
    rows, columns = np.mgrid[window.top : window.bottom, window.left : window.right] + 0.5
    x, y = columns / grid[0] - 0.5, rows / grid[1] - 0.5
    basis = np.stack([np.ones_like(expected), expected, across, across * x, down, down * y], axis=-1).reshape(
        -1, 6
    )
    target = seen.reshape(-1).astype(np.float64)
    weights = _steady(target - basis[:, :2] @ _least_squares(basis[:, :2], target))
    _level, gain, right, wider, lower, taller = _least_squares(basis, target, weights)
    if gain <= 0.05:
        return box
    left, right_end = _moved(box.left, box.right, grid[0], right / gain, wider / gain)
    top, bottom = _moved(box.top, box.bottom, grid[1], lower / gain, taller / gain)
    return Box(left, top, right_end, bottom)


def _moved(start: float, end: float, cells: int, shift: float, stretch: float) -> tuple[float, float]:
    """The frame's new ends along one axis, when its cell c now shows the picture's cell c + shift + stretch * s
    (s from -1/2 to 1/2 over the frame).
    """
    shift, stretch = float(np.clip(shift, -2, 2)), float(np.clip(stretch, -4, 4))
    size = (end - start) / cells
    slope = 1 + stretch / cells
    first = (-(shift - stretch / 2)) / slope
    last = (cells - (shift - stretch / 2)) / slope
    return start + size * first, start + size * last


def _steady(residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights that keep what was drawn over the copy from pulling at it (Cauchy's, with a robust scale)."""
    scale = 2.0 * float(np.median(np.abs(residual))) + 1.0
    return np.asarray(1.0 / (1.0 + (residual / scale) ** 2))


def _least_squares(
    basis: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    weighted = basis if weights is None else basis * weights[:, np.newaxis]
    ridge = np.eye(basis.shape[1]) * 1e-6 * len(target)
    return np.asarray(np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ target))


def _correlation(one: Floats, other: Floats) -> float:
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0


def _scales(copy: Plane, picture: Plane) -> list[float]:
    """Pixels of the copy per pixel of the picture, worth a try: parts of it as well as it in a frame."""
    whole = max(copy.image.size) / max(picture.image.size)
    smallest, largest = whole / _LARGEST_SHARE, whole / _SMALLEST_SHARE
    count = int(np.ceil(np.log(largest / smallest) / np.log(_SCALE_STEP)))
    return [float(one) for one in np.geomspace(smallest, largest, count + 1)]


def _search(copy: Plane, picture: Plane, scales: list[float], most: int) -> Iterator[Box]:
    """The most likely boxes by phase correlation of thumbnails at each scale, the best first."""
    small = fitting(picture.image.size, _THUMB_SIDE)
    thumb = _edges(np.asarray(picture.image.resize(small, Image.Resampling.BICUBIC, reducing_gap=3.0)))
    per_pixel = small[0] / picture.image.width
    found: list[tuple[float, Box]] = []
    for scale in scales:
        size = tuple(max(1, round(side * per_pixel / scale)) for side in copy.image.size)
        if min(size) < _FEWEST_CELLS or max(size) > 3 * _THUMB_SIDE:
            continue
        seen = _edges(
            np.asarray(copy.image.resize((size[0], size[1]), Image.Resampling.BICUBIC, reducing_gap=3.0))
        )
        score, x, y = _peak(seen, thumb)
        wide, high = copy.image.width / size[0], copy.image.height / size[1]
        box = Box(x * wide, y * high, (x + small[0]) * wide, (y + small[1]) * high)
        found.append((score, box))
    found.sort(key=lambda one: -one[0])
    for _score, box in found[:most]:
        yield box


def _edges(values: Floats) -> Floats:
    """Brightness less its surroundings, faded out at the borders."""
    rows, columns = (np.hanning(side + 2)[1:-1] ** 0.25 for side in values.shape)
    return np.asarray((values - values.mean()) * np.outer(rows, columns), dtype=np.float32)


def _peak(seen: Floats, thumb: Floats) -> tuple[float, int, int]:
    """How the best move stands out, in standard deviations, and the move: where the thumbnail's corner lies
    in what is seen.
    """
    shape = tuple(_next_size(a + b) for a, b in zip(seen.shape, thumb.shape, strict=True))
    cross = np.fft.rfft2(seen, shape) * np.conj(np.fft.rfft2(thumb, shape))
    cross /= np.abs(cross) ** 0.8 + 1e-3
    frequencies = np.hypot(np.fft.fftfreq(shape[0])[:, np.newaxis], np.fft.rfftfreq(shape[1]))
    surface = np.fft.irfft2(cross * np.exp(-((frequencies / 0.18) ** 2)), shape)
    top = int(np.argmax(surface))
    y, x = divmod(top, shape[1])
    score = float((surface.flat[top] - surface.mean()) / (surface.std() + 1e-12))
    return score, x - shape[1] if x >= seen.shape[1] else x, y - shape[0] if y >= seen.shape[0] else y


def _next_size(least: int) -> int:
    """A length that is quick to transform: 2, 3 or 5 times a power of two."""
    return int(min(base << max(0, math.ceil(math.log2(least / base))) for base in (2, 3, 5)))
