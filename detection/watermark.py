"""Our own invisible mark in what we show: 48 bits, unique per reveal or export, read again in a leaked copy.

Spread spectrum (Cox, Kilian, Leighton and Shamoon, "Secure spread spectrum watermarking for multimedia", IEEE
Transactions on Image Processing 6, 1997): the frame is divided into at most 192 cells along its longer side;
each cell is a little lighter or darker, by a pseudo-random sign times one bit of the id's code word
(``markcode``), more where the picture is busy. Cells are a share of the frame, so the mark scales with it.

Reading is informed. We still hold what the mark was put into: a copy is placed over it (``registration``), what
both have in common is taken off, and the rest is compared with the marks that were issued for it.

Two scores are taken and the smaller counts, because each guards against another mistake:

- over cells. In a copy without a mark the signs (a hash of the key) have nothing to do with the picture, so by
  Hoeffding's inequality one id reaches z with a chance below exp(-z^2 / 2), whatever the picture and its
  damage.
- over code words. In a copy with another mark the 255 sums are not noise, but the ids were drawn at random and
  do not know them. The same bound holds for bits that are independent of each other. Those of a code word
  are only nearly so; of more than a million random ids as many reached 3, 4 and 4.5 as of coin tosses.

Both are multiplied by the ids compared and the placements tried, and that must stay below ``CHANCE``.

Not covered: a copy turned by more than about a degree, a photograph of a screen taken at an angle, and people
who average several differently marked copies of one picture.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from detection import markcode
from detection.registration import MOST_GUESSES, Floats, Placement, Plane, Window, fitting, placements

VERSION = "casework-mark 1"
CELLS = 192
SMALLEST_SIDE = 64
"""Pictures with a shorter longer side have no room for a mark."""

STRENGTH = 1.0
"""The default: 40 to 46 dB on photographs. The change of brightness grows in proportion."""

CHANCE = 1e-6
"""A wrong name may come out at most this often, over all ids and placements of one reading."""

PUBLIC_KEY = b"casework"
"""For tests and tools. An installation uses a secret: who knows the key can find and remove its marks."""

LIKELY, SAME_PICTURE = 0.6, 0.85
"""A copy is read where its brightness and the picture's correlate so much; from the second on it shows the
same picture. A wrong placement can reach the first."""

_FLAT, _BUSY, _MOST = 1.2, 0.1, 3.2
"""Levels of brightness in an even area, more per level of local deviation, and the most."""

_FINE = 16
"""Steps per level while the mark is drawn as an 8-bit plane."""

UNUSED = 255
_TURNS = (None, Image.Transpose.FLIP_LEFT_RIGHT)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a copy says about the marks that were issued for a picture.

    ``mark_id`` is the issued mark in the copy or None; ``chance`` bounds how likely such a reading is by
    accident (1.0: nothing was read). ``score`` is in standard deviations. ``unlisted`` is a mark of ours that
    was read out by its error correction but is not among the issued ones. ``similarity`` (-1 to 1) says
    whether the copy shows the picture at all, ``shown`` which share of it, ``mirrored`` whether it is
    turned left to right.
    """

    mark_id: int | None
    chance: float
    score: float
    unlisted: int | None
    similarity: float
    shown: float
    mirrored: bool = False

    @property
    def confidence(self) -> float:
        """One less the chance of an accident, from 0 to 1."""
        return 1.0 - self.chance

    @property
    def same_picture(self) -> bool:
        """Whether the copy could be placed on the picture."""
        return self.similarity >= SAME_PICTURE


class Unmarkable(ValueError):
    """The picture is too small to carry a mark."""


def embed(
    image: Image.Image, mark_id: int, *, key: bytes = PUBLIC_KEY, strength: float = STRENGTH
) -> Image.Image:
    """A copy with the mark in it. Modes L and RGB stay, others become RGB; size is kept.

    Raises Unmarkable under ``SMALLEST_SIDE``, and ValueError for an id of more than 48 bits.
    """
    if max(image.size) < SMALLEST_SIDE:
        raise Unmarkable(
            f"a mark needs {SMALLEST_SIDE} pixels along the longer side, here are {max(image.size)}"
        )
    picture = image if image.mode in ("L", "RGB") else image.convert("RGB")
    return draw_signs(picture, _signs(grid_of(picture.size), key, markcode.encode([mark_id])[0]), strength)


