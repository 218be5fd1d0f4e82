"""The viewer's name and the time, drawn into the pixels of what they are shown.

Only our own renditions are opened here: plain JPEGs that the worker made afresh from raw pixels and whose structure it
checked. Nothing of an original ever comes this way.
"""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

_QUALITY = 80
#: A mark is this high and this far apart, as shares of the longer side; so that no useful crop is without one.
_HIGH, _APART = 1 / 40, 1 / 4
_INK, _EDGE = (255, 255, 255), (0, 0, 0)


def marked(rendition: bytes, words: str, *, coloured: bool) -> bytes:
    """The rendition as a JPEG with *words* all over it, grey unless *coloured*, without metadata."""
    with Image.open(io.BytesIO(rendition), formats=["JPEG", "PNG", "WEBP"]) as opened:
        picture = opened.convert("RGB") if coloured else opened.convert("L").convert("RGB")
    veil = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    _write_all_over(ImageDraw.Draw(veil), picture.size, words)
    picture.paste(veil, (0, 0), veil)
    out = io.BytesIO()
    Image.frombytes("RGB", picture.size, picture.tobytes()).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _write_all_over(draw: ImageDraw.ImageDraw, size: tuple[int, int], words: str) -> None:
    longer = max(size)
    high = max(9, round(longer * _HIGH))
    font = ImageFont.load_default(high)
    wide = round(draw.textlength(words, font=font)) + 2 * high
    apart = max(3 * high, round(longer * _APART))
    for row, top in enumerate(range(high // 2, size[1], apart)):
        for left in range(high // 2 - (row % 2) * wide // 2, size[0], wide):
            draw.text(
                (left, top),
                words,
                font=font,
                fill=(*_INK, 150),
                stroke_width=max(1, high // 12),
                stroke_fill=(*_EDGE, 110),
            )
