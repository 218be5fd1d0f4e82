"""What a sensor and what an enlargement leave between neighbouring pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from detection import forensics
from detection.findings import Signal, Status, Strength
from tests.detection.manipulations import (
    UPSAMPLED,
    camera,
    demosaiced,
    jpeg_bytes,
    opened,
    pattern,
    png_bytes,
)

SIZE = (480, 360)


def signals(data: bytes) -> dict[str, Signal]:
    return {one.name: one for one in forensics.signals(opened(data), data)}


def sensor_noise(seed: int) -> Image.Image:
    """Noise as a bilinear demosaicing leaves it."""
    light = np.random.default_rng(seed).normal(128, 20, (SIZE[1], SIZE[0], 3))
    return Image.fromarray(np.clip(demosaiced(light, gradient=False), 0, 255).astype(np.uint8))


def doubled(image: Image.Image) -> Image.Image:
    return image.resize((image.width * 2, image.height * 2), Image.Resampling.BICUBIC)


def test_demosaiced_noise_shows_the_colour_filter_and_its_enlargement_does_not() -> None:
    found = signals(png_bytes(sensor_noise(1)))["cfa"]
    assert (found.status, found.strength, found.data["points_to"]) == (Status.FOUND, Strength.WEAK, "camera")
    assert signals(png_bytes(doubled(sensor_noise(1))))["cfa"].status is Status.NOT_FOUND


@pytest.mark.parametrize("gradient", [True, False])
@pytest.mark.parametrize("save", [png_bytes, lambda image: jpeg_bytes(image, 95)])
def test_a_cameras_picture_shows_its_colour_filter(
    gradient: bool, save: Callable[[Image.Image], bytes]
) -> None:
    told = signals(save(camera(pattern(SIZE, 5), 5, gradient=gradient)))
    assert told["cfa"].status is Status.FOUND
    assert told["spectrum"].status is Status.NOT_FOUND


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_plain_noise_shows_neither(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    told = signals(png_bytes(Image.fromarray(pixels)))
    assert told["cfa"].status is Status.NOT_FOUND
    assert told["spectrum"].status is Status.NOT_FOUND


def test_no_colour_filter_is_called_no_sign() -> None:
    assert "says nothing" in signals(png_bytes(pattern(SIZE, 5)))["cfa"].sentence


@pytest.mark.parametrize("kind", UPSAMPLED)
@pytest.mark.parametrize("save", [png_bytes, lambda image: jpeg_bytes(image, 95)])
def test_an_enlarged_picture_repeats_a_pattern(kind: str, save: Callable[[Image.Image], bytes]) -> None:
    made = UPSAMPLED[kind](camera(pattern(SIZE, 6), 6))
    told = signals(save(made))
    assert (told["spectrum"].status, told["spectrum"].data["points_to"]) == (Status.FOUND, "enlarged")
    assert told["cfa"].status is Status.NOT_FOUND
    assert "not proof" in told["spectrum"].sentence


@pytest.mark.parametrize(("factor", "period"), [(1.5, 1 / 3), (1.25, 0.2)])
def test_an_odd_enlargement_shows_its_frequency(factor: float, period: float) -> None:
    plain = camera(pattern(SIZE, 7), 7)
    size = round(plain.width * factor), round(plain.height * factor)
    found = signals(png_bytes(plain.resize(size, Image.Resampling.BICUBIC)))["spectrum"]
    assert found.status is Status.FOUND
    assert found.data["other_at"] == pytest.approx(period, abs=0.01) or found.data[
        "other_at"
    ] == pytest.approx(2 * period, abs=0.01)


def test_the_slope_is_steeper_once_enlarged_and_is_never_judged() -> None:
    plain = camera(pattern(SIZE, 8), 8)
    told, enlarged = (signals(png_bytes(one))["spectrum"] for one in (plain, UPSAMPLED["x2 bilinear"](plain)))
    assert enlarged.data["slope"] > told.data["slope"] > 0
    assert told.status is Status.NOT_FOUND
