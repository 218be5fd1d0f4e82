"""How often a picture was saved as JPEG: tables are named, earlier savings found, regions of another history lit."""

from __future__ import annotations

import io
import struct
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from detection import forensics
from detection.findings import Signal, Status, Strength
from detection.forensics import tables
from detection.limits import MIB, Limits
from tests.detection.manipulations import (
    camera,
    into_saved_before,
    jpeg,
    jpeg_bytes,
    opened,
    pattern,
    png_bytes,
)


def scene(seed: int = 1, size: tuple[int, int] = (480, 360)) -> Image.Image:
    return camera(pattern(size, seed), seed)


def history(data: bytes) -> Signal:
    return {one.name: one for one in forensics.signals(opened(data), data)}["jpeg_history"]


@pytest.mark.parametrize(("first", "last"), [(50, 90), (75, 90), (75, 85), (85, 95)])
def test_a_picture_that_was_saved_twice_is_named_double_with_its_first_quality(first: int, last: int) -> None:
    found = history(jpeg_bytes(jpeg(scene(), first), last))
    assert (found.status, found.strength) == (Status.FOUND, Strength.WEAK)
    assert found.data["points_to"] == "saved_before"
    assert found.data["table"] == f"standard table, quality {last}"
    assert abs(int(found.data["earlier"].removeprefix("quality ")) - first) <= 1
    assert "not proof" in found.sentence


@pytest.mark.parametrize("quality", [60, 75, 85, 90, 95])
def test_a_picture_that_was_saved_once_is_not_called_double(quality: int) -> None:
    found = history(jpeg_bytes(scene(), quality))
    assert (found.status, found.strength, found.data["earlier"]) == (Status.NOT_FOUND, None, "")
    assert f"quality {quality}" in found.sentence


def test_the_same_quality_twice_leaves_nothing_to_find() -> None:
    assert history(jpeg_bytes(jpeg(scene(), 85), 85)).status is Status.NOT_FOUND


def test_a_lossless_file_tells_that_it_was_a_jpeg() -> None:
    found = history(png_bytes(jpeg(scene(), 80)))
    assert found.status is Status.FOUND
    assert found.data["earlier"] == "quality 80"
    assert found.data["table"] == ""
    assert history(png_bytes(scene())).status is Status.NOT_FOUND


def test_photoshops_earlier_saving_is_named() -> None:
    out = io.BytesIO()
    scene().save(out, "JPEG", quality="medium")
    found = history(jpeg_bytes(opened(out.getvalue()), 92))
    assert found.data["earlier"] == "Photoshop “medium”"


@pytest.mark.parametrize("last", [85, 95])
def test_a_patch_without_the_history_of_the_rest_lights_its_cells(last: int) -> None:
    made = into_saved_before(scene(3, (640, 480)), scene(4, (640, 480)), 3)
    found = history(jpeg_bytes(made.image, last))
    assert (found.status, found.data["points_to"]) == (Status.FOUND, "changed")
    assert found.data["earlier"] == "quality 70"
    assert found.data["region_history"] == "none"
    inside, outside = shares_of(found, made.box, made.image.size)
    assert inside > 8 * outside


