"""The benign picture from which every hostile file is made, and the small change of file formats."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener(thumbnails=False)

DERIVED, STORE_ONLY, QUARANTINE = "derived", "store_only", "quarantine"
FORMATS = {
    "jpg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "tiff": "TIFF",
    "avif": "AVIF",
    "heic": "HEIF",
}
PAYLOAD = b"<script>payload-7f3a</script>"
"""Put into files in many places; it must not appear in anything that is served."""


@dataclass(frozen=True)
class Hostile:
    """One hostile file. ``expected`` are the outcomes that are right; ``code`` the failure's, where it
    matters.
    """

    row: str
    name: str
    make: Callable[[], bytes]
    expected: frozenset[str]
    code: str = ""

    @property
    def id(self) -> str:
        return f"{self.row}-{self.name}"


def derives(row: str, name: str, make: Callable[[], bytes]) -> Hostile:
    return Hostile(row, name, make, frozenset({DERIVED}))


def kept(row: str, name: str, make: Callable[[], bytes], code: str = "") -> Hostile:
    return Hostile(row, name, make, frozenset({STORE_ONLY}), code)


def quarantined(row: str, name: str, make: Callable[[], bytes], code: str) -> Hostile:
    return Hostile(row, name, make, frozenset({QUARANTINE}), code)


def survives(row: str, name: str, make: Callable[[], bytes]) -> Hostile:
    """A file that may or may not decode, depending on where the damage fell; it must only never kill
    the child.
    """
    return Hostile(row, name, make, frozenset({DERIVED, STORE_ONLY}))


@cache
def picture(width: int = 640, height: int = 480) -> Image.Image:
    """A gradient with seeded noise and a bright square in the upper left, so that turning it shows."""
    noise = np.random.default_rng(7).integers(0, 40, (height, width, 3))
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 200 / width, y * 200 / height, (x + y) * 200 / (width + height)], axis=2)
    pixels = (base + noise).astype(np.uint8)
    pixels[: height // 4, : width // 4] = (250, 240, 30)
    return Image.fromarray(pixels)


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    """The image in one of ``FORMATS`` (by extension) or in a Pillow format."""
    out = io.BytesIO()
    image.save(out, FORMATS.get(name, name), **options)
    return out.getvalue()


@cache
def benign(extension: str) -> bytes:
    return saved(picture(), extension)


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk with its right CRC."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, pixels: bytes, extra: bytes = b"") -> bytes:
    """A PNG file with a given zlib stream as its image data; ``extra`` chunks come before it."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def with_png_chunks(extra: bytes) -> bytes:
    """The benign PNG with more chunks after its header."""
    data = benign("png")
    return data[:33] + extra + data[33:]


def deflated_zeros(size: int) -> bytes:
    """A zlib stream of ``size`` zero bytes, put together from one repeated block: gigabytes take no
    time to make.
    """
    block = 1 << 20
    packer = zlib.compressobj(9)
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    repeated = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    tail = zlib.compressobj(9, zlib.DEFLATED, -15)
    rest = tail.compress(bytes(size % block)) + tail.flush()
    adler = ((size % 65521) << 16) | 1
    return head + repeated * (size // block) + rest + struct.pack(">I", adler)


def segment(marker: int, body: bytes) -> bytes:
    """One JPEG segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_jpeg_segments(extra: bytes) -> bytes:
    """The benign JPEG with more segments right after its start."""
    data = benign("jpg")
    return data[:2] + extra + data[2:]


def exif(entries: bytes, count: int, following: int = 0, tail: bytes = b"") -> bytes:
    """An EXIF block (TIFF, little-endian) with raw 12-byte entries of its first directory."""
    return (
        b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", count) + entries + struct.pack("<I", following) + tail
    )


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]
