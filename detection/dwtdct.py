"""Invisible watermarks that image generators write by ``dwtDct``: found or not found, never "not AI-made".

The scheme as the package invisible-watermark 0.2.0 publishes it (method dwtDct; it computes no DCT in spite
of the name): the U channel of YUV, one Haar step, its approximation in blocks of 4 x 4 row by row; in each
block the value of the largest magnitude but the first, modulo 36, says one bit, and the payload repeats over
all blocks. Scaling, cropping and strong compression destroy it, and on some pictures it can't be read even
untouched. What the generators embed: CompVis Stable Diffusion 1 ``StableDiffusionV1``, Stability's Stable
Diffusion 2 ``SDV2``, SDXL in generative-models and diffusers, FLUX's reference code (whose two leading zeros
are lost in ``bin()``). diffusers gave RGB for BGR until February 2024 (its pull request 7013), so both are
read.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection.findings import Signal, Status, Strength

NAME = "watermark"
VERSION = "dwtdct-numpy 1"
SMALLEST_AREA = 256 * 256
"""In pixels; the package refuses to mark less."""

SCALE = 36
BLOCK = 4
ORDERS = ("RGB", "BGR")
"""How the colours were handed over when the mark was made, as far as the U channel can tell."""

_MOST_PIXELS = 4_000_000
"""Larger pictures are read from the top down to so many; the payload repeats long before."""

_STRIP = 128
"""Rows of pixels that are read at a time: whole blocks, which are 8 pixels high."""

_RED, _GREEN, _BLUE = 4899, 9617, 1868
_BLUE_LESS_LUMA = 8061
_HALF, _SHIFT = 8192, 14
"""OpenCV's fixed-point conversion of 8-bit RGB to Y and U."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What one family of generators embeds. ``needed`` of its bits must agree."""

    generator: str
    bits: tuple[int, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many bits of a payload a picture repeats, and with which colour order."""

    payload: Payload
    order: str
    agreeing: int

    @property
    def found(self) -> bool:
        """Whether that many agree that it is no accident."""
        return self.agreeing >= self.payload.needed


def _of_text(text: str) -> tuple[int, ...]:
    return tuple(int(bit) for byte in text.encode() for bit in f"{byte:08b}")


def _of_digits(digits: str) -> tuple[int, ...]:
    return tuple(int(digit) for digit in digits)


PAYLOADS = (
    Payload("Stable Diffusion 1", _of_text("StableDiffusionV1"), 126),
    Payload("Stable Diffusion 2", _of_text("SDV2"), 31),
    Payload("Stable Diffusion XL", _of_digits("101100111110110010010000011110111011000110011110"), 44),
    Payload("FLUX", _of_digits("1010101111111010000111100111001111010100101110"), 43),
)


def signal(image: Image.Image) -> Signal:
    """The ``watermark`` signal of an upright picture at its own size: found, not found, or too small."""
    if image.width * image.height < SMALLEST_AREA:
        return Signal(
            NAME,
            VERSION,
            Status.NOT_APPLICABLE,
            "Too small for a generator's invisible watermark: they need 256 x 256 pixels.",
        )
    compared = agreements(image)
    closest = max(compared, key=lambda one: one.agreeing / len(one.payload.bits))
    best = next((one for one in compared if one.found), closest)
    if not best.found:
        return Signal(
            NAME,
            VERSION,
            Status.NOT_FOUND,
            "No invisible watermark of Stable Diffusion or FLUX. Most programs write none, and scaling or "
            "cropping removes it, so that is no sign.",
            data={"closest": _shown(best)},
        )
    return Signal(
        NAME,
        VERSION,
        Status.FOUND,
        f"The pixels carry the invisible watermark of {best.payload.generator}: {best.agreeing} of "
        f"{len(best.payload.bits)} bits agree. The code for adding it is public.",
        strength=Strength.STRONG,
        data={"ai": True, "mark": _shown(best)},
    )


def agreements(image: Image.Image) -> tuple[Agreement, ...]:
    """How far the picture agrees with each payload, in both colour orders. At least one block is needed for
    each bit, which ``SMALLEST_AREA`` grants unless the picture is very narrow.
    """
    rows = max(1, _MOST_PIXELS // image.width)
    pixels = np.asarray(image.convert("RGB").crop((0, 0, image.width, min(rows, image.height))))
    votes = {order: _votes(pixels if order == "RGB" else pixels[:, :, ::-1]) for order in ORDERS}
    return tuple(
        Agreement(payload, order, int(np.sum(read_bits(votes[order], len(payload.bits)) == payload.bits)))
        for payload in PAYLOADS
        for order in ORDERS
    )


def read_bits(votes: NDArray[np.float64], length: int) -> NDArray[np.uint8]:
    """A payload of *length* bits from one vote for each block, above 0 for a bit of 1; a tie is 1.

    A bit for which no block votes reads as 2, which agrees with nothing.
    """
    places = np.arange(votes.size) % length
    count = np.bincount(places, minlength=length)
    sums = np.bincount(places, weights=votes, minlength=length)
    return np.where(count == 0, 2, np.where(sums >= 0, 1, 0)).astype(np.uint8)


def _votes(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The votes of all blocks, row by row; made strip by strip, because a strip fits into the processor's cache."""
    strips = (pixels[top : top + _STRIP] for top in range(0, len(pixels), _STRIP))
    return np.concatenate([_block_votes(_u_channel(strip)) for strip in strips])


def _u_channel(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """(rows, columns) from 0 to 255, with sides that are multiples of 4, from RGB."""
    rows, columns = (side // 4 * 4 for side in pixels.shape[:2])
    whole = pixels[:rows, :columns].astype(np.int32)
    red, green, blue = whole[:, :, 0], whole[:, :, 1], whole[:, :, 2]
    luma = (red * _RED + green * _GREEN + blue * _BLUE + _HALF) >> _SHIFT
    chroma = ((blue - luma) * _BLUE_LESS_LUMA + (128 << _SHIFT) + _HALF) >> _SHIFT
    return np.asarray(np.clip(chroma, 0, 255), dtype=np.int32)


def _block_votes(channel: NDArray[np.int32]) -> NDArray[np.float64]:
    """One vote from -1 (the bit is 0) to 1 for each block of 8 x 8 pixels, row by row.

    The package counts which half of 36 a value falls into; but a marked value lies in the middle of a half, so
    one near the border says little. Weighing votes by that finds the mark in a seventh more pictures.
    """
    rows, columns = (side // (2 * BLOCK) for side in channel.shape)
    sums = (channel[0::2, 0::2] + channel[0::2, 1::2] + channel[1::2, 0::2] + channel[1::2, 1::2]) / 2
    blocks = sums[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    values = np.abs(blocks.transpose(0, 2, 1, 3).reshape(-1, BLOCK * BLOCK))
    largest = np.argmax(values[:, 1:], axis=1) + 1
    return np.asarray(-np.sin(values[np.arange(len(values)), largest] * (2 * np.pi / SCALE)))


def _shown(one: Agreement) -> dict[str, object]:
    return {
        "scheme": "dwtDct",
        "generator": one.payload.generator,
        "bits": len(one.payload.bits),
        "agreeing": one.agreeing,
        "needed": one.payload.needed,
        "order": one.order,
    }
