"""What people do to a picture on its way out does not take our mark away; and none is read where there is none.

The long form over all photographs is tests/bench/marks.py; here is a part of it, through what a reveal serves.
"""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from detection import watermark
from tests.bench.marks import FIVE, rendition_of, revealed
from tests.bench.pictures import drawn, photos

ISSUED = [random.Random(7).getrandbits(48) for _ in range(100)]
LEAST_AREA = 150_000


def renditions(count: int) -> list[Image.Image]:
    """Renditions of 0.15 million pixels or more; the first pictures that are large enough."""
    opened = (Image.open(io.BytesIO(data)) for data in photos())
    found = []
    for picture in opened:
        if picture.width * picture.height >= LEAST_AREA:
            found.append(rendition_of(picture))
        if len(found) == count:
            break
    return found


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return renditions(8)


@pytest.mark.parametrize("grey", [True, False], ids=["grey", "in colour"])
@pytest.mark.parametrize("attack", FIVE)
def test_every_copy_names_its_look_after(attack: str, grey: bool, pictures: list[Image.Image]) -> None:
    chance = random.Random(attack)
    for number, rendition in enumerate(pictures):
        copy = FIVE[attack](revealed(rendition, ISSUED[number], grey), chance)
        reading = watermark.recognise(copy, rendition, ISSUED)
        assert reading.mark_id == ISSUED[number], number
        # Sure enough to be one of a hundred pictures that a trace compares with.
        assert reading.chance * 100 <= watermark.CHANCE, number


def test_a_copy_that_was_never_marked_names_nobody(pictures: list[Image.Image]) -> None:
    chance = random.Random(3)
    for number, rendition in enumerate(pictures):
        for copy in (rendition, *(attack(rendition, chance) for attack in FIVE.values())):
            reading = watermark.recognise(copy, rendition, ISSUED)
            assert (reading.mark_id, reading.unlisted) == (None, None), number


def test_a_copy_of_another_look_names_nobody_of_these(pictures: list[Image.Image]) -> None:
    other = 2**48 - 1
    for rendition in pictures:
        reading = watermark.recognise(revealed(rendition, other, True), rendition, ISSUED)
        assert reading.mark_id is None


def test_other_pictures_are_not_taken_for_ours(pictures: list[Image.Image]) -> None:
    for seed, rendition in enumerate(pictures):
        stranger = Image.open(io.BytesIO(drawn((600, 450), seed)))
        reading = watermark.recognise(stranger, rendition, ISSUED)
        assert (reading.mark_id, reading.unlisted, reading.same_picture) == (None, None, False)
