"""Which playback a still or a film came from: laid over the film's own pictures, or read without them.

``read_whole`` needs nothing but the copy, which must show the whole frame; a plain page around it is taken off.
``recognise`` is given the pictures of the part that was watched: it finds which of them the copy shows and where they
lie in it, once, and adds up what every picture of the copy says. ``registration`` places: no turns, no perspective.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageOps

from detection import watermark
from detection.registration import Box, Floats, Placement, Plane, Window, fitting, placements, refine
from detection.video import marks
from detection.video.marks import Evidence, Reading
from detection.video.pictures import Part

MOST_SEARCHED = 16
"""Pictures of the film over which a copy is searched for at every scale, when it does not show the whole frame."""

_THUMB, _FINE = 32, 128
_LIKELIEST = 4
_BOXES = 4
_PLACED = 0.9
"""A placement that fits so well (correlation) is not searched for any further."""

_PAGE = 12
"""Levels by which a page around a picture may differ from its corner's."""

_TURNS = (False, True)


def read_whole(
    copy: Sequence[Image.Image], issued: Sequence[int], words: NDArray[np.float64], *, key: bytes
) -> Reading:
    """The mark of a copy (grey pictures of one size) that shows the whole frame, without knowing the film.

    *words* are those of *issued* (``marks.words_of``). At most 12 of the ``marks.TRIES``.
    """
    best = Reading()
    for mirrored in _TURNS:
        turned = [ImageOps.mirror(one) if mirrored else one for one in copy]
        for pictures in _framings(turned):
            columns, rows = marks.grid_of(pictures[0].size)
            for grid in _near_grids(columns, rows):
                evidence = Evidence(grid)
                for one in pictures:
                    evidence.add_whole(one)
                reading = evidence.read(issued, words, key)
                if reading.mark_id is not None:
                    return reading
                best = max(best, replace(reading, unlisted=reading.unlisted or best.unlisted), key=_score)
    return best


def recognise(
    copy: Sequence[Image.Image], part: Part, size: tuple[int, int], issued: Sequence[int], *, key: bytes
) -> Reading:
    """Which of the marks *issued* for playbacks of *part*, *size* pixels large, a copy (grey pictures) carries."""
    known = _Known.of(part)
    words = marks.words_of(issued)
    best = Reading()
    for mirrored in _TURNS:
        turned = [ImageOps.mirror(one) if mirrored else one for one in copy]
        for pictures in _framings(turned):
            reading = _read(pictures, known, marks.grid_of(size), issued, words, key)
            if reading.mark_id is not None or reading.unlisted is not None:
                return reading
            best = max(best, reading, key=lambda one: one.similarity)
        if best.same_film:
            break
    return best


@dataclass(frozen=True, slots=True)
class _Known:
    """The film's pictures, and each as a small plane (pictures, rows, columns)."""

    part: Part
    small: Floats

    @classmethod
    def of(cls, part: Part) -> _Known:
        size = fitting(part.picture(0).size, _THUMB)
        numbers = range(len(part.at))
        small = np.stack([np.asarray(part.picture(n).resize(size, Image.Resampling.BOX)) for n in numbers])
        return cls(part, small.astype(np.float32))

    @property
    def grid(self) -> tuple[int, int]:
        return self.small.shape[2], self.small.shape[1]

    def plane(self, number: int) -> Plane:
        return Plane.of(self.part.picture(number))

    def likeliest(self, copy: Plane, box: Box, most: int) -> list[int]:
        """The pictures that fit best what the copy shows where *box* lies, the best first."""
        window = copy.shown(box, self.grid)
        if window is None:
            return []
        seen = copy.cells(box, self.grid, window).ravel()
        shown = self.small[:, window.top : window.bottom, window.left : window.right]
        likeness = _normal(shown.reshape(len(shown), -1)) @ _normal(seen[np.newaxis])[0]
        return [int(one) for one in np.argsort(-likeness, kind="stable")[:most]]


