"""Previews and renditions are bounded, drawn afresh, and carry nothing but pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from detection import opening, renditions
from detection.findings import Derivative
from detection.limits import Limits
from tests.corpus.oddities import located
from tests.corpus.pictures import picture, saved

SIZES = [(1, 1), (24, 24), (25, 7), (640, 480), (480, 640), (1, 30_000), (30_000, 1), (5000, 3000)]


def reopened(derivative: Derivative) -> Image.Image:
    return Image.open(io.BytesIO(derivative.content))


def is_a_preview(derivative: Derivative) -> bool:
    """The rule that guards everything shown before a reveal."""
    image = reopened(derivative)
    plain = not image.info and not image.getexif() and image.format == "PNG" and image.mode == "L"
    return plain and max(image.size) <= 24 and len(derivative.content) <= 2048


@pytest.mark.parametrize("size", SIZES)
def test_a_preview_of_any_shape_keeps_to_the_rule(size: tuple[int, int]) -> None:
    assert is_a_preview(renditions.preview(Image.new("RGB", size, "orange")))


def test_the_busiest_picture_still_makes_a_small_preview() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    assert is_a_preview(renditions.preview(Image.fromarray(noise)))


def test_a_rendition_does_not_pass_as_a_preview() -> None:
    assert not is_a_preview(renditions.rendition(picture()))


@pytest.mark.parametrize("size", SIZES)
def test_a_rendition_is_at_most_2048_pixels_and_never_enlarged(size: tuple[int, int]) -> None:
    made = renditions.rendition(Image.new("RGB", size, "orange"))
    longer = max(size)
    assert max(made.width, made.height) == min(longer, 2048)
    assert reopened(made).size == (made.width, made.height)


def test_a_located_photograph_loses_everything_but_its_pixels() -> None:
    photograph = Image.open(io.BytesIO(located()))
    photograph.load()
    assert photograph.info["comment"]
    for made in (renditions.preview(photograph), renditions.rendition(photograph)):
        image = reopened(made)
        assert image.info.keys() <= {"jfif", "jfif_version", "jfif_density", "jfif_unit"}
        assert not image.getexif()
        assert b"ayload" not in made.content


def test_text_in_a_png_stays_behind() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("parameters", "a secret prompt")
    image = Image.open(io.BytesIO(saved(picture(), "png", pnginfo=text)))
    assert image.info["parameters"]
    assert is_a_preview(renditions.preview(image))
    assert b"secret" not in renditions.rendition(image).content


def test_a_rendition_looks_like_its_picture() -> None:
    made = np.asarray(reopened(renditions.rendition(picture())), dtype=float)
    assert np.abs(made - np.asarray(picture(), dtype=float)).mean() < 12


def test_a_rendition_of_noise_keeps_its_size_limit() -> None:
    noise = Image.fromarray(np.random.default_rng(5).integers(0, 256, (600, 800, 3)).astype(np.uint8))
    limits = Limits(max_rendition_bytes=100_000)
    assert len(renditions.rendition(noise, limits).content) <= 100_000
    assert len(renditions.rendition(noise).content) > 100_000


def test_the_opened_picture_is_left_as_it_was() -> None:
    frame = opening.open_media(saved(picture(), "png")).frames[0]
    before = frame.tobytes()
    renditions.preview(frame)
    renditions.rendition(frame)
    assert frame.tobytes() == before
    assert frame.size == picture().size
