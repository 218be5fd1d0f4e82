"""Perceptual hashes survive what people do to pictures, and tell different pictures apart."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import imagehash
import pytest
from PIL import Image

from detection import opening, pdq, perceptual
from tests.corpus.pictures import picture

PHOTOS = sorted((Path(__file__).resolve().parents[2].parent / "shared" / "data" / "photos").glob("*.JPEG"))


def test_both_hashes_carry_algorithm_version_and_length() -> None:
    first, second = perceptual.hashes(picture())
    assert (first.algorithm, len(first.value)) == ("pdq", 64)
    assert (second.algorithm, len(second.value)) == ("phash", 16)
    assert second.version == perceptual.PHASH_VERSION
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


@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.stem)
def test_a_phash_is_bit_for_bit_that_of_imagehash(path: Path) -> None:
    image = opening.open_media(path.read_bytes()).frames[0]
    assert perceptual.phash(image).value == str(imagehash.phash(image))


@pytest.mark.parametrize("colour", ["black", "white", "red", (1, 2, 3)])
def test_a_picture_of_one_colour_has_the_phash_of_imagehash_too(colour: Any) -> None:
    image = Image.new("RGB", (100, 70), colour)
    assert perceptual.phash(image).value == str(imagehash.phash(image))


def test_the_turns_are_those_of_pdq_and_the_first_is_the_picture_as_it_is() -> None:
    hashes, turns = perceptual.hashes_and_turns(picture())
    assert hashes == perceptual.hashes(picture())
    assert turns == pdq.dihedral_hashes(picture())
    assert turns[0] == hashes[0]


def test_pictures_of_one_pixel_have_hashes() -> None:
    assert [len(one.value) for one in perceptual.hashes(Image.new("RGB", (1, 1)))] == [64, 16]