def draw_signs(picture: Image.Image, signs: Floats, strength: float = STRENGTH) -> Image.Image:
    """A copy of *picture* (L or RGB) whose cells, as many as *signs* has (rows, columns), are lighter or darker."""
    drawn = signs * room(cells_of(picture, (signs.shape[1], signs.shape[0]))) * strength
    plane = Image.fromarray(np.clip(np.rint(drawn * _FINE + 128), 0, 255).astype(np.uint8))
    change = plane.resize(picture.size, Image.Resampling.BICUBIC).point(_levels())
    changes = change if picture.mode == "L" else Image.merge("RGB", (change, change, change))
    return ImageChops.add(picture, changes, scale=1, offset=-128)


def recognise(
    leaked: Image.Image, rendition: Image.Image, issued: Sequence[int], *, key: bytes = PUBLIC_KEY
) -> Reading:
    """Which of the *issued* marks a leaked copy of *rendition* carries; *rendition* is the one without a mark.

    Names nobody unless the chance of an accident is below ``CHANCE``. Raises ValueError for an id of more
    than 48 bits.
    """
    picture = Plane.of(rendition)
    sought = _Sought.of(picture, grid_of(rendition.size), issued, key)
    best = Reading(None, 1.0, 0.0, None, -1.0, 0.0)
    for turn in _TURNS:
        copy = Plane.of(leaked if turn is None else leaked.transpose(turn))
        for placed in placements(copy, picture):
            reading = _read(copy, placed, sought, turn is not None)
            if reading.mark_id is not None or reading.unlisted is not None:
                return reading
            best = max(best, reading, key=lambda one: one.similarity)
        if best.same_picture:
            break
    return best


def read_whole(copy: Image.Image, *, key: bytes = PUBLIC_KEY) -> int | None:
    """The id in a copy that shows the whole frame, without knowing the picture; None when it can't be read.

    Finds where a leaked copy came from in one step. For good copies only: a cropped or a bad one needs
    ``recognise``. An accident has a chance below 2**-63.
    """
    for grid in dict.fromkeys((fitting(copy.size, CELLS), grid_of(copy.size))):
        seen = cells_of(copy, grid)
        votes = votes_of(weighed(seen - smooth(seen, 1), room(seen)), *_carriers(grid, key))
        mark_id = decoded(votes)
        if mark_id is not None:
            return mark_id
    return None


