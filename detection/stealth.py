"""Text that generators hide in the lowest bits of a picture: NovelAI's "stealth" form and what copies it.

A magic word, a length of 32 bits that counts bits, and the text, plain or as gzip, bit by bit down the columns: in
the alpha channel, or in red, green and blue. NovelAI writes the length of an error correction behind it, which is
noted and not used. It is read before transparency is laid on white, which destroys it, and survives only in files
that nobody re-encoded. Source: NovelAI's published reader (novelai-image-metadata) and the "stealth" extensions of
the Stable Diffusion web UI, as ``domain`` lists them; written anew from that description.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from detection.blocks import Blocks
from detection.exif import Exif
from detection.findings import Signal, Status, Strength
from detection.generators import LONGEST_TEXT, json_object, marks
from detection.limits import DEFAULT, Limits

NAME = "stealth_metadata"
VERSION = "stealth 1"

MAGIC_BYTES, LENGTH_BYTES = 15, 4
NO_CORRECTION = 0xFFFFFFFF
_PLACES = {
    b"stealth_pnginfo": "alpha",
    b"stealth_pngcomp": "alpha",
    b"stealth_rgbinfo": "colours",
    b"stealth_rgbcomp": "colours",
}
_ALPHA = ("RGBA", "LA")
_COLOURS = ("RGB", "RGBA", "RGBX")
_LOSSY = ("JPEG", "HEIC")


@dataclass(frozen=True, slots=True)
class Hidden:
    """What the lowest bits hold behind a magic word. ``text`` is empty where it could not be read (``damaged``).

    ``corrected`` says that an error correction follows, ``cut`` that the text is longer than what is read.
    """

    magic: str
    where: str
    text: str
    damaged: bool = False
    corrected: bool = False
    cut: bool = False


def find(image: Image.Image, limits: Limits = DEFAULT) -> Hidden | None:
    """What is hidden in a decoded picture as its file holds it, neither upright nor laid on white; None for nothing.

    At most ``limits.max_text_bytes`` are read and inflated.
    """
    for where, modes in (("alpha", _ALPHA), ("colours", _COLOURS)):
        if image.mode in modes:
            magic = _bytes(image, where, 0, MAGIC_BYTES)
            if _PLACES.get(magic) == where:
                return _read(image, where, magic, limits)
    return None


def _read(image: Image.Image, where: str, magic: bytes, limits: Limits) -> Hidden:
    name = magic.decode()
    length = _number(image, where, MAGIC_BYTES)
    start = MAGIC_BYTES + LENGTH_BYTES
    if length is None or start + length // 8 > _room(image, where):
        return Hidden(name, where, "", damaged=True)
    size = length // 8
    packed = _bytes(image, where, start, min(size, limits.max_text_bytes))
    correction = _number(image, where, start + size) if where == "alpha" else None
    raw, cut = packed, size > len(packed)
    if name.endswith("comp"):
        raw, inflated_cut = _inflated(packed, limits.max_text_bytes)
        cut = cut or inflated_cut
    text = raw.decode("utf-8", "replace").replace("\0", "")
    corrected = correction is not None and 0 < correction < NO_CORRECTION
    return Hidden(
        name, where, text, damaged=not text, corrected=corrected and _fits(image, correction), cut=cut
    )


def _fits(image: Image.Image, bits: int | None) -> bool:
    return bits is not None and bits <= image.width * image.height


def _room(image: Image.Image, where: str) -> int:
    """How many whole bytes the picture can hide."""
    return image.width * image.height * (1 if where == "alpha" else 3) // 8


def _number(image: Image.Image, where: str, start: int) -> int | None:
    """A big-endian number of 32 bits at byte *start*, None where the picture ends before it."""
    raw = _bytes(image, where, start, LENGTH_BYTES)
    return int.from_bytes(raw, "big") if len(raw) == LENGTH_BYTES else None


def _bytes(image: Image.Image, where: str, start: int, size: int) -> bytes:
    """*size* bytes from byte *start*, fewer where the picture ends: only the columns that hold them are looked at."""
    depth = 1 if where == "alpha" else 3
    column = image.height * depth
    first, last = start * 8 // column, min(image.width, -(-(start + size) * 8 // column))
    if first >= last:
        return b""
    part = image.crop((first, 0, last, image.height))
    pixels = np.asarray(part.getchannel("A") if where == "alpha" else part)
    pixels = pixels.reshape(image.height, last - first, -1)[:, :, :depth]
    bits = (pixels.transpose(1, 0, 2).reshape(-1) & 1)[start * 8 - first * column :][: size * 8]
    return np.packbits(bits[: bits.size // 8 * 8]).tobytes()


def _inflated(packed: bytes, most: int) -> tuple[bytes, bool]:
    """What gzip held, at most *most* bytes, and whether there was more; nothing where it is no gzip."""
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        plain = unpacking.decompress(packed, most)
    except zlib.error:
        return b"", False
    return plain, bool(unpacking.unconsumed_tail)


def signal(hidden: Hidden | None, media_format: str) -> Signal:
    """The ``stealth_metadata`` signal of what ``find`` gave; ``media_format`` is that of ``Media``."""
    if hidden is None and media_format in _LOSSY:
        return Signal(
            NAME,
            VERSION,
            Status.NOT_APPLICABLE,
            "This kind of file cannot keep text in the lowest bits of its pixels.",
        )
    if hidden is None:
        sentence = (
            "No generator's text is hidden in the pixels. Saving a picture anew removes it: that is no sign."
        )
        return Signal(NAME, VERSION, Status.NOT_FOUND, sentence)
    tool = _tool(hidden.text)
    what = "but it is damaged" if hidden.damaged else f"as {tool} writes it"
    return Signal(
        NAME,
        VERSION,
        Status.FOUND,
        f"The pixels hide a generator's text, {what}. Such text can be hidden by hand.",
        strength=Strength.WEAK if hidden.damaged else Strength.STRONG,
        data={
            "ai": True, "magic": hidden.magic, "where": hidden.where, "tool": tool, "readable": not hidden.damaged,
            "corrected": hidden.corrected, "cut": hidden.cut,
        },
        sensitive={"texts": [{"where": f"lowest bits of {hidden.where}", "text": _clean(hidden.text)}]}
        if hidden.text
        else {},
    )  # fmt: skip


def _tool(text: str) -> str:
    """Who wrote the text: NovelAI's is JSON with the fields of its PNG texts, the web UI's is its settings."""
    fields = json_object(text)
    texts = [(key, value) for key, value in fields.items() if isinstance(value, str)]
    texts = texts or [("parameters", text)]
    found = marks(Blocks(texts=texts), Exif())
    return found[0].tool if found else "an image generator"


def _clean(text: str) -> str:
    return "".join(one for one in text[:LONGEST_TEXT] if one in "\n\t" or one.isprintable())
