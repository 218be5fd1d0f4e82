"""Perceptual hashes survive what people do to pictures, and tell different pictures apart."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from detection import opening, pdq, perceptual
from tests.corpus.pictures import picture

PHOTOS = sorted((Path(__file__).resolve().parents[2].parent / "shared" / "data" / "photos").glob("*.JPEG"))


def test_both_hashes_carry_algorithm_version_and_length() -> None:
    first, second = perceptual.hashes(picture())
    assert (first.algorithm, len(first.value)) == ("pdq", 64)
    assert (second.algorithm, len(second.value)) == ("phash", 16)
    assert second.version.startswith("imagehash ")
    assert second.quality is None


def test_a_picture_sent_on_in_another_size_and_format_keeps_its_hashes() -> None:
    out = io.BytesIO()
    picture().resize((320, 240)).save(out, "WEBP", quality=60)
    again = opening.open_media(out.getvalue()).frames[0]
    for one, other in zip(perceptual.hashes(picture()), perceptual.hashes(again), strict=True):
        assert pdq.hamming(one.value, other.value) <= len(one.value) * 4 * 0.12


@pytest.mark.skipif(
    len(PHOTOS) < 90, reason="SKIPPED LOUDLY: the shared photographs are not beside this checkout"
)
def test_no_two_different_photographs_match() -> None:
    values = [pdq.hash_image(opening.open_media(path.read_bytes()).frames[0]).value for path in PHOTOS]
    pairs = [(one, other) for n, one in enumerate(values) for other in values[:n]]
    assert min(pdq.hamming(one, other) for one, other in pairs) > 31


def test_pictures_of_one_pixel_have_hashes() -> None:
    assert [len(one.value) for one in perceptual.hashes(Image.new("RGB", (1, 1)))] == [64, 16]
