"""A leaked copy names the mark that was put into it, and a copy without one names none."""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from detection import watermark
from detection.registration import MOST_GUESSES, Plane, placements


def drawn_ids(seed: int, count: int) -> list[int]:
    lots = random.Random(seed)
    return [lots.getrandbits(48) for _ in range(count)]


ISSUED = drawn_ids(7, 60)
MINE = ISSUED[17]
SIZE = (620, 440)


@cache
def landscape(seed: int = 3, size: tuple[int, int] = SIZE) -> Image.Image:
    """Hills of smooth noise, dots and grain: something to align by, something even, something busy."""
    chance = np.random.default_rng(seed)
    coarse = Image.fromarray(chance.integers(20, 230, (7, 9, 3)).astype(np.uint8))
    picture = coarse.resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, r = (int(one) for one in chance.integers([0, 0, 4], [*size, 40]))
        pen.ellipse((x, y, x + r, y + r), fill=tuple(int(one) for one in chance.integers(0, 255, 3)))
    grain = chance.normal(0, 5, (size[1], size[0], 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


@cache
def shown(seed: int = 3) -> Image.Image:
    """The landscape as somebody saw it: marked, saved as JPEG."""
    return jpeg(watermark.embed(landscape(seed), MINE), 80)


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return Image.open(out)


def scaled(image: Image.Image, factor: float) -> Image.Image:
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


def part(image: Image.Image, share: float, left: float = 0.6, top: float = 0.3) -> Image.Image:
    """A part with *share* of the area; *left* and *top* say how much of what is lost lies there."""
    width, height = (round(side * math.sqrt(share)) for side in image.size)
    x, y = round((image.width - width) * left), round((image.height - height) * top)
    return image.crop((x, y, x + width, y + height))


def noisy(image: Image.Image, deviation: float) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, deviation, np.asarray(image).shape)
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def on_a_screen(image: Image.Image) -> Image.Image:
    screen = Image.new("RGB", (image.width + 190, image.height + 140), (241, 241, 244))
    screen.paste(image, (73, 51))
    return jpeg(scaled(screen, 0.83), 75)


def written_over(image: Image.Image) -> Image.Image:
    copy = image.copy()
    for y in range(10, copy.height, 110):
        ImageDraw.Draw(copy).text((30, y), "LOOK AT THIS " * 4, fill=(255, 255, 255), font_size=24)
    return copy


def psnr(one: Image.Image, other: Image.Image) -> float:
    difference = np.asarray(one, dtype=float) - np.asarray(other, dtype=float)
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


DAMAGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "untouched": lambda image: image,
    "JPEG 50": lambda image: jpeg(image, 50),
    "half the size": lambda image: scaled(image, 0.5),
    "a crop to 80 %": lambda image: part(image, 0.8),
    "a screenshot": on_a_screen,
    "another scale": lambda image: jpeg(scaled(image, 0.773), 80),
    "blur and noise": lambda image: noisy(image.filter(ImageFilter.GaussianBlur(1)), 4),
    "a smaller crop, scaled, JPEG 50": lambda image: jpeg(scaled(part(image, 0.64), 0.71), 50),
    "a mirror": lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "greyscale": lambda image: image.convert("L"),
    "more contrast": lambda image: ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(1.15)).enhance(1.3),
    "writing over it": written_over,
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_leaked_copy_names_its_mark(damage: str) -> None:
    reading = watermark.recognise(DAMAGES[damage](shown()), landscape(), ISSUED)
    assert reading.mark_id == MINE
    assert reading.chance <= watermark.CHANCE
    assert reading.confidence > 0.99999
    assert reading.unlisted is None
    assert reading.mirrored is (damage == "a mirror")


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), SIZE], ids=str)
def test_an_even_picture_carries_no_mark_not_even_that_of_id_0(size: tuple[int, int]) -> None:
    even = Image.new("RGB", size, "grey")
    assert watermark.read_whole(even) is None
    even.paste("white", (0, 0, size[0] // 20, size[1] // 20))
    assert watermark.read_whole(even) is None


def test_id_0_is_read_like_any_other() -> None:
    carrying = jpeg(watermark.embed(landscape(), 0), 80)
    assert watermark.read_whole(carrying) == 0


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_copy_without_a_mark_names_nobody(damage: str) -> None:
    reading = watermark.recognise(DAMAGES[damage](jpeg(landscape(), 80)), landscape(), ISSUED)
    assert (reading.mark_id, reading.unlisted, reading.chance) == (None, None, 1.0)
    assert reading.score < watermark.threshold(len(ISSUED))
    assert reading.same_picture


def test_a_grey_copy_with_a_name_drawn_in_before_the_mark_is_recognised_from_the_colours() -> None:
    seen = watermark.embed(written_over(landscape()).convert("L"), MINE)
    assert seen.mode == "L"
    assert watermark.recognise(part(jpeg(seen, 60), 0.8), landscape(), ISSUED).mark_id == MINE


@pytest.mark.parametrize("damage", ["untouched", "JPEG 50", "a crop to 80 %"])
def test_a_mark_that_was_not_issued_is_read_but_names_nobody(damage: str) -> None:
    others = [one for one in ISSUED if one != MINE]
    reading = watermark.recognise(DAMAGES[damage](shown()), landscape(), others)
    assert (reading.mark_id, reading.unlisted) == (None, MINE)


def test_a_mark_is_read_when_none_was_issued() -> None:
    reading = watermark.recognise(shown(), landscape(), [])
    assert (reading.mark_id, reading.unlisted) == (None, MINE)


def test_another_picture_is_not_the_same_picture() -> None:
    reading = watermark.recognise(shown(8), landscape(), ISSUED)
    assert (reading.mark_id, reading.unlisted) == (None, None)
    assert not reading.same_picture


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_an_even_picture_is_not_taken_for_anything(colour: int) -> None:
    even = Image.new("RGB", SIZE, (colour,) * 3)
    assert watermark.recognise(even, landscape(), ISSUED).mark_id is None
    assert watermark.recognise(shown(), even, ISSUED).mark_id is None


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (20, 20)])
def test_a_tiny_or_narrow_copy_names_nobody(size: tuple[int, int]) -> None:
    assert watermark.recognise(shown().resize(size), landscape(), ISSUED).mark_id is None


