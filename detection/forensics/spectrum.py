"""Traces of enlargement in the spectrum, and the spectrum's slope.

*Peaks:* enlarging fills in pixels at regular distances, and how much neighbours differ then varies with that period
(Gallagher, "Detection of linear and cubic interpolation in JPEG compressed images", 2005; Kirchner, "Fast and reliable
resampling detection by spectral analysis of fixed linear predictor residue", 2008). The mean size of the first and
second differences along rows and columns of the middle (at most 512 x 512 pixels) is transformed; ``half`` is the
peak at every second pixel over those of JPEG's blocks, ``other`` the strongest peak elsewhere. *Checkerboard:* one of
four neighbours brighter than the rest all over, as transposed convolutions leave it (Odena, Dumoulin and Olah,
"Deconvolution and checkerboard artifacts", 2016; Zhang, Karaman and Chang, "Detecting and simulating artifacts in GAN
fake images", 2019). *Slope:* power falls with frequency to a power of about 2 to 3 in photographs (van der Schaaf and
van Hateren, 1996) and more steeply in enlarged ones; it depends on the scene, so it is given and never judged.

Cannot see: pictures scaled down afterwards, modern generators (their traces are weaker than these and do not survive
what platforms do to pictures). Takes for an enlargement: fabrics, fences, screens photographed from a screen.
``NEEDED`` lets through 1 of the 107 pictures of docs/forensics.md. About regions it knows nothing (below chance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy import fft
from numpy.typing import NDArray
from PIL import Image

from detection.findings import Signal
from detection.forensics import cfa, leads, regions
from detection.forensics.leads import Answer
from detection.forensics.parity import Parity

NAME = "spectrum"
VERSION = "spectrum 1"
NEEDED = 1.0
"""The largest of the three measures, each in units of its own bound."""

HALF_BOUND, OTHER_BOUND = 0.6, 3.9
"""Logarithms of ratios of power."""

_SIDE = 512
_WINDOW, _MOST_WINDOWS = 128, 6
_MOST = 40
_SMOOTHED = 9
_LOWEST = 0.14
"""Cycles per pixel below which a peak is more likely the scene's."""
_BLOCK_PEAKS = (1 / 8, 1 / 4, 3 / 8)

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Peaks:
    """Along one direction: ``half`` over JPEG's peaks, ``other`` over the usual, ``at`` in cycles per pixel."""

    half: float
    other: float
    at: float


def signal(image: Image.Image, parity: Parity) -> Signal:
    """The ``spectrum`` signal of an RGB picture; a turned one may stay turned."""
    middle = _middle(image)
    across, down = peaks(middle), peaks(middle.T)
    half = min(across.half, down.half)
    strongest = max((across, down), key=lambda one: one.other)
    uneven = cfa.unevenness(parity)
    statistic = max(half / HALF_BOUND, strongest.other / OTHER_BOUND, uneven / cfa.CHECKERBOARD)
    return leads.signal(
        Answer(
            NAME,
            VERSION,
            statistic,
            NEEDED,
            leads.ENLARGED,
            found="Neighbouring pixels repeat a regular pattern, as an enlarged or generated picture shows it. A lead, "
            "not proof: fabrics and photographed screens do that too.",
            missed="No regular pattern of an enlargement. Scaling down removes it, and most generators leave none that "
            "would be seen this way.",
            facts={
                "half": half,
                "other": strongest.other,
                "other_at": strongest.at,
                "checkerboard": uneven,
                "slope": slope(middle),
            },
        )
    )


def _middle(image: Image.Image) -> NDArray[np.int16]:
    """The green of the middle, at most 512 pixels a side."""
    width, height = min(_SIDE, image.width), min(_SIDE, image.height)
    left, upper = (image.width - width) // 16 * 8, (image.height - height) // 16 * 8
    part = image.crop((left, upper, left + width, upper + height))
    return np.asarray(part.getchannel("G")).astype(np.int16)


def peaks(plane: NDArray[np.int16]) -> Peaks:
    """Periods along the rows of *plane*."""
    first = plane[:, 1:] - plane[:, :-1]
    steps, bends = (_power(differences) for differences in (first, first[:, 1:] - first[:, :-1]))
    usual = _usual(steps)
    blocks = max(_near(steps, one) for one in _BLOCK_PEAKS)
    at = np.arange(len(bends)) / (2 * (len(bends) - 1))
    near = 1.25 / (len(bends) - 1)
    apart = (at > _LOWEST) & np.all([np.abs(at - one) > near for one in (*_BLOCK_PEAKS, 0.5)], axis=0)
    place = int(np.argmax(np.where(apart, bends, 0)))
    return Peaks(
        half=float(np.log((steps[-2:].max() + usual) / (blocks + usual))),
        other=float(np.log(bends[place] / _usual(bends))),
        at=float(at[place]),
    )


def _power(differences: NDArray[np.int16]) -> Floats:
    """The power spectrum of the mean size of *differences* in each column, without its slow part."""
    profile = np.minimum(np.abs(differences), _MOST).mean(axis=0)
    length = len(profile) // 8 * 8
    level = np.log(profile[:length] + 0.3)
    slow = np.convolve(np.pad(level, _SMOOTHED // 2, mode="edge"), np.full(_SMOOTHED, 1 / _SMOOTHED), "valid")
    return np.asarray(np.abs(fft.rfft((level - slow) * np.hanning(length))) ** 2)


def _usual(power: Floats) -> float:
    """The mean that noise would have, from the median above the scene's frequencies."""
    return float(regions.median(power[len(power) // 5 :]) / np.log(2)) + 1e-6


def _near(power: Floats, frequency: float) -> float:
    place = round(frequency * 2 * (len(power) - 1))
    return float(power[place - 1 : place + 2].max())


def slope(plane: NDArray[np.int16]) -> float:
    """By which power of the frequency the power falls, from 0.03 to 0.25 cycles per pixel, over windows of 128."""
    side = min(_WINDOW, *(one // 2 * 2 for one in plane.shape))
    fade = np.outer(np.hanning(side), np.hanning(side)).astype(np.float32)
    corners = [
        (upper, left)
        for upper in range(0, plane.shape[0] - side + 1, side)
        for left in range(0, plane.shape[1] - side + 1, side)
    ]
    corners = corners[:: -(-len(corners) // _MOST_WINDOWS)]
    parts = np.stack([plane[upper : upper + side, left : left + side] for upper, left in corners]).astype(
        np.float32
    )
    parts -= parts.mean(axis=(1, 2), keepdims=True)
    power = (np.abs(fft.rfft2(parts * fade)) ** 2).sum(axis=0, dtype=np.float64)
    distance = np.hypot(fft.fftfreq(side)[:, None], fft.rfftfreq(side)[None])
    band = (distance >= 0.03) & (distance <= 0.25)
    ring = np.rint(np.log2(distance[band]) * 4).astype(np.intp)
    ring -= ring.min()
    many = np.maximum(np.bincount(ring), 1)
    level = np.log(np.bincount(ring, power[band]) / many + 1e-3)
    where = np.bincount(ring, np.log(distance[band])) / many
    where, level = where - where.mean(), level - level.mean()
    return float(-(where @ level) / max(float(where @ where), 1e-9))
