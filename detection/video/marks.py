"""The invisible mark of a film that is watched: the same pattern in every picture, read again in a still or in a copy.

The method is that of ``watermark``, made coarser and stronger for what H.264 leaves over: ``CELLS`` cells along the
longer side, so that one is as large as a block that the codec transforms at once. Each picture of the playback carries
the whole pattern, so any still does; in a copy of the film what its pictures say is added up cell by cell.

A reading is scored as in ``watermark`` (the smaller of two scores, each with Hoeffding's bound), and its chance is
multiplied by the ids compared and by the ``TRIES`` placements that one comparison may score.

The process that makes a playback reads hostile bytes, so it gets the pattern of one mark and never the key.

Not covered: what stays the same in all pictures can be estimated from many of them, so whoever averages a film with a
still camera and subtracts its motif weakens the mark; copies turned by more than a degree; films of a screen.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection import markcode, watermark
from detection.registration import Box, Floats, Plane, Window, fitting

VERSION = "casework-film-mark 1"
CELLS = 64
STRENGTH = 2.0
TRIES = 16
"""Times at most that one comparison of a copy with a film, or with nothing, may be scored."""

PATTERN_BYTES = CELLS * CELLS // 8


@dataclass(frozen=True, slots=True)
class Reading:
    """What a copy says about the marks that were issued: ``mark_id`` is one of them, ``unlisted`` one of this key that
    is not; ``chance`` bounds an accident, over all ids and tries. ``pictures`` of the copy were read.
    """

    mark_id: int | None = None
    chance: float = 1.0
    score: float = 0.0
    unlisted: int | None = None
    pictures: int = 0
    similarity: float = -1.0

    @property
    def same_film(self) -> bool:
        """Whether the copy could be placed on the film."""
        return self.similarity >= watermark.SAME_PICTURE


def pattern(mark_id: int, key: bytes) -> bytes:
    """What the maker of a playback needs of its mark: a sign for each of 64 x 64 cells, packed.

    Raises ValueError for an id of more than 48 bits.
    """
    bits, signs = _carriers(key)
    word = 1.0 - 2.0 * markcode.encode([mark_id])[0].astype(np.float32)
    chips = np.append(word, np.float32(1))[np.minimum(bits, markcode.LENGTH)] * signs
    return np.packbits(chips > 0).tobytes()


def grid_of(size: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows of cells for pictures of *size* pixels."""
    return fitting(size, CELLS)


class Marker:
    """Puts one mark, as ``pattern`` gives it, into pictures of one size; those under 64 pixels stay as they are."""

    def __init__(self, size: tuple[int, int], packed: bytes) -> None:
        columns, rows = grid_of(size)
        signs = np.unpackbits(np.frombuffer(packed, dtype=np.uint8)).reshape(CELLS, CELLS)
        self._signs = signs[:rows, :columns].astype(np.float32) * 2 - 1
        self._has_room = max(size) >= watermark.SMALLEST_SIDE

    def marked(self, picture: Image.Image) -> Image.Image:
        """The picture (RGB) with the mark in it."""
        return watermark.draw_signs(picture, self._signs, STRENGTH) if self._has_room else picture


class Evidence:
    """What the pictures of one copy say of each cell, added up."""

    def __init__(self, grid: tuple[int, int]) -> None:
        self.grid = grid
        self.pictures = 0
        self._says = np.zeros((grid[1], grid[0]), dtype=np.float32)

    def add_placed(self, copy: Plane, box: Box, picture: Plane) -> None:
        """One picture of the copy, with the unmarked *picture* that it shows and the *box* where that lies in it."""
        window = copy.shown(box, self.grid)
        if window is None:
            return
        whole = picture.cells(picture.frame, self.grid, Window(0, 0, *self.grid))
        part = slice(window.top, window.bottom), slice(window.left, window.right)
        rest = watermark.difference(copy.cells(box, self.grid, window), whole, part)
        self._says[part] += watermark.weighed(rest, watermark.room(whole)[part])
        self.pictures += 1

    def add_whole(self, copy: Image.Image) -> None:
        """One picture of a copy that shows the whole frame, without knowing what it shows."""
        seen = watermark.cells_of(copy, self.grid)
        self._says += watermark.weighed(seen - watermark.smooth(seen, 1), watermark.room(seen))
        self.pictures += 1

    def read(self, issued: Sequence[int], words: NDArray[np.float64], key: bytes) -> Reading:
        """Which of the *issued* marks, of which *words* (``words_of``) are the code words, all this speaks for."""
        bits, signs = _carriers(key)
        columns, rows = self.grid
        votes = watermark.votes_of(self._says, bits[:rows, :columns], signs[:rows, :columns])
        found = watermark.scores(votes, words)
        winner = int(np.argmax(found)) if len(found) else None
        score = 0.0 if winner is None else float(found[winner])
        chance = (
            min(1.0, max(1, len(found)) * TRIES * math.exp(-(min(score, 35.0) ** 2) / 2))
            if score > 0
            else 1.0
        )
        if winner is not None and chance <= watermark.CHANCE:
            return Reading(issued[winner], chance, score, None, self.pictures)
        spelt = watermark.decoded(votes)
        return Reading(None, 1.0, score, None if spelt in issued else spelt, self.pictures)


def words_of(issued: Sequence[int]) -> NDArray[np.float64]:
    """The code words of marks, one a row, as +1 and -1."""
    return 1.0 - 2.0 * markcode.encode(issued).astype(np.float64)


@lru_cache(maxsize=4)
def _carriers(key: bytes) -> tuple[NDArray[np.uint8], Floats]:
    """For each of 64 x 64 cells the bit that it carries (255: none) and its sign; a film has the upper left of them."""
    seed = VERSION.encode() + b" " + key
    drawn = np.frombuffer(hashlib.shake_256(seed).digest(2 * CELLS * CELLS), dtype=np.uint8)
    drawn = drawn.reshape(2, CELLS, CELLS)
    return drawn[0], np.asarray((drawn[1] & 1).astype(np.float32) * 2 - 1)
