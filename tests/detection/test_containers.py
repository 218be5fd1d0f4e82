"""Walking files part by part: lean copies draw the same picture, and broken structures end quietly."""

from __future__ import annotations

import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from detection import containers
from tests.corpus.jpeg_bombs import many_scans
from tests.corpus.oddities import in_mode, located
from tests.corpus.pictures import (
    PAYLOAD,
    benign,
    chunk,
    picture,
    saved,
    segment,
    with_jpeg_segments,
    with_png_chunks,
)


def pixels(data: bytes) -> bytes:
    return Image.open(io.BytesIO(data)).convert("RGBA").tobytes()


@pytest.mark.parametrize("data", [benign("jpg"), located(), in_mode("CMYK", "jpg"), many_scans(50, 5)])
def test_a_lean_jpeg_draws_the_same_picture(data: bytes) -> None:
    assert pixels(containers.lean_jpeg(data)) == pixels(data)


def test_a_lean_jpeg_has_lost_its_comments_and_profiles_but_not_its_orientation() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(picture(), "jpg", exif=exif, comment=PAYLOAD, icc_profile=PAYLOAD * 9)
    lean = containers.lean_jpeg(data)
    assert PAYLOAD in data
    assert PAYLOAD not in lean
    assert Image.open(io.BytesIO(lean)).getexif()[0x0112] == 6


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_a_lean_png_draws_the_same_picture(mode: str) -> None:
    data = in_mode(mode, "png")
    assert pixels(containers.lean_png(data)) == pixels(data)


def test_a_lean_png_has_lost_its_texts_and_what_follows_its_end() -> None:
    lean = containers.lean_png(with_png_chunks(chunk(b"tEXt", b"a\0" + PAYLOAD)) + PAYLOAD)
    assert PAYLOAD not in lean
    assert lean == benign("png")


def test_a_cut_png_stays_cut() -> None:
    assert containers.lean_png(benign("png")[:5000]) == benign("png")[:5000]


def test_scans_are_counted_exactly_only_when_there_may_be_too_many() -> None:
    assert containers.jpeg_scans(benign("jpg"), 100) == 1
    assert containers.jpeg_scans(many_scans(50, 300), 100) == 101
    hidden = with_jpeg_segments(segment(0xE5, b"\xff\xda" * 300))
    assert containers.jpeg_scans(hidden, 100) == 1


@pytest.mark.parametrize(
    "options", [{"lossless": True}, {"quality": 50}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}]
)
def test_the_size_of_a_webp_is_read_from_all_three_kinds_of_header(options: dict[str, object]) -> None:
    assert containers.webp_size(saved(picture(333, 77), "webp", **options)) == (333, 77)
    assert containers.webp_size(benign("png")) is None


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF....WEBPVP8X", b"RIFF....WEBPVP8 "]),
)
def test_any_bytes_can_be_walked(body: bytes, start: bytes) -> None:
    data = start + body
    containers.lean_jpeg(data)
    containers.lean_png(data)
    containers.webp_size(data)
    for part in (*containers.jpeg_segments(data), *containers.png_chunks(data)):
        assert 0 <= part.start <= part.body <= part.body_end <= part.end <= len(data)


def test_walking_a_large_file_of_markers_stays_linear() -> None:
    data = b"\xff\xd8" + b"\xff\xd0" * 100_000 + random.Random(1).randbytes(1000)
    assert sum(1 for _ in containers.jpeg_segments(data)) >= 100_000


@pytest.mark.parametrize(
    "rest",
    [
        b"\xff\xff\xff\xff",
        b"\xff",
        b"\xff\xe1\0\0rest",
        b"\xff\xe1\0\1rest",
        b"\xff\xe1\0\x0frest",
        b"\xff\xe1",
        b"\xff\xe1\0",
    ],
)
def test_a_segment_without_a_length_that_fits_ends_the_walk(rest: bytes) -> None:
    assert list(containers.jpeg_segments(b"\xff\xd8" + rest)) == []


def test_a_segment_before_a_broken_one_counts() -> None:
    [part] = containers.jpeg_segments(b"\xff\xd8\xff\xe1\0\x04ab\xff\xe2\xff\xff")
    assert (part.kind, part.body, part.end) == (b"\xe1", 6, 8)