def _read(
    pictures: Sequence[Image.Image], known: _Known, grid: tuple[int, int], issued: Sequence[int],
    words: NDArray[np.float64], key: bytes,
) -> Reading:  # fmt: skip
    """The best of the readings at the ``_BOXES`` likeliest places where the film may lie in the copy."""
    planes = [Plane.of(one) for one in pictures]
    best = Reading()
    for placed in _places(planes[len(planes) // 2], known):
        if placed.similarity < watermark.LIKELY:
            continue
        evidence = Evidence(grid)
        for plane in planes:
            _add(plane, placed.box, known, evidence)
        reading = replace(evidence.read(issued, words, key), similarity=placed.similarity)
        if reading.mark_id is not None or reading.unlisted is not None:
            return reading
        best = max(best, reading, key=lambda one: one.similarity)
    return best


def _add(plane: Plane, box: Box, known: _Known, evidence: Evidence) -> None:
    """What one picture of the copy says, laid over the one picture of the film that fits best where *box* lies.

    The picture is picked before anything is moved: its neighbours in a pan fit as well somewhere else, and the mark,
    which does not move with the film, would be looked for in the wrong cells.
    """
    found = known.likeliest(plane, box, _LIKELIEST)
    if not found:
        return
    number = max(found, key=lambda one: _fit(plane, known.plane(one), box))
    placed = refine(plane, known.plane(number), box)
    if placed.similarity >= watermark.LIKELY:
        evidence.add_placed(plane, placed.box, known.plane(number))


def _places(plane: Plane, known: _Known) -> Iterator[Placement]:
    """Where the film may lie in the copy, at most ``_BOXES``: all of it, then what a search over scales finds.

    The second comes from neighbouring pictures of the film, each of which fits somewhere else while it moves.
    """
    found = known.likeliest(plane, plane.frame, _LIKELIEST)
    whole = max((_fit(plane, known.plane(one), plane.frame) for one in found), default=-1.0)
    yield Placement(plane.frame, whole)
    near = [refine(plane, known.plane(one), plane.frame) for one in found]
    if max([whole, *(one.similarity for one in near)]) < _PLACED:
        box, number = _searched(plane, known)
        last = len(known.part.at) - 1
        around = sorted({min(last, max(0, number + step)) for step in (0, -1, 1)})
        near = [refine(plane, known.plane(one), box) for one in around]
    yield from sorted(near, key=lambda one: -one.similarity)[: _BOXES - 1]


def _searched(plane: Plane, known: _Known) -> tuple[Box, int]:
    """Where the film lies in a copy that shows a part, or more, and its picture: searched for over some pictures,
    spread over the film's time.
    """
    best, fits = Placement(plane.frame, -1.0), 0
    for number in _spread(len(known.part.at), MOST_SEARCHED):
        for guess in placements(plane, known.plane(number)):
            if guess.similarity > best.similarity:
                best, fits = guess, number
        if best.similarity >= _PLACED:
            break
    tried = [
        (refine(plane, known.plane(one), best.box), one)
        for one in known.likeliest(plane, best.box, _LIKELIEST)
    ]
    again, number = max(tried, key=lambda one: one[0].similarity, default=(best, fits))
    return (again.box, number) if again.similarity > best.similarity else (best.box, fits)


def _fit(plane: Plane, picture: Plane, box: Box) -> float:
    """The correlation of a picture with what the copy shows exactly where *box* lies."""
    grid = fitting(picture.image.size, _FINE)
    window = plane.shown(box, grid)
    if window is None:
        return -1.0
    whole = picture.cells(picture.frame, grid, Window(0, 0, *grid))
    shown = whole[window.top : window.bottom, window.left : window.right]
    seen = plane.cells(box, grid, window)
    return float((_normal(seen.reshape(1, -1)) @ _normal(shown.reshape(1, -1)).T)[0, 0])


def _spread(count: int, most: int) -> list[int]:
    """At most *most* of the numbers below *count*, evenly spread, the middle ones first."""
    picked = sorted({round((step + 0.5) * count / most - 0.5) for step in range(most)})
    return sorted((min(count - 1, max(0, one)) for one in picked), key=lambda one: abs(one - count / 2))


def _framings(copy: Sequence[Image.Image]) -> list[list[Image.Image]]:
    """The copy as it is, and without the plain page that lies around it in all its pictures, if there is one."""
    whole = list(copy)
    lit = whole[len(whole) // 2]
    page = Image.new("L", lit.size, int(np.asarray(lit)[0, 0]))
    differs = ImageChops.difference(lit, page).point([0] * _PAGE + [255] * (256 - _PAGE))
    box = differs.getbbox()
    if (
        box is None
        or box == (0, 0, *lit.size)
        or min(box[2] - box[0], box[3] - box[1]) < watermark.SMALLEST_SIDE
    ):
        return [whole]
    return [[one.crop(box) for one in whole], whole]


def _near_grids(columns: int, rows: int) -> list[tuple[int, int]]:
    """A copy whose sides were rounded may have had a cell more or less along the shorter one."""
    if columns >= rows:
        return [(columns, rows), (columns, rows - 1), (columns, rows + 1)] if rows > 1 else [(columns, rows)]
    return [(columns, rows), (columns - 1, rows), (columns + 1, rows)]


def _score(reading: Reading) -> float:
    return reading.score


def _normal(values: Floats) -> Floats:
    """Each row less its mean, of length 1."""
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt((centred * centred).sum(axis=1, keepdims=True))
    return np.asarray(centred / np.maximum(length, 1e-6), dtype=np.float32)
