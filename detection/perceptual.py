"""The perceptual hashes of a picture, each with the version of the code that made it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection import pdq
from detection.findings import Hash

PHASH_VERSION = "phash-numpy 1"

_SIDE, _KEPT = 32, 8
_NOISE = 1e-9
"""What rounding leaves of a coefficient that is 0, as a share of the largest; compared, it would give random bits."""


def phash(image: Image.Image) -> Hash:
    """64-bit pHash as 16 hex digits; no quality is defined for it.

    As the package imagehash 4.3 defines it (after the algorithm published at hackerfactor.com in 2011): 32 x 32
    greyscale, DCT-II, of whose 8 x 8 lowest coefficients each gives a bit, whether it is above their median. On all
    shared photographs the bits are the same as that package's, without its need for scipy.
    """
    grey = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    cosines = _cosines()
    half_way = np.einsum("fi,ij->fj", cosines, np.asarray(grey, dtype=np.float64))
    low = np.einsum("fj,gj->fg", half_way, cosines)
    low[np.abs(low) <= _NOISE * np.abs(low).max()] = 0.0
    bits = np.packbits(low > np.median(low))
    return Hash("phash", bits.tobytes().hex(), PHASH_VERSION)


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float64]:
    frequency = np.arange(_KEPT)[:, np.newaxis]
    position = 2 * np.arange(_SIDE)[np.newaxis, :] + 1
    return np.asarray(2 * np.cos(np.pi / (2 * _SIDE) * frequency * position))


def hashes(image: Image.Image) -> tuple[Hash, ...]:
    """PDQ and pHash of an upright RGB picture."""
    return pdq.hash_image(image), phash(image)


def hashes_and_turns(image: Image.Image) -> tuple[tuple[Hash, ...], tuple[Hash, ...]]:
    """The same hashes, and the PDQ hashes of the picture in all eight turns (``pdq.DIHEDRAL``), from one DCT."""
    turns = pdq.dihedral_hashes(image)
    return (turns[0], phash(image)), turns
