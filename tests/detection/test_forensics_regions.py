"""Error levels, noise and the block grid: made-up splices light the right cells, untouched pictures light none."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from detection import forensics
from detection.findings import Signal, Status, Strength
from tests.detection.manipulations import (
    Manipulated,
    camera,
    into_saved_before,
    jpeg,
    jpeg_bytes,
    opened,
    pattern,
    png_bytes,
    with_copy_moved,
    with_enlarged,
    with_other_history,
)
from tests.detection.test_forensics_history import shares_of

SIZE = (640, 480)


def scene(seed: int) -> Image.Image:
    return camera(pattern(SIZE, seed), seed)


def signals(data: bytes) -> dict[str, Signal]:
    return {one.name: one for one in forensics.signals(opened(data), data)}


def spliced(make: Callable[[Image.Image, Image.Image, int], Manipulated], seed: int) -> Manipulated:
    return make(scene(seed), scene(seed + 50), seed)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("save", [png_bytes, lambda image: jpeg_bytes(image, 95)])
def test_error_levels_light_a_splice(seed: int, save: Callable[[Image.Image], bytes]) -> None:
    made = spliced(into_saved_before, seed)
    found = signals(save(made.image))["ela"]
    assert (found.status, found.strength, found.data["points_to"]) == (Status.FOUND, Strength.WEAK, "changed")
    assert "not proof" in found.sentence
    inside, outside = shares_of(found, made.box, SIZE)
    assert inside > 3 * outside


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_noise_lights_an_enlarged_patch(seed: int) -> None:
    made = spliced(with_enlarged, seed)
    found = signals(png_bytes(made.image))["noise"]
    assert (found.status, found.data["points_to"]) == (Status.FOUND, "changed")
    inside, outside = shares_of(found, made.box, SIZE)
    assert inside > 3 * outside


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_grid_of_a_pasted_patch_is_that_of_a_region(seed: int) -> None:
    made = spliced(with_other_history, seed)
    found = signals(png_bytes(made.image))["grid"]
    assert (found.status, found.data["points_to"]) == (Status.FOUND, "changed")
    assert found.data["grid"] == "partly shifted"
    inside, outside = shares_of(found, made.box, SIZE)
    assert inside > 2 * outside


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "save", [png_bytes, lambda image: jpeg_bytes(image, 95), lambda image: jpeg_bytes(image, 75)]
)
def test_an_untouched_picture_points_to_no_change(seed: int, save: Callable[[Image.Image], bytes]) -> None:
    told = signals(save(scene(seed)))
    assert [name for name, one in told.items() if one.data["points_to"] == "changed"] == []


def test_a_copy_within_the_picture_is_seen_by_none_of_them() -> None:
    """What the documentation says they can't do."""
    told = signals(png_bytes(spliced(with_copy_moved, 1).image))
    assert [name for name, one in told.items() if one.data["points_to"] == "changed"] == []


# --- where the grid lies ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "upper"), [(3, 5), (1, 1), (7, 2), (4, 0)])
def test_a_crop_after_a_saving_shows_by_how_much_it_moved_the_grid(left: int, upper: int) -> None:
    cropped = jpeg(scene(2), 75).crop((left, upper, *SIZE))
    found = signals(png_bytes(cropped))["grid"]
    assert (found.status, found.data["points_to"], found.data["grid"]) == (
        Status.FOUND,
        "saved_before",
        "shifted",
    )
    assert found.data["offset"] == [-left % 8, -upper % 8]


def test_a_crop_along_the_grid_moves_nothing() -> None:
    found = signals(jpeg_bytes(jpeg(scene(2), 75).crop((16, 8, *SIZE)), 90))["grid"]
    assert (found.status, found.data["grid"]) == (Status.NOT_FOUND, "in place")


def test_a_picture_that_was_never_a_jpeg_has_no_grid() -> None:
    found = signals(png_bytes(scene(2)))["grid"]
    assert (found.status, found.data["grid"]) == (Status.NOT_FOUND, "absent")


def test_the_smaller_blocks_of_webp_are_not_taken_for_a_shift() -> None:
    out = io.BytesIO()
    scene(2).save(out, "WEBP", quality=60)
    assert signals(out.getvalue())["grid"].status is Status.NOT_FOUND


TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def stored_lying(image: Image.Image, orientation: int, quality: int) -> tuple[Image.Image, bytes]:
    """A JPEG with an EXIF orientation, and the upright picture that a viewer shows."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=exif)
    turn = TURNS[orientation]
    shown = opened(out.getvalue())
    return shown if turn is None else shown.transpose(turn), out.getvalue()


@pytest.mark.parametrize("orientation", TURNS)
def test_a_turned_picture_is_read_on_the_grid_in_which_it_was_stored(orientation: int) -> None:
    odd = jpeg(scene(2), 60).crop(
        (0, 0, 637, 475)
    )  # turned, its blocks are counted from an edge of no multiple of 8
    told = {one.name: one for one in forensics.signals(*stored_lying(odd, orientation, 85))}
    assert told["grid"].data["grid"] == "in place"
    assert told["jpeg_history"].data["earlier"] == "quality 60"


@pytest.mark.parametrize("orientation", TURNS)
def test_the_map_of_a_turned_picture_lies_as_people_see_it(orientation: int) -> None:
    made = spliced(into_saved_before, 2)
    shown, data = stored_lying(made.image, orientation, 95)
    marked = Image.new("L", SIZE)
    marked.paste(255, made.box)
    turn = TURNS[orientation]
    box = (marked if turn is None else marked.transpose(turn)).getbbox()
    assert box is not None
    told = {one.name: one for one in forensics.signals(shown, data)}
    inside, outside = shares_of(told["jpeg_history"], box, shown.size)
    assert inside > 8 * outside
