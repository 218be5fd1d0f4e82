"""Image forensics without a model: six published methods, each a lead and none a proof.

One pass cuts the picture into tiles (``tiles``), takes JPEG's coefficients of them once (``blocks``) and asks every
method. The answers have one shape (``leads``); ``data["points_to"]`` says what a finding points to, of which only
"changed" is about manipulation. None of the methods survives what a determined person or a second platform does to a
picture, and a picture without findings has not been shown to be untouched. docs/forensics.md has the figures.
"""

from __future__ import annotations

from PIL import Image

from detection import containers
from detection.blocks import read_blocks
from detection.exif import read_exif
from detection.findings import Signal
from detection.forensics import blocks, cfa, ela, grid, jpeg_history, leads, noise, parity, spectrum, tables
from detection.forensics.tables import Header
from detection.forensics.tiles import Tiles, cut
from detection.limits import DEFAULT, Limits

METHODS = (ela, jpeg_history, noise, spectrum, cfa, grid)
NAMES = tuple(method.NAME for method in METHODS)

_EIGHT_OR_LOSSLESS = (containers.JPEG_START, containers.PNG_SIGNATURE, b"GIF8", b"II*\0", b"MM\0*")

_TEXTURED = 0.25
"""The share of tiles that must show anything at all."""
_FLAT = 1.0
"""Variance in squared levels below which a tile shows nothing."""


def signals(image: Image.Image, data: bytes, limits: Limits = DEFAULT) -> tuple[Signal, ...]:
    """One signal for each of ``NAMES`` from an upright RGB picture at its full size and the bytes of its file.

    The bytes are read for a JPEG's tables and its EXIF orientation only. Never raises on odd pictures.
    """
    header = tables.header(data, limits)
    seen = cut(image, _orientation(image, data, header, limits))
    if seen is None:
        return _not_applicable("the picture is too small or too narrow to compare its parts")
    if float((seen.variance > _FLAT).mean()) < _TEXTURED:
        return _not_applicable("most of the picture is flat")
    coefficients = blocks.coefficients(seen)
    texture = blocks.texture(coefficients)
    pairs = parity.measure(seen)
    return (
        ela.signal(seen, coefficients, texture),
        jpeg_history.signal(seen, coefficients, header),
        noise.signal(seen, coefficients, texture),
        spectrum.signal(image, pairs),
        cfa.signal(seen, pairs, texture),
        grid.signal(seen, _own_seams(data)),
    )


def _orientation(image: Image.Image, data: bytes, header: Header | None, limits: Limits) -> int:
    """How a JPEG was turned since it was decoded; 1 where its header and the picture do not agree on that."""
    if header is None or not data.startswith(containers.JPEG_START):
        return 1
    orientation = read_exif(read_blocks(data, limits).exif).orientation
    stored = image.size if orientation < 5 else image.size[::-1]
    return orientation if stored == (header.width, header.height) else 1


def _own_seams(data: bytes) -> tuple[int, ...]:
    """Where the file's own format leaves seams: WebP, AVIF and HEIC also transform blocks of 4 x 4."""
    return (0,) if data.startswith(_EIGHT_OR_LOSSLESS) else (0, 4)


def _not_applicable(reason: str) -> tuple[Signal, ...]:
    return tuple(leads.not_applicable(method.NAME, method.VERSION, reason) for method in METHODS)


__all__ = ["NAMES", "Tiles", "signals"]
