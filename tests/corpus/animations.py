"""H58 to H63: many frames, and other formats' headers that lie about size."""

from __future__ import annotations

import io
import struct
import zlib
from functools import partial

from PIL import Image

from tests.corpus.pictures import (
    Hostile,
    benign,
    derives,
    kept,
    patched,
    picture,
    quarantined,
    saved,
    survives,
)


def gif_frames(count: int, screen: int, frame: int = 1) -> bytes:
    """A GIF with the same small frame ``count`` times on a square screen."""
    one = saved(Image.new("P", (frame, frame)), "gif")
    at = one.index(b",", 13)
    block = b"!\xf9\x04\0\1\0\0\0" + one[at:-1]
    return b"GIF89a" + struct.pack("<HH", screen, screen) + one[10:at] + block * count + b";"


def frames(extension: str, count: int) -> bytes:
    """An animation or multi-page file written by Pillow; every frame differs."""
    pages = [Image.new("RGB", (16, 16), (n % 256, n // 256, 128)) for n in range(count)]
    options = {"webp": {"lossless": True, "method": 0}, "png": {"compress_level": 1}}.get(extension, {})
    return saved(pages[0], extension, save_all=True, append_images=pages[1:], **options)


def tiff(entries: list[tuple[int, int, int, int]], following: int = 0, tail: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory; entries are (tag, type, count, value)."""
    packed = b"".join(struct.pack("<HHII", *(field & 0xFFFFFFFF for field in entry)) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + packed + struct.pack("<I", following) + tail


def _tiff_of(
    width: int, height: int, *, offset: int = 200, size: int = 64, compression: int = 1, strips: int = 1
) -> list[tuple[int, int, int, int]]:
    return [
        (256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 1),
        (273, 4, strips, offset), (277, 3, 1, 1), (278, 4, 1, height), (279, 4, strips, size),
    ]  # fmt: skip


def _deflated_tiff(side: int) -> bytes:
    pixels = zlib.compress(bytes(side) * 1000, 9)
    return tiff(_tiff_of(side, side, offset=130, size=len(pixels), compression=8), tail=bytes(8) + pixels)


def _looping_tiff() -> bytes:
    data = saved(picture(64, 48), "tiff")
    directory = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[directory : directory + 2])[0]
    return patched(data, directory + 2 + 12 * count, struct.pack("<I", directory))


def _extents(extension: str, width: int, height: int) -> bytes:
    data = benign(extension)
    while (at := data.find(b"ispe" + bytes(4) + struct.pack(">II", 640, 480))) >= 0:
        data = patched(data, at + 8, struct.pack(">II", width, height))
    return data


def _webp_declares(width: int, height: int) -> bytes:
    return patched(saved(picture(), "webp", quality=80), 26, struct.pack("<HH", width, height))


def _webp_canvas(side: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + (side - 1).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _cut_animation() -> bytes:
    data = gif_frames(50, 32, 32)
    return data[: len(data) * 3 // 4]


def _two_pictures_in_one() -> bytes:
    out = io.BytesIO()
    picture().save(out, "MPO", save_all=True, append_images=[picture(320, 240)])
    return out.getvalue()


ROWS: list[Hostile] = [
    derives("H58", "10000-frames.gif", lambda: gif_frames(10_000, 1)),
    survives("H58", "cut-animation.gif", _cut_animation),
    quarantined("H59", "200-frames-9000-square.gif", lambda: gif_frames(200, 9000), "pixels"),
    quarantined("H59", "10000-frames-9000-square.gif", lambda: gif_frames(10_000, 9000), "pixels"),
    quarantined("H59", "65535-square.gif", lambda: gif_frames(1, 65535), "pixels"),
    derives("H59", "2000-frames-1000-square.gif", lambda: gif_frames(2000, 1000, 1000)),
    derives("H60", "2000-frames.png", partial(frames, "png", 2000)),
    derives("H60", "2000-frames.webp", partial(frames, "webp", 2000)),
    derives("H60", "2000-pages.tiff", partial(frames, "tiff", 2000)),
    derives("H60", "two-pictures.jpg", _two_pictures_in_one),
    quarantined("H61", "largest-square.tiff", lambda: tiff(_tiff_of(2**32 - 1, 2**32 - 1)), "pixels"),
    quarantined("H61", "20000-square-deflated.tiff", lambda: _deflated_tiff(20_000), "pixels"),
    derives("H61", "directory-loop.tiff", _looping_tiff),
    kept("H61", "negative-offset.tiff", lambda: tiff(_tiff_of(64, 64, offset=-100))),
    survives("H61", "strip-count-lies.tiff", lambda: tiff(_tiff_of(64, 64, strips=2**28), tail=bytes(5000))),
    Hostile(
        "H62",
        "60000-square.avif",
        lambda: _extents("avif", 60000, 60000),
        frozenset({"quarantine", "store_only"}),
    ),
    kept("H62", "no-size.avif", lambda: _extents("avif", 0, 0)),
    Hostile(
        "H62",
        "60000-square.heic",
        lambda: _extents("heic", 60000, 60000),
        frozenset({"quarantine", "store_only"}),
    ),
    kept("H62", "no-size.heic", lambda: _extents("heic", 0, 0)),
    quarantined("H63", "16383-square.webp", lambda: _webp_declares(16383, 16383), "pixels"),
    quarantined("H63", "canvas-of-2-to-24.webp", lambda: _webp_canvas(1 << 24), "pixels"),
]
