"""Generators' invisible watermarks are read where the published algorithm wrote them, and nowhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detection import dwtdct
from detection.findings import Status, Strength
from tests.detection.generator_marks import marked

PHOTOS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "photos"

#: SHA-256 of the RGB pixels that invisible-watermark 0.2.0 itself (with OpenCV 5.0.0, PyWavelets 1.9.0) makes
#: of ``clouds()`` with each payload.
MADE_BY_THE_PACKAGE = {
    "Stable Diffusion 1": "d44c45def71ff4833c09bc2ce2ce3d8d73e3a40c2d0b9b32d301dc825b100e15",
    "Stable Diffusion 2": "96b0f39cece5d3fc81c6abfeec9c8dd074be09f6bfdf81cfbde7e089d4e1c19b",
    "Stable Diffusion XL": "abddcebb74d643778a6ee85b5c134fdbf5c04d99270d278217df98f8c909b332",
    "FLUX": "751cebc27e7ffcf6ca9f189d1805ff25689bb17ddf31987381ed77f57d48cc39",
}
BY_NAME = {payload.generator: payload for payload in dwtdct.PAYLOADS}


def clouds(size: tuple[int, int] = (512, 384), seed: int = 11) -> Image.Image:
    """Smooth seeded noise in colour."""
    noise = np.random.default_rng(seed).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


@pytest.mark.parametrize("generator", BY_NAME)
def test_our_marks_are_the_packages_own_to_the_pixel(generator: str) -> None:
    pixels = np.asarray(marked(clouds(), BY_NAME[generator].bits)).tobytes()
    assert hashlib.sha256(pixels).hexdigest() == MADE_BY_THE_PACKAGE[generator]


@pytest.mark.parametrize("order", dwtdct.ORDERS)
@pytest.mark.parametrize("generator", BY_NAME)
def test_a_marked_picture_names_its_generator(generator: str, order: str) -> None:
    payload = BY_NAME[generator]
    found = dwtdct.signal(marked(clouds(), payload.bits, order=order))
    assert (found.name, found.status, found.strength) == ("watermark", Status.FOUND, Strength.STRONG)
    assert found.data["ai"] is True
    assert found.data["mark"]["generator"] == generator
    assert found.data["mark"]["order"] == order
    assert found.data["mark"]["agreeing"] >= payload.needed
    assert generator in found.sentence


def test_the_payloads_are_as_long_as_the_generators_write_them() -> None:
    assert [len(payload.bits) for payload in dwtdct.PAYLOADS] == [136, 32, 48, 46]


def test_a_picture_without_a_mark_is_not_found_and_not_called_authentic() -> None:
    found = dwtdct.signal(clouds())
    assert found.status is Status.NOT_FOUND
    assert found.strength is None
    assert "ai" not in found.data
    assert "no sign" in found.sentence


def test_another_payload_is_no_generators_mark() -> None:
    bits = tuple(int(bit) for bit in np.random.default_rng(2).integers(0, 2, 48))
    assert dwtdct.signal(marked(clouds(), bits)).status is Status.NOT_FOUND


def test_a_scaled_picture_has_lost_the_mark() -> None:
    whole = marked(clouds(), BY_NAME["Stable Diffusion XL"].bits)
    assert dwtdct.signal(whole.resize((400, 300))).status is Status.NOT_FOUND


def test_a_small_picture_is_not_applicable_rather_than_clean() -> None:
    assert dwtdct.signal(clouds((255, 256))).status is Status.NOT_APPLICABLE
    assert dwtdct.signal(clouds((256, 256))).status is Status.NOT_FOUND


@pytest.mark.parametrize("size", [(70_000, 1), (1, 70_000), (8192, 8), (9, 9000)])
def test_a_very_narrow_picture_is_not_found_where_bits_have_no_block(size: tuple[int, int]) -> None:
    assert dwtdct.signal(Image.new("RGB", size, (90, 60, 30))).status is Status.NOT_FOUND


def test_a_large_picture_is_read_from_its_top(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dwtdct, "_MOST_PIXELS", 512 * 288)
    large = marked(clouds(), BY_NAME["FLUX"].bits)
    large.paste((20, 90, 160), (0, 288, 512, 384))
    assert dwtdct.signal(large).data["mark"]["generator"] == "FLUX"


def test_bits_without_a_vote_agree_with_nothing() -> None:
    assert dwtdct.read_bits(np.array([1.0, -1.0, 0.5, -0.2, -1.0]), 3).tolist() == [1, 0, 1]
    assert dwtdct.read_bits(np.array([1.0, -1.0]), 3).tolist() == [1, 0, 2]


@pytest.mark.skipif(
    not PHOTOS.is_dir(), reason="SKIPPED LOUDLY: the photographs are not beside this checkout"
)
def test_no_photograph_is_said_to_be_marked() -> None:
    statuses = set()
    for path in sorted(PHOTOS.glob("*.JPEG")):
        with Image.open(path) as photo:
            statuses.add(dwtdct.signal(photo.convert("RGB")).status)
    assert statuses == {Status.NOT_FOUND, Status.NOT_APPLICABLE}
