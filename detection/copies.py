"""A picture that turned up somewhere, as plain pixels: opened in a child, bounded, nothing else read of it.

What is compared with what we have shown (``watermark``) is one plane of bytes, checked to be one: whoever takes the
child over can choose pixels, and no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from detection import opening, wire
from detection.examine import PICTURES
from detection.fields import Malformed
from detection.findings import Failure
from detection.limits import DEFAULT, Limits
from detection.sandbox import ChildDied, Given, Lock, Refused
from detection.zygote import Zygote

SIDE = 2048
"""Longer side in pixels, at most: no rendition is larger."""


def open_copy(
    data: bytes, *, limits: Limits = DEFAULT, lock: Lock = Lock.FULL, readers: Zygote = PICTURES
) -> Image.Image | Failure | ChildDied:
    """The first picture of a file, RGB and at most SIDE along its longer side.

    Failure says why it cannot be opened, and is final; ChildDied means that the child ended without an answer. Raises
    sandbox.Unconfined, and zygote.ZygoteLost when no process can be had.
    """
    with readers.talk(work, data, {}, limits, lock=lock) as talk:
        outcome = talk.hear()
        if isinstance(outcome, Refused):
            return outcome.failure
        if isinstance(outcome, ChildDied):
            return outcome
        try:
            return picture_from(outcome.document, outcome.parts)
        except Malformed as error:
            return ChildDied("answer", f"The reader's answer is malformed: {error}.", talk.end())


def work(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Given:
    """In the child: the picture as bytes of red, green and blue."""
    picture = opening.open_media(data, limits).frames[0].convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    header, values = wire.array_to_wire(np.asarray(picture))
    return header, [values]


def picture_from(document: Mapping[str, Any], parts: Sequence[bytes]) -> Image.Image:
    """The picture that a child sent; raises Malformed for anything else."""
    shape = document.get("shape")
    if not isinstance(shape, list) or len(shape) != 3 or len(parts) != 1:
        raise Malformed("not a picture")
    if not all(type(side) is int and 1 <= side <= SIDE for side in shape[:2]) or shape[2] != 3:
        raise Malformed("not a picture of the size asked for")
    return Image.fromarray(wire.array_from_wire(document, parts[0], shape=shape, dtype="|u1"))
