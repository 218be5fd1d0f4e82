"""H01 to H40: cut, flipped and lengthened files, and files that are no pictures at all."""

from __future__ import annotations

import random
from functools import partial

from tests.corpus.pictures import FORMATS, PAYLOAD, Hostile, benign, derives, kept, survives

MIB = 1 << 20


def cut(extension: str, size: int) -> bytes:
    """The first ``size`` bytes; a negative size leaves bytes out at the end, 0 means half."""
    data = benign(extension)
    return data[: size or len(data) // 2]


def flipped(extension: str, bits: int) -> bytes:
    rng = random.Random(f"flip {extension}")
    data = bytearray(benign(extension))
    for _ in range(bits):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def lengthened(extension: str) -> bytes:
    return benign(extension) + PAYLOAD + random.Random(f"trailer {extension}").randbytes(MIB)


def _per_format() -> list[Hostile]:
    rows = []
    for number, extension in enumerate(FORMATS):
        rows += [
            kept(f"H{1 + number:02}", f"half.{extension}", partial(cut, extension, 0)),
            survives(f"H{8 + number:02}", f"20-missing.{extension}", partial(cut, extension, -20)),
            kept(f"H{15 + number}", f"64-bytes.{extension}", partial(cut, extension, 64)),
            survives(f"H{22 + number}", f"40-flips.{extension}", partial(flipped, extension, 40)),
            derives(f"H{29 + number}", f"trailer.{extension}", partial(lengthened, extension)),
        ]
    return rows


ROWS = [
    *_per_format(),
    kept("H36", "empty.jpg", bytes, "empty"),
    kept("H37", "one-byte.jpg", lambda: b"\xff", "unrecognised"),
    kept("H38", "text.png", lambda: b"no picture, only words\n" * 1000, "unrecognised"),
    kept("H39", "nulls.jpg", lambda: bytes(MIB), "unrecognised"),
    kept("H40", "random.png", lambda: random.Random("H40").randbytes(MIB), "unrecognised"),
]
