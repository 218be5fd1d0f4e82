"""What may leave the vault instead of an original: the preview, and the rendition. Both are drawn afresh from
raw pixels.
"""

from __future__ import annotations

import io

from PIL import Image

from detection.findings import Derivative
from detection.limits import DEFAULT, Limits

PREVIEW_SIDE = 24
RENDITION_SIDE = 2048
_QUALITIES = (85, 70, 50, 30, 10)


def preview(image: Image.Image) -> Derivative:
    """A greyscale PNG of at most 24 pixels on its longer side: lossless, so that enlarging it shows no more
    than that.
    """
    small = image.resize(_fitting(image.size, PREVIEW_SIDE), Image.Resampling.BOX, reducing_gap=2.0)
    fresh = _fresh(small.convert("L"))
    out = io.BytesIO()
    fresh.save(out, "PNG", optimize=True)
    return Derivative("image/png", fresh.width, fresh.height, out.getvalue())


def rendition(image: Image.Image, limits: Limits = DEFAULT) -> Derivative:
    """A JPEG of at most 2048 pixels on its longer side and ``limits.max_rendition_bytes``, without any
    metadata.

    JPEG, because it takes a tenth of the time of WebP at this size; transparency is already laid on white.
    """
    size = _fitting(image.size, RENDITION_SIDE)
    small = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    fresh = _fresh(small.convert("RGB"))
    for quality in _QUALITIES:
        out = io.BytesIO()
        fresh.save(out, "JPEG", quality=quality, optimize=False, progressive=False)
        if out.tell() <= limits.max_rendition_bytes:
            break
    return Derivative("image/jpeg", fresh.width, fresh.height, out.getvalue())


def _fitting(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size scaled down (never up) so that its longer side is at most ``side``; no side falls below 1."""
    longer = max(size)
    if longer <= side:
        return size
    return max(1, round(size[0] * side / longer)), max(1, round(size[1] * side / longer))


def _fresh(image: Image.Image) -> Image.Image:
    """Only the pixels: Pillow carries comments, ICC profiles and EXIF of an opened file along into what it
    saves.
    """
    return Image.frombytes(image.mode, image.size, image.tobytes())