def grid_of(size: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows of cells for a picture of *size* pixels: at least two pixels to a cell."""
    return fitting(size, min(CELLS, max(size) // 2))


def threshold(compared: int) -> float:
    """The score that a copy must reach when *compared* ids were issued."""
    tries = max(1, compared) * MOST_GUESSES * len(_TURNS)
    return math.sqrt(2 * math.log(tries / CHANCE))


@dataclass(frozen=True, slots=True)
class _Sought:
    """What a copy is compared with: the picture's cells, the room for a mark in them, and the marks issued."""

    grid: tuple[int, int]
    whole: Floats
    room: Floats
    carriers: tuple[NDArray[np.uint8], Floats]
    issued: Sequence[int]
    words: NDArray[np.float64]

    @classmethod
    def of(cls, picture: Plane, grid: tuple[int, int], issued: Sequence[int], key: bytes) -> _Sought:
        whole = picture.cells(picture.frame, grid, Window(0, 0, *grid))
        words = 1.0 - 2.0 * markcode.encode(issued).astype(np.float64)
        return cls(grid, whole, room(whole), _carriers(grid, key), issued, words)


@dataclass(frozen=True, slots=True)
class Votes:
    """What all cells say about each of the 255 bits (above 0: the bit is 0), and their length as chips."""

    per_bit: NDArray[np.float64]
    length: float


def _read(copy: Plane, placed: Placement, sought: _Sought, mirrored: bool) -> Reading:
    window = copy.shown(placed.box, sought.grid)
    if window is None or placed.similarity < LIKELY:
        return Reading(None, 1.0, 0.0, None, placed.similarity, 0.0, mirrored)
    part = slice(window.top, window.bottom), slice(window.left, window.right)
    rest = difference(copy.cells(placed.box, sought.grid, window), sought.whole, part)
    bits, signs = sought.carriers
    votes = votes_of(weighed(rest, sought.room[part]), bits[part], signs[part])
    found = scores(votes, sought.words)
    winner = int(np.argmax(found)) if len(found) else None
    score = 0.0 if winner is None else float(found[winner])
    needed = threshold(len(found))
    seen = Reading(None, 1.0, score, None, placed.similarity, rest.size / sought.whole.size, mirrored)
    if winner is not None and score >= needed:
        return replace(
            seen, mark_id=sought.issued[winner], chance=CHANCE * math.exp((needed**2 - score**2) / 2)
        )
    spelt = decoded(votes)
    return replace(seen, unlisted=None if spelt in sought.issued else spelt)


def scores(votes: Votes, words: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each code word the smaller of its two scores, in standard deviations."""
    agreement = words @ votes.per_bit
    length = max(votes.length, float(np.linalg.norm(votes.per_bit)))
    return np.asarray(agreement / length) if length > 0 else np.zeros(len(words))


def decoded(votes: Votes) -> int | None:
    """The id that the votes spell by themselves. A bit that nothing votes on is not a 0: of an even picture all bits
    would be, and that is the code word of id 0.
    """
    if np.count_nonzero(votes.per_bit == 0) > markcode.CORRECTS:
        return None
    return markcode.decode((votes.per_bit < 0).astype(np.uint8))


def weighed(rest: Floats, space: Floats) -> Floats:
    """What each cell's rest says, held down where it is noisy; *space* is the room for a mark in each."""
    noise = np.sqrt(smooth(rest * rest, 3) + 0.25)
    return np.asarray(np.clip(rest / noise, -2.5, 2.5) * (space / noise), dtype=np.float32)


def votes_of(says: Floats, bits: NDArray[np.uint8], signs: Floats) -> Votes:
    """What each cell says, times the sign it would have for a bit of 0, without the cells at the border."""
    chips = says * signs
    inner = np.zeros(chips.shape, dtype=bool)
    inner[1:-1, 1:-1] = True
    used = inner & (bits != UNUSED)
    per_bit = np.bincount(bits[used], weights=chips[used], minlength=markcode.LENGTH)
    return Votes(np.asarray(per_bit, dtype=np.float64), float(np.linalg.norm(chips[used])))


def difference(seen: Floats, whole: Floats, part: tuple[slice, slice]) -> Floats:
    """The copy's cells less what the picture explains: its tones (a cubic), a remaining move or blur, and
    slow changes of light.
    """
    values = whole / 255.0 - 0.5
    down, across = np.gradient(whole)
    blurred = whole - smooth(whole, 1)
    explained = (
        np.stack(
            [np.ones_like(whole), values, values**2, values**3, across / 64, down / 64, blurred / 64], axis=-1
        )[part]
        .reshape(-1, 7)
        .astype(np.float64)
    )
    target = seen.reshape(-1).astype(np.float64)
    weights = np.ones_like(target)
    for _turn in range(3):
        weighted = explained * weights[:, np.newaxis]
        square = weighted.T @ explained + np.eye(7) * 1e-6 * len(target)
        residual = target - explained @ np.linalg.solve(square, weighted.T @ target)
        weights = 1 / (1 + (residual / (3 * np.median(np.abs(residual)) + 0.5)) ** 2)
    rest = residual.reshape(seen.shape).astype(np.float32)
    return np.asarray(rest - smooth(np.clip(rest, -24, 24), 4))


def room(cells: Floats) -> Floats:
    """How much a cell may change, in levels of brightness: more in busy surroundings, where it is not seen."""
    deviation = np.sqrt(np.maximum(smooth(cells * cells, 2) - smooth(cells, 2) ** 2, 0))
    return np.asarray(np.minimum(_FLAT + _BUSY * deviation, _MOST), dtype=np.float32)


def cells_of(picture: Image.Image, grid: tuple[int, int]) -> Floats:
    small = picture.convert("L").resize(grid, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.asarray(small, dtype=np.float32)


def _signs(grid: tuple[int, int], key: bytes, word: markcode.Bits) -> Floats:
    bits, signs = _carriers(grid, key)
    chips = np.append(word.astype(np.float32) * -2 + 1, np.float32(0))
    return np.asarray(chips[bits] * signs, dtype=np.float32)


@lru_cache(maxsize=8)
def _carriers(grid: tuple[int, int], key: bytes) -> tuple[NDArray[np.uint8], Floats]:
    """For each cell (rows, columns) the bit that it carries (255: none) and its sign, from the key alone."""
    count = grid[0] * grid[1]
    seed = b"%s %d %d " % (VERSION.encode(), *grid) + key
    drawn = np.frombuffer(hashlib.shake_256(seed).digest(2 * count), dtype=np.uint8).reshape(
        2, grid[1], grid[0]
    )
    return drawn[0], np.asarray((drawn[1] & 1).astype(np.float32) * 2 - 1)


def smooth(values: Floats, reach: int) -> Floats:
    """The mean of the square that reaches so many cells to each side; at the border of what there is."""
    padded = np.pad(values.astype(np.float64), reach + 1, mode="edge")[:-1, :-1]
    sums = padded.cumsum(axis=0).cumsum(axis=1)
    side = 2 * reach + 1
    total = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(total / side**2, dtype=np.float32)


@lru_cache(maxsize=1)
def _levels() -> list[int]:
    """From the fine plane to whole levels around 128."""
    return [128 + round((value - 128) / _FINE) for value in range(256)]
