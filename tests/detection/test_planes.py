"""Planes: a picture of any shape in the fixed shape that a model wants."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from detection.planes import Fit, PlaneSpec, Resample, placed_size, prepare

SHAPES = [(1, 1), (7, 5), (1, 3000), (3000, 1), (640, 480)]


def stripes(width: int, height: int) -> Image.Image:
    """Red on the left, green in the middle, blue on the right."""
    picture = Image.new("RGB", (width, height), "red")
    picture.paste("green", (width // 3, 0, width, height))
    picture.paste("blue", (2 * width // 3, 0, width, height))
    return picture


@pytest.mark.parametrize("size", SHAPES)
@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize("resample", list(Resample))
def test_every_shape_fits(size: tuple[int, int], fit: Fit, resample: Resample) -> None:
    resized = 40 if fit in (Fit.CENTRE, Fit.COVER) else 0
    spec = PlaneSpec("any", 32, 24, fit, resized, 0, resample)
    planes = prepare([Image.new("RGB", size, "white")] * 2, [spec])["any"]
    assert (planes.shape, planes.dtype) == ((2, 24, 32, 3), np.uint8)
    is_a_hair = fit is Fit.LETTERBOX and resample is Resample.PLAIN and max(size) / min(size) > 100
    assert is_a_hair or planes.max() > 200


def test_cover_takes_the_middle_and_keeps_the_proportions() -> None:
    [plane] = prepare([stripes(300, 100)], [PlaneSpec("any", 32, 32, Fit.COVER, 32)])["any"]
    assert (plane == (0, 128, 0)).all()


def test_centre_squeezes_what_cover_cuts_off() -> None:
    [plane] = prepare([stripes(300, 100)], [PlaneSpec("any", 32, 32, Fit.CENTRE, 34)])["any"]
    assert plane[16, 1, 0] == 255
    assert plane[16, 30, 2] == 255


@pytest.mark.parametrize("resample", list(Resample))
def test_a_letterbox_lies_in_the_upper_left_and_the_rest_is_black(resample: Resample) -> None:
    spec = PlaneSpec("any", 64, 64, Fit.LETTERBOX, 0, 0, resample)
    [plane] = prepare([Image.new("RGB", (200, 100), "white")], [spec])["any"]
    assert placed_size((200, 100), spec) == (64, 32)
    assert plane[:31].min() == 255
    assert plane[33:].max() == 0


def test_plain_resampling_looks_at_the_four_nearest_pixels_only() -> None:
    """Where every fourth column is white, averaging gives grey and looking at single pixels does not."""
    columns = np.zeros((64, 64, 3), np.uint8)
    columns[:, 1::4] = columns[:, 2::4] = 255
    picture = Image.fromarray(columns)
    smooth = prepare([picture], [PlaneSpec("any", 16, 16)])["any"]
    plain = prepare([picture], [PlaneSpec("any", 16, 16, resample=Resample.PLAIN)])["any"]
    assert 100 < smooth[0, 8, 8, 0] < 155
    assert plain[0, 8, 8, 0] > 250


def test_the_last_pixels_of_a_plain_letterbox_blend_into_the_black() -> None:
    """As in OpenCV, where the picture is padded before it is scaled: 6 rows become 9.6."""
    spec = PlaneSpec("any", 16, 16, Fit.LETTERBOX, 0, 0, Resample.PLAIN)
    [plane] = prepare([Image.new("RGB", (10, 6), "white")], [spec])["any"]
    assert plane[:9].min() == 255
    assert 120 < plane[9, 4, 0] < 160
    assert plane[10:].max() == 0
