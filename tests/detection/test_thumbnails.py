"""The small picture inside a file is compared with the picture itself, and nothing is said where that says nothing."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from detection import metadata
from detection.blocks import read_blocks
from detection.exif import read_exif
from detection.findings import Signal, Status
from tests.detection.test_metadata import image

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def with_thumbnail(small: Image.Image) -> bytes:
    """A TIFF structure whose second directory holds a JPEG."""
    written = io.BytesIO()
    small.save(written, "JPEG")
    jpeg = written.getvalue()
    entries = struct.pack("<HHII", 0x0201, 4, 1, 44) + struct.pack("<HHII", 0x0202, 4, 1, len(jpeg))
    return (
        b"II*\0"
        + struct.pack("<I", 8)
        + struct.pack("<HI", 0, 14)
        + struct.pack("<H", 2)
        + entries
        + b"\0" * 4
        + jpeg
    )


def thumbnail_signal(small: Image.Image, picture: Image.Image) -> Signal:
    found = metadata.Metadata(read_blocks(b""), read_exif(with_thumbnail(small)))
    return metadata.thumbnail_signal(found, picture)


def wide() -> Image.Image:
    return Image.linear_gradient("L").resize((600, 300)).convert("RGB")


def test_a_thumbnail_of_something_else_is_flagged() -> None:
    signal = thumbnail_signal(image().resize((160, 120)), wide())
    assert (signal.status, signal.data["differs"]) == (Status.FOUND, True)


def test_a_letterboxed_thumbnail_of_the_same_is_not_flagged() -> None:
    small = Image.new("RGB", (160, 120))
    small.paste(wide().resize((160, 80)), (0, 20))
    signal = thumbnail_signal(small, wide())
    assert (signal.status, signal.data["differs"]) == (Status.NOT_FOUND, False)
    assert signal.data["likeness"] > 0.9


def test_a_flat_thumbnail_is_not_compared() -> None:
    assert thumbnail_signal(Image.new("RGB", (160, 120)), wide()).status is Status.NOT_CHECKED


@pytest.mark.skipif(not SHARED.is_dir(), reason="NO SHARED PICTURES: ../shared/data is not here")
def test_thumbnails_of_ordinary_photos_are_not_flagged() -> None:
    compared = 0
    for path in (SHARED / "photos").iterdir():
        found = metadata.read(path.read_bytes())
        if found.exif.thumbnail:
            compared += 1
            assert (
                metadata.thumbnail_signal(found, Image.open(path).convert("RGB")).status is Status.NOT_FOUND
            )
    assert compared >= 3