def shares_of(found: Signal, box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[float, float]:
    """Mean of a heat map's cells within *box* and of the others."""
    heat = found.sensitive["map"]
    shape = heat["height"], heat["width"]
    cells = np.frombuffer(bytes.fromhex(heat["cells"]), np.uint8).reshape(shape).astype(float)
    rows, columns = np.indices(shape) + 0.5
    across, down = columns * size[0] / shape[1], rows * size[1] / shape[0]
    within = (across > box[0]) & (across < box[2]) & (down > box[1]) & (down < box[3])
    return float(cells[within].mean()), float(cells[~within].mean())


# --- the tables in the header --------------------------------------------------------------------------


@pytest.mark.parametrize("quality", range(1, 101))
def test_every_standard_quality_is_named(quality: int) -> None:
    header = tables.header(jpeg_bytes(Image.new("RGB", (16, 16)), quality))
    assert header is not None
    assert tables.named(header.luma) == f"standard table, quality {quality}"


def test_photoshops_and_custom_tables_are_named_as_what_they_are() -> None:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", quality="web_high")
    header = tables.header(out.getvalue())
    assert header is not None
    assert tables.named(header.luma) == "Adobe Photoshop's table “web high”"
    out = io.BytesIO()
    own = [range(1, 65), range(2, 66)]
    Image.new("RGB", (16, 16)).save(out, "JPEG", qtables=[list(one) for one in own])
    header = tables.header(out.getvalue())
    assert header is not None
    assert header.luma == tuple(range(1, 65))
    assert tables.named(header.luma) == "custom table"


def test_a_header_says_size_sampling_and_progression() -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 24)).save(out, "JPEG", quality=80, subsampling="4:2:0", progressive=True)
    header = tables.header(out.getvalue())
    assert header is not None
    assert (header.width, header.height, header.progressive) == (40, 24, True)
    assert header.sampling == ((2, 2), (1, 1), (1, 1))


def segment(kind: int, body: bytes) -> bytes:
    return bytes((0xFF, kind)) + struct.pack(">H", len(body) + 2) + body


def frame(*numbers: int) -> bytes:
    components = b"".join(bytes((place, 0x11, number)) for place, number in enumerate(numbers, 1))
    return segment(0xC0, struct.pack(">BHHB", 8, 8, 8, len(numbers)) + components)


TABLE = bytes(range(1, 65))
SCAN = segment(0xDA, b"\0" * 6)


@pytest.mark.parametrize(
    "parts",
    [
        [frame(0)],  # no table at all
        [segment(0xDB, b"\x01" + TABLE), frame(0)],  # a table for another component
        [segment(0xDB, b"\x00" + TABLE[:40]), frame(0)],  # cut short
        [segment(0xDB, b"\x00" + bytes(64)), frame(0)],  # steps of zero
        [segment(0xDB, b"\x10" + TABLE), frame(0)],  # says 16 bits, holds 8
        [segment(0xDB, b""), frame(0)],
        [segment(0xDB, b"\x00" + TABLE), segment(0xC0, b"\x08\0\x08")],  # a frame that ends early
        [segment(0xDB, b"\x00" + TABLE), frame()],  # a frame without components
        [segment(0xDB, b"\x00" + TABLE), segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 3) + b"\x01\x11\0")],
        [segment(0xDB, b"\x00" + TABLE)],  # no frame
        [],
    ],
)
def test_a_broken_header_is_none_and_the_pixels_are_still_looked_at(parts: list[bytes]) -> None:
    data = b"\xff\xd8" + b"".join(parts) + SCAN
    assert tables.header(data) is None
    names = {one.name: one for one in forensics.signals(scene(), data)}
    assert names["jpeg_history"].data["table"] == ""
    assert "could be read" in names["jpeg_history"].sentence


def test_wide_and_repeated_tables_are_read_as_the_standard_says() -> None:
    wide = b"\x10" + b"".join(struct.pack(">H", 300 + step) for step in range(64))
    data = b"\xff\xd8" + segment(0xDB, b"\x00" + TABLE + wide) + frame(0) + SCAN
    header = tables.header(data)
    assert header is not None
    assert header.luma[0] == 300  # the later one of the same number holds
    assert header.luma[8] == 302  # zigzag: the third lies below the first
    assert tables.named(header.luma) == "custom table"


def test_steps_that_no_picture_needs_cost_no_more_memory() -> None:
    wide = b"\x10" + b"\xff\xff" * 64
    data = b"\xff\xd8" + segment(0xDB, wide) + frame(0) + SCAN
    image = scene()
    tracemalloc.start()
    try:
        told = forensics.signals(image, data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert told[1].data["table"] == "custom table"
    assert peak < 64 * MIB


def test_a_header_with_too_many_parts_is_left() -> None:
    data = b"\xff\xd8" + segment(0xFE, b"x") * 50 + segment(0xDB, b"\x00" + TABLE) + frame(0) + SCAN
    assert tables.header(data) is not None
    assert tables.header(data, Limits(max_metadata_parts=20)) is None
