"""The perceptual hashes of a picture, each with the version of the code that made it."""

from __future__ import annotations

from importlib.metadata import version

import imagehash
from PIL import Image

from detection import pdq
from detection.findings import Hash

PHASH_VERSION = f"imagehash {version('imagehash')}"


def phash(image: Image.Image) -> Hash:
    """64-bit pHash (DCT of a 32x32 greyscale) by imagehash, as 16 hex digits; no quality is defined for
    it.
    """
    return Hash("phash", str(imagehash.phash(image)), PHASH_VERSION)


def hashes(image: Image.Image) -> tuple[Hash, ...]:
    """PDQ and pHash of an upright RGB picture."""
    return pdq.hash_image(image), phash(image)
