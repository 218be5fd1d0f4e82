"""PDQ, Facebook's 256-bit perceptual hash, in numpy.

Written from the published description: "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing
algorithm" (Meta, 2019), section "PDQ". Luminance, two passes of a box ("Jarosz") filter in both directions,
64x64 samples, 16x16 DCT without the constant terms, one bit per coefficient above the median; quality from
the gradients.

Filter and sampling are linear and act on rows and columns separately, so both passes and the sampling
collapse into 64 short weighted sums per direction, built once per picture size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection.findings import Hash

Floats = NDArray[np.float32]

VERSION = "pdq-numpy 1"
SIDE = 64
FREQUENCIES = 16
BITS = FREQUENCIES * FREQUENCIES
SMALLEST_SIDE = 5
"""Below this many pixels the published code gives no hash: all bits 0, quality 0."""

_ENOUGH = 2048
"""Larger pictures are first averaged down in whole steps, but not below this side.

It moved no bit on photographs and up to ten on dense noise."""

DIHEDRAL = (
    "original",
    "rotated_90",
    "rotated_180",
    "rotated_270",
    "mirrored",
    "flipped",
    "transposed",
    "transversed",
)
"""How the picture was turned, counter-clockwise, to give the hash at the same place of ``dihedral_hashes``.
"""


class _Band(NamedTuple):
    """One output sample: a weighted sum over ``weights.size`` neighbours from ``start`` on."""

    start: int
    weights: Floats


@dataclass(frozen=True, slots=True)
class Pdq:
    """16x16 DCT coefficients (float32), and the quality from 0 to 100."""

    coefficients: Floats
    quality: int


def analyse(image: Image.Image) -> Pdq:
    """DCT coefficients and quality of a picture of any mode that converts to RGB."""
    if min(image.size) < SMALLEST_SIDE:
        return Pdq(np.zeros((FREQUENCIES, FREQUENCIES), dtype=np.float32), 0)
    samples = _samples(_luminance(image))
    dct = _dct_matrix()
    half_way = np.einsum("fi,ij->fj", dct, samples)
    return Pdq(np.asarray(np.einsum("fj,gj->fg", half_way, dct)), _quality(samples))


def hash_image(image: Image.Image) -> Hash:
    """The PDQ hash as 64 hex digits with its quality; below 50 the hash should not be matched."""
    pdq = analyse(image)
    return Hash("pdq", _bits(pdq.coefficients), VERSION, pdq.quality)


def dihedral_hashes(image: Image.Image) -> tuple[Hash, ...]:
    """Hashes of the picture as turned and mirrored in all eight ways, in the order of ``DIHEDRAL``.

    From one DCT: mirroring changes the sign of every second frequency, transposing transposes the
    coefficients. The filter is not quite symmetric, so these differ from hashes of pictures really
    turned: on 93 photographs by 5 to 14 bits in the mean, by 48 at most.
    """
    pdq = analyse(image)
    same = pdq.coefficients
    alternate = np.where(np.arange(FREQUENCIES) % 2 == 0, -1, 1).astype(np.float32)
    mirrored = same * alternate[np.newaxis, :]
    flipped = same * alternate[:, np.newaxis]
    both = mirrored * alternate[:, np.newaxis]
    turned = (same, mirrored.T, both, flipped.T, mirrored, flipped, same.T, both.T)
    return tuple(Hash("pdq", _bits(coefficients), VERSION, pdq.quality) for coefficients in turned)


def hamming(one: str, other: str) -> int:
    """Number of differing bits of two hex hashes of the same length; ValueError when lengths differ."""
    if len(one) != len(other):
        raise ValueError("hashes of different lengths cannot be compared")
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _luminance(image: Image.Image) -> Floats:
    """0.299 R + 0.587 G + 0.114 B as float32, which is Pillow's own mode "F" (to a hundred-thousandth)."""
    factor = min(image.size) // _ENOUGH
    small = image.reduce(factor) if factor > 1 else image
    return np.asarray((small if small.mode == "RGB" else small.convert("RGB")).convert("F"))


def _samples(luminance: Floats) -> Floats:
    rows, columns = luminance.shape
    down = np.stack([_weighted_sum(band, luminance) for band in _bands(rows)])
    across = np.ascontiguousarray(down.T)
    return np.stack([_weighted_sum(band, across) for band in _bands(columns)]).T


def _weighted_sum(band: _Band, values: Floats) -> Floats:
    """One output line. einsum and not a matrix product: BLAS would start threads in a process just forked."""
    lines = values[band.start : band.start + band.weights.size]
    return np.asarray(np.einsum("k,kw->w", band.weights, lines))


@lru_cache(maxsize=64)
def _bands(length: int) -> tuple[_Band, ...]:
    """The 64 weighted sums along a side of ``length`` pixels: box filter twice, then sampling at cell
    centres.
    """
    window = (length + 2 * SIDE - 1) // (2 * SIDE)
    centres = ((np.arange(SIDE) + 0.5) * length / SIDE).astype(int)
    bands = []
    for centre in centres:
        start, end = _reach(int(centre), window, length)
        inner = [_reach(position, window, length) for position in range(start, end)]
        first, last = inner[0][0], inner[-1][1]
        weights = np.zeros(last - first, dtype=np.float64)
        for left, right in inner:
            weights[left - first : right - first] += 1.0 / ((right - left) * (end - start))
        bands.append(_Band(first, weights.astype(np.float32)))
    return tuple(bands)


def _reach(position: int, window: int, length: int) -> tuple[int, int]:
    """The slice that the box filter averages for one position; even windows reach one further to the
    right.
    """
    half = (window + 2) // 2
    return max(0, position + half - window), min(length, position + half)


def _quality(samples: Floats) -> int:
    """Sum of whole-percent steps between neighbouring samples, scaled so that a picture rich in detail
    reaches 100.
    """
    steps = sum(
        int(np.abs(np.trunc(np.diff(samples, axis=axis) * np.float32(100) / np.float32(255))).sum())
        for axis in (0, 1)
    )
    return min(100, steps // 90)


@lru_cache(maxsize=1)
def _dct_matrix() -> Floats:
    frequency = np.arange(1, FREQUENCIES + 1)[:, np.newaxis]
    position = 2 * np.arange(SIDE)[np.newaxis, :] + 1
    return np.asarray(np.sqrt(2 / SIDE) * np.cos(np.pi / 2 / SIDE * frequency * position), dtype=np.float32)


def _bits(coefficients: Floats) -> str:
    """Bit ``16 * row + column`` says whether the coefficient is above the (lower) median; written as one
    number.
    """
    flat = coefficients.ravel()
    median = np.partition(flat, BITS // 2 - 1)[BITS // 2 - 1]
    value = int.from_bytes(np.packbits(flat > median, bitorder="little").tobytes(), "little")
    return f"{value:0{BITS // 4}x}"
