"""What a shown picture carries: the viewer's name and the time in plain sight, and a mark that is not seen.

The name deters; the mark tells later, in a copy that was cropped, scaled or saved again, which reveal it came from
(``tracing``). A picture that is handed to a partner carries their name and a mark of its own in the same way. Only our
own renditions are opened here: plain JPEGs that the worker made afresh from raw pixels and whose structure it checked.
Nothing of an original ever comes this way.
"""

from __future__ import annotations

import io
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils import timezone
from PIL import Image, ImageDraw, ImageFont

from casework.privacy.keyring import mark_key

if TYPE_CHECKING:  # what draws and marks needs no database: the benches measure it as it is
    import uuid

    from .models import Mark, Reveal

_QUALITY = 80
#: A mark is this high and this far apart, as shares of the longer side; so that no useful crop is without one.
_HIGH, _APART = 1 / 40, 1 / 4
_INK, _EDGE = (255, 255, 255), (0, 0, 0)
_LONGEST_NAME = 30
#: No font draws this; what looks like it is missing.
_NOTHING = "\U0010fffd"


def shown(reveal: Reveal, rendition: bytes) -> bytes:
    """*rendition* as *reveal* may show it: with its words and its mark, grey until colour was asked for.

    A JPEG without metadata. Raises KeyMissing where this process holds no key of marks: then nothing is shown.
    """
    words = words_of(reveal)
    return marked(
        rendition,
        words,
        coloured=reveal.coloured_at is not None,
        mark=int(reveal.mark.value),
        key=mark_key(),
    )


def handed_over(mark: Mark, rendition: bytes, *, words: str) -> bytes:
    """*rendition* in colour as an export hands it over, with *words* (``words_of_export``) and *mark*.

    A JPEG without metadata. Raises KeyMissing where this process holds no key of marks: then nothing is handed over.
    """
    return marked(rendition, words, coloured=True, mark=int(mark.value), key=mark_key())


def marked(rendition: bytes, words: str, *, coloured: bool, mark: int, key: bytes) -> bytes:
    """*rendition* (JPEG, PNG or WebP of ours) as JPEG with *words* all over it and the invisible *mark* (48 bits).

    Pictures under 64 pixels have no room for a mark and carry the words alone.
    """
    # Here and not above: a web process that shows no picture needs no arithmetic on arrays.
    from detection import watermark

    with Image.open(io.BytesIO(rendition), formats=["JPEG", "PNG", "WEBP"]) as opened:
        picture = opened.convert("RGB") if coloured else opened.convert("L").convert("RGB")
    veil = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    _write_all_over(ImageDraw.Draw(veil), picture.size, words)
    picture.paste(veil, (0, 0), veil)
    if max(picture.size) >= watermark.SMALLEST_SIDE:
        picture = watermark.embed(picture, mark, key=key)
    out = io.BytesIO()
    Image.frombytes("RGB", picture.size, picture.tobytes()).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def words_of(reveal: Reveal) -> str:
    """What is drawn into the pixels: who looks, when, and under which reveal (the log finds it by these digits)."""
    now = timezone.now().strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{drawable_name(reveal.person.name, reveal.person.email)} {now} {str(reveal.public_id)[:8]}"


def words_of_export(recipient: str, package: uuid.UUID) -> str:
    """What is drawn into a picture that is handed over: who receives it, and in which package."""
    return f"{drawable_name(recipient, '')} {str(package)[:8]}"


def drawable_name(name: str, email: str) -> str:
    """The name without accents where our font has its letters, else what stands before the @ of the address.

    A name of many letters must not push time and digits over the edge, nor turn or break the line.
    """
    printable = "".join(filter(str.isprintable, unicodedata.normalize("NFKD", name)))
    plain = "".join(letter for letter in printable if not unicodedata.combining(letter))[:_LONGEST_NAME]
    if plain.strip() and all(map(_is_drawn, plain)):
        return plain
    return "".join(filter(_is_drawn, email.partition("@")[0]))[:_LONGEST_NAME] or "?"


@lru_cache(maxsize=4096)
def _is_drawn(letter: str) -> bool:
    """Whether the font has a shape for *letter*; for what it lacks it draws an empty box."""
    font = ImageFont.load_default(24)
    if letter.isspace():
        return letter == " "
    return bytes(font.getmask(letter)) != bytes(font.getmask(_NOTHING))


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