def test_the_mark_is_hard_to_see() -> None:
    marked = watermark.embed(landscape(), MINE)
    assert (marked.size, marked.mode) == (SIZE, "RGB")
    assert psnr(marked, landscape()) >= 38
    assert np.abs(np.asarray(marked, dtype=int) - np.asarray(landscape(), dtype=int)).max() <= 8


def test_twice_the_strength_is_a_larger_change() -> None:
    weak, strong = (watermark.embed(landscape(), MINE, strength=one) for one in (1.0, 2.0))
    assert psnr(weak, landscape()) > psnr(strong, landscape()) + 4


def test_the_same_id_makes_the_same_pixels_and_another_id_others() -> None:
    again, other = (watermark.embed(landscape(), one).tobytes() for one in (MINE, ISSUED[3]))
    assert watermark.embed(landscape(), MINE).tobytes() == again
    assert again != other


def test_without_the_key_nothing_is_read() -> None:
    marked = watermark.embed(landscape(), MINE, key=b"a secret of this installation")
    assert watermark.recognise(marked, landscape(), ISSUED).mark_id is None
    assert (
        watermark.recognise(marked, landscape(), ISSUED, key=b"a secret of this installation").mark_id == MINE
    )


def test_a_whole_copy_is_read_without_knowing_the_picture() -> None:
    assert watermark.read_whole(shown()) == MINE
    assert watermark.read_whole(landscape()) is None
    assert watermark.read_whole(shown(), key=b"another") is None


@pytest.mark.parametrize("size", [(63, 63), (1, 40)])
def test_a_picture_that_is_too_small_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(watermark.Unmarkable, match="64 pixels"):
        watermark.embed(Image.new("RGB", size), MINE)


@pytest.mark.parametrize("mode", ["RGBA", "P", "CMYK", "LA"])
def test_other_modes_become_rgb(mode: str) -> None:
    assert watermark.embed(landscape().convert("RGB").convert(mode), MINE).mode == "RGB"


def test_more_issued_marks_ask_for_a_higher_score() -> None:
    assert watermark.threshold(1) < watermark.threshold(1000) < watermark.threshold(10**6) < 9
    tries = 10**6 * MOST_GUESSES * 2
    assert tries * math.exp(-(watermark.threshold(10**6) ** 2) / 2) == pytest.approx(watermark.CHANCE)


def test_random_ids_score_in_a_marked_copy_as_coin_tosses_would() -> None:
    others = drawn_ids(23, 40_000)
    reading = watermark.recognise(shown(), landscape(), others)
    assert (reading.mark_id, reading.unlisted) == (None, MINE)
    assert reading.score < math.sqrt(2 * math.log(40_000)) + 1


def test_a_crop_is_placed_to_a_fraction_of_a_pixel() -> None:
    copy = landscape().crop((101, 57, 541, 397)).resize((573, 443), Image.Resampling.BICUBIC)
    best = max(placements(Plane.of(copy), Plane.of(landscape())), key=lambda one: one.similarity)
    wide, high = 573 / 440, 443 / 340
    expected = (-101 * wide, -57 * high, (620 - 101) * wide, (440 - 57) * high)
    assert best.box == pytest.approx(expected, abs=0.5)
    assert best.similarity > 0.97
