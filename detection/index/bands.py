"""Which buckets to look into, so that no hash within the radius is missed.

Multi-index hashing (Norouzi, Punjani, Fleet: "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012)
with the general pigeonhole principle (Qin et al.: "GPH: Similarity Search in Hamming Space", ICDE 2018): cut the
256 bits into disjoint bands and give band i a tolerance t_i, such that the sum of (t_i + 1) is radius + 1. Were every
band farther than its tolerance, the whole would differ in at least radius + 1 bits. So a hash within the radius lies in
at least one band within t_i, and looking up every key that differs in at most t_i bits finds it. A tolerance of -1
means that the band is not looked into; bits outside all bands only help.

Eleven bands of up to 23 bits need a tolerance of 2 for radius 31: some 2,600 look-ups that meet 6,000 hashes among
10 million, where sixteen bands of 16 bits need 272 look-ups that meet 41,500. Meeting a hash costs a cache miss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from detection.index.answers import RadiusTooLarge
from detection.index.hashes import Words

BANDS = 11
STRIDE = 23
"""Bits from the start of one band to the start of the next: 11 x 23 of the 256."""

MAX_RADIUS = 31
_NARROWEST = 8
_PER_BUCKET = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """The look-ups of one question, (p,) each: the band, the bits of its key to flip, where its table starts."""

    band: NDArray[np.intp]
    flips: NDArray[np.int64]
    table: NDArray[np.int64]


def width_for(rows: int) -> int:
    """Bits of a band, such that a bucket holds about two hashes: measured best, narrower tables stay in cache."""
    return max(_NARROWEST, min(STRIDE, round(math.log2(max(rows, 1) / _PER_BUCKET))))


def keys(words: Words, band: int, width: int) -> Words:
    """The *width* bits of band number *band* of each hash: (n, 4) words in, (n,) out."""
    word, shift = divmod(band * STRIDE, 64)
    found = words[:, word] >> np.uint64(shift)
    if shift + width > 64:
        found = found | (words[:, word + 1] << np.uint64(64 - shift))
    return np.asarray(found & np.uint64((1 << width) - 1))


def tolerances(radius: int) -> tuple[int, ...]:
    """Tolerance of each band in bits, as even as can be; -1 where the band is not needed.

    RadiusTooLarge beyond 31, ValueError below 0.
    """
    if radius > MAX_RADIUS:
        raise RadiusTooLarge(radius, MAX_RADIUS)
    if radius < 0:
        raise ValueError(f"a radius is a number of bits from 0 to {MAX_RADIUS}, not {radius}")
    each, more = divmod(radius + 1, BANDS)
    return tuple(each - 1 + (band < more) for band in range(BANDS))


@lru_cache(maxsize=256)
def plan(radius: int, width: int) -> Plan:
    """The look-ups that find everything within *radius* bits, in tables of ``2 ** width`` buckets per band."""
    flips = [_flips(width, tolerance) for tolerance in tolerances(radius)]
    band = np.repeat(np.arange(BANDS), [one.size for one in flips])
    return Plan(band, np.concatenate(flips), band << width)


def _flips(width: int, tolerance: int) -> NDArray[np.int64]:
    """Every number of *width* bits of which at most *tolerance* are set, fewest first."""
    return np.array(
        [sum(1 << bit for bit in bits) for count in range(tolerance + 1) for bits in combinations(range(width), count)],
        dtype=np.int64,
    )  # fmt: skip
