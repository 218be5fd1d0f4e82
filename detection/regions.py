"""Where in a picture a model sees faces and regions of a body: labelled boxes, so that fewer people have to look.

Decodes the answer of a YOLOv8 detector: for each of its candidates the middle, the size and one score a class, in
pixels of the plane. Of candidates that overlap the strongest stays, whatever the classes: so does the NudeNet package,
whose answers the tests compare with. Words and kinds of regions: ``cards.REGIONS``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detection.cards import REGIONS, Card, Part
from detection.findings import Signal, Status, Strength
from detection.models import plane_spec
from detection.planes import Fit, placed_size

NAME = "regions"
NOT_SCORED = "Regions: not looked for."
MAX_BOXES = 50

_CAVEAT = "A model's view: it misses and mistakes."
_NOTHING = "No face and no region of a body was recognised, which does not show that there is none."


@dataclass(frozen=True, slots=True)
class Box:
    """One region: ``label`` of ``cards.REGIONS``, score, and corner and size as shares from 0 to 1 of the picture."""

    label: str
    score: float
    x: float
    y: float
    w: float
    h: float

    @property
    def is_face(self) -> bool:
        """Whether it is a face."""
        return REGIONS[self.label][0] is Part.FACE

    @property
    def is_exposed(self) -> bool:
        """Whether it is an intimate part that is uncovered."""
        return REGIONS[self.label] == (Part.INTIMATE, True)


def decode(answer: NDArray[np.float32], card: Card, size: tuple[int, int]) -> tuple[Box, ...]:
    """The boxes in one answer (1, 4 + classes, candidates), strongest first, at most MAX_BOXES.

    *size* is the picture's width and height in pixels, upright: a letterbox must be taken off again.
    """
    rows = answer[0].T
    classes = rows[:, 4:]
    scores = classes.max(axis=1)
    kept = np.flatnonzero(scores >= card.output.threshold)
    kept = kept[np.argsort(-scores[kept], kind="stable")]
    corners = _corners(rows[kept, :4], _within(card, size))
    strongest = _without_overlaps(corners, card.output.overlap)[:MAX_BOXES]
    labels = classes[kept].argmax(axis=1)
    return tuple(
        _box(card.output.labels[labels[place]], float(scores[kept[place]]), corners[place])
        for place in strongest
        if (corners[place, 2:] > corners[place, :2]).all()
    )


def _within(card: Card, size: tuple[int, int]) -> tuple[float, float]:
    """The part of the plane that holds the picture, in its pixels: width and height."""
    spec = plane_spec(card)
    return placed_size(size, spec) if spec.fit is Fit.LETTERBOX else (spec.width, spec.height)


def _corners(middles: NDArray[np.float32], within: tuple[float, float]) -> NDArray[np.float64]:
    """Left, top, right, bottom as shares of the picture, from middle and size in pixels of the plane."""
    middle, size = middles[:, :2].astype(np.float64), middles[:, 2:].astype(np.float64)
    corners = np.concatenate([middle - size / 2, middle + size / 2], axis=1) / (*within, *within)
    shares: NDArray[np.float64] = np.clip(corners, 0.0, 1.0)
    return shares


def _without_overlaps(corners: NDArray[np.float64], overlap: float) -> list[int]:
    """Places of the boxes, strongest first, less those that share more than *overlap* with a stronger one."""
    areas = np.prod(corners[:, 2:] - corners[:, :2], axis=1)
    left = np.arange(len(corners))
    kept: list[int] = []
    while left.size:
        first, left = int(left[0]), left[1:]
        kept.append(first)
        low = np.maximum(corners[first, :2], corners[left, :2])
        high = np.minimum(corners[first, 2:], corners[left, 2:])
        shared = np.prod(np.clip(high - low, 0.0, None), axis=1)
        union = areas[first] + areas[left] - shared
        left = left[shared <= overlap * union]
    return kept


def _box(label: str, score: float, corners: NDArray[np.float64]) -> Box:
    left, top, right, bottom = (float(value) for value in corners)
    return Box(label, min(max(score, 0.0), 1.0), left, top, right - left, bottom - top)


def tell(card: Card, frames: Sequence[Sequence[Box]]) -> Signal:
    """The ``regions`` signal for the boxes of a picture, or of the sampled frames of a film.

    ``boxes`` are those of the frame that shows most; ``faces`` is the most in any one frame.
    """
    shown = max(range(len(frames)), key=lambda place: (_exposure(frames[place]), len(frames[place]), -place))
    boxes, seen = frames[shown], sum(bool(one) for one in frames)
    data: dict[str, Any] = {
        "boxes": [_as_data(box) for box in boxes],
        "faces": max(sum(box.is_face for box in one) for one in frames),
        "counts": dict(Counter(box.label for box in boxes)),
        "exposed": round(_exposure(boxes), 4),
        "frame": shown,
        "frames": len(frames),
        "frames_exposed": sum(_exposure(one) > 0 for one in frames),
    }
    status = Status.FOUND if seen else Status.NOT_FOUND
    sentence = f"{_in_words(boxes, len(frames), seen)} {_CAVEAT}" if seen else _NOTHING
    return Signal(NAME, card.version, status, sentence, strength=Strength.WEAK, data=data)


def _exposure(boxes: Sequence[Box]) -> float:
    """The highest score of an intimate part that is uncovered; 0 without one."""
    return max((box.score for box in boxes if box.is_exposed), default=0.0)


def _as_data(box: Box) -> dict[str, Any]:
    shares = {name: round(getattr(box, name), 4) for name in ("score", "x", "y", "w", "h")}
    return {"label": box.label, **shares}


def _in_words(boxes: Sequence[Box], frames: int, seen: int) -> str:
    faces, exposed = sum(box.is_face for box in boxes), sum(box.is_exposed for box in boxes)
    uncovered = sum(REGIONS[box.label][1] for box in boxes) - exposed
    covered = len(boxes) - faces - exposed - uncovered
    counted = (
        (faces, "face"),
        (exposed, "uncovered intimate region"),
        (uncovered, "other uncovered region"),
        (covered, "covered region"),
    )
    words = ", ".join(f"{count} {noun}{'s' * (count > 1)}" for count, noun in counted if count)
    if frames == 1:
        return f"{words[0].upper()}{words[1:]}."
    return f"In the frame that shows most: {words}; boxes in {seen} of {frames} frames."
