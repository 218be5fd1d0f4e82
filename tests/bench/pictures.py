"""What is sent and examined: photographs of animals and things where they are at hand, else drawn patterns.

None of it is anybody's; each upload is made different from all others, so that no copy is recognised by its digest.
"""

from __future__ import annotations

import io
import itertools
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

CHECKOUT = Path(__file__).resolve().parents[2]
PHOTOS = CHECKOUT.parent / "shared" / "data" / "photos"
#: A telephone's picture: 12 million pixels.
LARGE = (4000, 3000)
_SENT = itertools.count()


@lru_cache(maxsize=1)
def photos() -> tuple[bytes, ...]:
    """JPEGs of about 500 x 400 pixels and 100 KB: the photographs beside the checkout, else drawn ones."""
    found = sorted(PHOTOS.glob("*.JPEG")) if PHOTOS.is_dir() else []
    return tuple(path.read_bytes() for path in found) or tuple(drawn((500, 400), seed) for seed in range(60))


def described() -> str:
    """Which pictures these are."""
    kind = "photographs of animals and things" if PHOTOS.is_dir() else "drawn patterns"
    mean = sum(map(len, photos())) / len(photos()) / 1000
    return f"{len(photos())} {kind}, JPEG, {mean:.0f} KB on average"


def drawn(size: tuple[int, int], seed: int, quality: int = 90) -> bytes:
    """A pattern with some grain as JPEG, *size* (width, height) pixels."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 255, (size[1] // 40 + 2, size[0] // 40 + 2, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    grain = random.integers(0, 24, (size[1], size[0], 1), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.asarray(image) // 2 + grain).save(out, "JPEG", quality=quality)
    return out.getvalue()


@lru_cache(maxsize=1)
def large() -> bytes:
    """One picture of 12 million pixels and about 2 MB."""
    return drawn(LARGE, 7, quality=77)


def unlike(data: bytes) -> bytes:
    """The same picture as another file: a JPEG comment that no other upload has, right after the first marker."""
    words = f"{os.getpid()}-{next(_SENT)}".encode()
    return data[:2] + b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words + data[2:]
