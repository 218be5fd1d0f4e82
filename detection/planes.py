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
    LETTERBOX = "letterbox"
    """Scaled to fit into the upper left corner, the rest black."""


@dataclass(frozen=True, slots=True)
class PlaneSpec:
    """The shape a model wants. ``jpeg`` is the quality of one trip through JPEG, for models trained behind one."""

    name: str
    width: int
    height: int
    fit: Fit = Fit.SQUEEZE
    resized: int = 0
    jpeg: int = 0


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


def _squeezed(frame: Image.Image, spec: PlaneSpec) -> Image.Image:
    return frame.resize((spec.width, spec.height), Image.Resampling.BILINEAR)


def _centred(frame: Image.Image, spec: PlaneSpec) -> Image.Image:
    small = frame.resize((spec.resized, spec.resized), Image.Resampling.BILINEAR)
    left, top = (spec.resized - spec.width) // 2, (spec.resized - spec.height) // 2
    return small.crop((left, top, left + spec.width, top + spec.height))


def _letterboxed(frame: Image.Image, spec: PlaneSpec) -> Image.Image:
    scale = min(spec.width / frame.width, spec.height / frame.height)
    size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    plane = Image.new("RGB", (spec.width, spec.height))
    plane.paste(frame.resize(size, Image.Resampling.BILINEAR), (0, 0))
    return plane


_PLACED = {Fit.SQUEEZE: _squeezed, Fit.CENTRE: _centred, Fit.LETTERBOX: _letterboxed}
