"""How well the methods separate, where that is far above chance; and that chance is called chance."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from detection.findings import Signal
from tests.bench.forensics import auc, measured
from tests.detection.manipulations import (
    SAVED,
    UPSAMPLED,
    camera,
    into_saved_before,
    jpeg,
    pattern,
    saved,
    with_copy_moved,
)

SIZE = (400, 304)
SCENES = range(10)


def cameras() -> list[Image.Image]:
    return [camera(pattern(SIZE, seed), seed, gradient=seed % 2 == 0) for seed in SCENES]


def facts(pictures: list[Image.Image], how: str, name: str, fact: str) -> list[float]:
    signals: list[Signal] = [measured(saved(one, how))[name] for one in pictures]
    return [float(one.data[fact]) for one in signals]


@pytest.mark.parametrize("how", ["JPEG 95", "JPEG 85"])
def test_an_earlier_coarser_saving_is_told_from_none(how: str) -> None:
    """Measured: 1.00."""
    once, twice = cameras(), [jpeg(one, 70) for one in cameras()]
    assert (
        auc(facts(twice, how, "jpeg_history", "evidence"), facts(once, how, "jpeg_history", "evidence"))
        > 0.95
    )


@pytest.mark.parametrize("how", ["none", "JPEG 95"])
@pytest.mark.parametrize("kind", UPSAMPLED)
def test_enlargements_are_told_from_cameras(kind: str, how: str) -> None:
    """Measured: 1.00."""
    plain = cameras()
    made = [UPSAMPLED[kind](one) for one in plain]
    assert auc(facts(made, how, "spectrum", "statistic"), facts(plain, how, "spectrum", "statistic")) > 0.9


@pytest.mark.parametrize("how", ["none", "JPEG 95"])
@pytest.mark.parametrize("make", UPSAMPLED.values(), ids=UPSAMPLED)
def test_cameras_are_told_from_enlargements(make: Callable[[Image.Image], Image.Image], how: str) -> None:
    """Measured: 0.98 to 1.00."""
    plain = cameras()
    made = [make(one) for one in plain]
    assert auc(facts(plain, how, "cfa", "statistic"), facts(made, how, "cfa", "statistic")) > 0.9


@pytest.mark.parametrize("how", SAVED)
def test_a_patch_in_a_picture_of_other_history_is_told_from_none(how: str) -> None:
    """Measured: 0.99 to 1.00."""
    scenes = cameras()
    made = [into_saved_before(scene, scenes[seed - 1], seed) for seed, scene in enumerate(scenes)]
    changed = facts([one.image for one in made], how, "jpeg_history", "region")
    assert auc(changed, facts([one.before for one in made], how, "jpeg_history", "region")) > 0.9


def test_noise_does_not_see_a_copy_within_the_picture() -> None:
    """Measured: 0.48 to 0.51, and written down as no better than chance."""
    scenes = cameras()
    made = [with_copy_moved(scene, scene, seed).image for seed, scene in enumerate(scenes)]
    assert auc(facts(made, "none", "noise", "statistic"), facts(scenes, "none", "noise", "statistic")) < 0.8


def test_the_area_under_the_curve_is_what_it_says() -> None:
    assert auc([2.0, 3.0], [0.0, 1.0]) == 1.0
    assert auc([0.0, 1.0], [2.0, 3.0]) == 0.0
    assert auc([1.0], [1.0]) == 0.5
    assert auc([1.0, 3.0], [2.0]) == 0.5
