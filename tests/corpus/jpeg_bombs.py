"""H51 to H57, H90: JPEG files with lying sizes, endless scans and mountains of metadata."""

from __future__ import annotations

import io
import random
import struct
from functools import partial

from PIL import Image

from tests.corpus.pictures import (
    PAYLOAD,
    Hostile,
    benign,
    derives,
    exif,
    kept,
    patched,
    picture,
    quarantined,
    saved,
    segment,
    with_jpeg_segments,
)

XMP = b"http://ns.adobe.com/xap/1.0/\0"


def _declares(width: int, height: int) -> bytes:
    data = benign("jpg")
    return patched(data, data.index(b"\xff\xc0") + 5, struct.pack(">HH", height, width))


def many_scans(side: int, scans: int) -> bytes:
    """A progressive JPEG whose last scan is repeated ``scans`` times: each costs a pass over all pixels."""
    out = io.BytesIO()
    Image.new("L", (side, side), 128).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


def _exif_row(name: str, block: bytes) -> Hostile:
    return derives("H54", name, lambda: with_jpeg_segments(segment(0xE1, block)))


def _entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def _billion_laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{entities}]><x>&l9;</x>'.encode()


def _external_entity() -> bytes:
    return b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'


def _profile() -> bytes:
    part = random.Random("H56").randbytes(65000)
    return b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes((n, 255)) + part) for n in range(1, 256))


def _manifest(size: int) -> bytes:
    """JUMBF boxes in APP11 segments, as C2PA places them, filled with noise."""
    body = random.Random("H90").randbytes(size)
    pieces = [body[at : at + 64000] for at in range(0, size, 64000)]
    box = struct.pack(">I4s", size + 8, b"jumb")
    return b"".join(
        segment(0xEB, b"JP\0\1" + struct.pack(">I", n) + box + piece) for n, piece in enumerate(pieces, 1)
    )


ROWS: list[Hostile] = [
    quarantined("H51", "65535-square.jpg", lambda: _declares(65535, 65535), "pixels"),
    kept("H51", "no-size.jpg", lambda: _declares(0, 0)),
    quarantined("H52", "400-scans.jpg", lambda: many_scans(6000, 400), "scans"),
    quarantined("H52", "101-scans.jpg", lambda: many_scans(200, 101), "scans"),
    derives("H52", "80-scans.jpg", lambda: many_scans(1500, 70)),
    derives(
        "H53", "300-app1.jpg", lambda: with_jpeg_segments(segment(0xE1, b"Exif\0\0" + bytes(60_000)) * 300)
    ),
    _exif_row("directory-loop.jpg", exif(_entry(0x0112, 3, 1, 1), 1, following=8)),
    _exif_row("5400-entries.jpg", exif(b"".join(_entry(n, 3, 1, n) for n in range(5400)), 5400)),
    _exif_row("huge-count.jpg", exif(_entry(0x010F, 2, 2**32 - 16, 8), 1)),
    _exif_row("orientation-9.jpg", exif(_entry(0x0112, 3, 1, 9), 1)),
    _exif_row(
        "maker-note.jpg",
        exif(_entry(0x927C, 7, 30_000, 26), 1, tail=random.Random("maker").randbytes(30_000)),
    ),
    derives("H55", "billion-laughs.jpg", lambda: with_jpeg_segments(segment(0xE1, XMP + _billion_laughs()))),
    derives(
        "H55", "external-entity.jpg", lambda: with_jpeg_segments(segment(0xE1, XMP + _external_entity()))
    ),
    derives("H56", "profile-of-16-mb.jpg", lambda: with_jpeg_segments(_profile())),
    derives("H57", "500-comments.jpg", lambda: with_jpeg_segments(segment(0xFE, PAYLOAD * 2200) * 500)),
    derives("H57", "comment-by-pillow.jpg", lambda: saved(picture(), "jpg", comment=PAYLOAD)),
    derives("H90", "manifest-of-20-mb.jpg", lambda: with_jpeg_segments(_manifest(20_000_000))),
    derives(
        "H90",
        "broken-manifest.jpg",
        partial(with_jpeg_segments, segment(0xEB, b"JP\0\1\0\0\0\1\xff\xff\xff\xffjumb")),
    ),
]
