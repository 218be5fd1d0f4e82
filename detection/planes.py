"""What a model gets instead of a picture: planes of a fixed shape, made where the picture is open.

A ``PlaneSpec`` comes from a model's description, so that the process which holds a model never touches a decoder and
the process which decodes knows nothing of models.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Planes = Mapping[str, NDArray[np.uint8]]
"""By the name of the spec: (frames, height, width, 3), uint8 RGB."""


class Fit(StrEnum):
    """How a picture of any shape becomes one of a fixed shape."""

    SQUEEZE = "squeeze"
    CENTRE = "centre"
    """Squeezed to ``resized`` on both sides, of which the middle is taken."""
    COVER = "cover"
    """Scaled so that the shorter side is ``resized``, of which the middle is taken."""
    LETTERBOX = "letterbox"
    """Scaled to fit into the upper left corner, the rest black."""


class Resample(StrEnum):
    """How pixels are made smaller."""

    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    PLAIN = "plain"
    """Bilinear between the four nearest pixels, however much smaller it gets: as OpenCV does it by default."""


@dataclass(frozen=True, slots=True)
class PlaneSpec:
    """The shape a model wants. ``jpeg`` is the quality of one trip through JPEG, for models trained behind one."""

    name: str
    width: int
    height: int
    fit: Fit = Fit.SQUEEZE
    resized: int = 0
    jpeg: int = 0
    resample: Resample = Resample.BILINEAR


def prepare(frames: Sequence[Image.Image], specs: Sequence[PlaneSpec]) -> dict[str, NDArray[np.uint8]]:
    """Planes of all RGB *frames* for every one of *specs*."""
    return {spec.name: np.stack([_plane(frame, spec) for frame in frames]) for spec in specs}


def _plane(frame: Image.Image, spec: PlaneSpec) -> NDArray[np.uint8]:
    placed = _PLACED[spec.fit](frame, spec)
    if not spec.jpeg:
        return np.array(placed, dtype=np.uint8)
    written = io.BytesIO()
    placed.save(written, "JPEG", quality=spec.jpeg)
    written.seek(0)
    with Image.open(written, formats=["JPEG"]) as again:
        return np.array(again, dtype=np.uint8)


def _scaled(frame: Image.Image, size: tuple[int, int], resample: Resample) -> Image.Image:
    if resample is Resample.PLAIN:
        steps = frame.width / size[0], 0, 0, 0, frame.height / size[1], 0
        return frame.transform(size, Image.Transform.AFFINE, steps, Image.Resampling.BILINEAR)
    smooth = Image.Resampling.BICUBIC if resample is Resample.BICUBIC else Image.Resampling.BILINEAR
    return frame.resize(size, smooth)


def _squeezed(frame: Image.Image, spec: PlaneSpec) -> Image.Image:
    return _scaled(frame, (spec.width, spec.height), spec.resample)


def _centred(frame: Image.Image, spec: PlaneSpec) -> Image.Image:
    return _middle(_scaled(frame, (spec.resized, spec.resized), spec.resample), spec)


def _covering(frame: Image.Image, spec: PlaneSpec) -> Image.Image:
    """The middle of the frame, cut before it is scaled: a very long picture must not become a very large one."""
    across = min(frame.width, frame.height) / spec.resized
    left, right = _middle_of(frame.width, spec.width * across)
    top, bottom = _middle_of(frame.height, spec.height * across)
    cut = frame.crop((left, top, right, bottom))
    return _scaled(cut, (spec.width, spec.height), spec.resample)


def _middle_of(whole: int, part: float) -> tuple[int, int]:
    """Where the middle *part* of a side begins and ends, in whole pixels and at least one of them."""
    begin = int((whole - part) / 2)
    return begin, max(begin + 1, round((whole + part) / 2))


def _middle(small: Image.Image, spec: PlaneSpec) -> Image.Image:
    left, top = (small.width - spec.width) // 2, (small.height - spec.height) // 2
    return small.crop((left, top, left + spec.width, top + spec.height))


def _letterboxed(frame: Image.Image, spec: PlaneSpec) -> Image.Image:
    if spec.resample is Resample.PLAIN:
        step = 1 / _scale((frame.width, frame.height), spec)
        # A row and column of the black beside the picture, where there is some: its last pixels blend into that.
        right, below = round(spec.width * step) > frame.width, round(spec.height * step) > frame.height
        edged = frame.crop((0, 0, frame.width + right, frame.height + below))
        steps = step, 0, 0, 0, step, 0
        size = spec.width, spec.height
        return edged.transform(size, Image.Transform.AFFINE, steps, Image.Resampling.BILINEAR)
    width, height = placed_size((frame.width, frame.height), spec)
    plane = Image.new("RGB", (spec.width, spec.height))
    plane.paste(_scaled(frame, (int(width), int(height)), spec.resample), (0, 0))
    return plane


def placed_size(size: tuple[int, int], spec: PlaneSpec) -> tuple[float, float]:
    """How large a picture of *size* (width, height) lies in the plane of a letterbox, in pixels of the plane."""
    width, height = (side * _scale(size, spec) for side in size)
    if spec.resample is Resample.PLAIN:
        return width, height
    return max(1.0, round(width)), max(1.0, round(height))


def _scale(size: tuple[int, int], spec: PlaneSpec) -> float:
    return min(spec.width / size[0], spec.height / size[1])


_PLACED = {
    Fit.SQUEEZE: _squeezed,
    Fit.CENTRE: _centred,
    Fit.COVER: _covering,
    Fit.LETTERBOX: _letterboxed,
}
