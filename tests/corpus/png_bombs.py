"""H41 to H50: PNG files that are small on disk and large everywhere else."""

from __future__ import annotations

import struct
import zlib

from tests.corpus.pictures import (
    PAYLOAD,
    Hostile,
    benign,
    chunk,
    deflated_zeros,
    derives,
    kept,
    patched,
    png,
    quarantined,
    survives,
    with_png_chunks,
)

MIB = 1 << 20
GREY, RGB, RGBA = 0, 2, 6


def _blank(width: int, height: int, depth: int, colour: int) -> bytes:
    bits = depth * {GREY: 1, RGB: 3, RGBA: 4}[colour]
    return png(width, height, depth, colour, deflated_zeros(height * (1 + (width * bits + 7) // 8)))


def _declares(width: int, height: int) -> bytes:
    """The benign PNG with another size in its header (and a right CRC)."""
    data = benign("png")
    header = struct.pack(">II", width, height) + data[24:29]
    return patched(data, 8, chunk(b"IHDR", header))


def _wrong_crc(kind: bytes) -> bytes:
    """The benign PNG with the checksum of its first chunk of a kind turned over."""
    data = benign("png")
    body = data.index(kind) + 4
    at = body + struct.unpack(">I", data[body - 8 : body - 4])[0]
    return patched(data, at, bytes(byte ^ 0xFF for byte in data[at : at + 4]))


def _inflating_text(size: int, times: int) -> bytes:
    return with_png_chunks(chunk(b"zTXt", b"Comment\0\0" + deflated_zeros(size)) * times)


ROWS: list[Hostile] = [
    quarantined("H41", "30000-square.png", lambda: _blank(30000, 30000, 8, GREY), "pixels"),
    quarantined("H42", "60000-square-1bit.png", lambda: _blank(60000, 60000, 1, GREY), "pixels"),
    quarantined("H43", "13300-square-rgba.png", lambda: _blank(13300, 13300, 8, RGBA), "pixels"),
    quarantined("H44", "9400-square-rgba.png", lambda: _blank(9400, 9400, 8, RGBA), "pixels"),
    quarantined("H44", "9400-square-16bit.png", lambda: _blank(9400, 9400, 16, GREY), "pixels"),
    derives("H44", "7000-square-rgba.png", lambda: _blank(7000, 7000, 8, RGBA)),
    quarantined("H45", "largest-square.png", lambda: _declares(2**31 - 1, 2**31 - 1), "pixels"),
    quarantined("H45", "1-by-largest.png", lambda: _declares(1, 2**31 - 1), "pixels"),
    kept("H45", "no-size.png", lambda: _declares(0, 0)),
    survives("H46", "inflates-to-1-gib.png", lambda: png(64, 64, 8, RGB, deflated_zeros(1024 * MIB))),
    derives("H47", "text-of-500-mib.png", lambda: _inflating_text(500 * MIB, 1)),
    derives("H47", "65-texts-of-1-mib.png", lambda: _inflating_text(MIB, 65)),
    derives(
        "H48",
        "profile-of-500-mib.png",
        lambda: with_png_chunks(chunk(b"iCCP", b"p\0\0" + deflated_zeros(500 * MIB))),
    ),
    derives("H49", "100000-texts.png", lambda: with_png_chunks(chunk(b"tEXt", b"a\0b") * 100_000)),
    kept("H50", "wrong-header-crc.png", lambda: _wrong_crc(b"IHDR"), "damaged"),
    survives("H50", "wrong-data-crc.png", lambda: _wrong_crc(b"IDAT")),
    derives("H50", "text-with-payload.png", lambda: with_png_chunks(chunk(b"tEXt", b"Comment\0" + PAYLOAD))),
    derives(
        "H50",
        "xmp-with-payload.png",
        lambda: with_png_chunks(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(PAYLOAD))),
    ),
]
