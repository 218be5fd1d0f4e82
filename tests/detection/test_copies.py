"""A picture that turned up somewhere is opened like any other hostile file, and comes back as pixels alone."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image

from detection import copies
from detection.fields import Malformed
from detection.findings import Failure
from detection.limits import Limits
from detection.sandbox import ChildDied
from detection.zygote import Zygote
from tests.bench.pictures import drawn


@pytest.fixture(scope="module")
def readers() -> Iterator[Zygote]:
    made = Zygote("detection.looking:warm_up")
    yield made
    made.stop()


def test_a_picture_comes_back_as_its_pixels(readers: Zygote) -> None:
    data = drawn((320, 200), 1)
    opened = copies.open_copy(data, readers=readers)
    assert isinstance(opened, Image.Image)
    expected = Image.open(io.BytesIO(data)).convert("RGB")
    assert (opened.size, opened.tobytes()) == (expected.size, expected.tobytes())


def test_a_large_picture_comes_back_smaller(readers: Zygote) -> None:
    opened = copies.open_copy(drawn((3000, 200), 1), readers=readers)
    assert isinstance(opened, Image.Image)
    assert opened.size == (2048, 137)


def test_what_is_no_picture_says_so_for_good(readers: Zygote) -> None:
    opened = copies.open_copy(b"Dear harbour master", readers=readers)
    assert isinstance(opened, Failure)
    assert opened.code == "unrecognised"


def test_a_reader_that_takes_too_long_is_ended(readers: Zygote) -> None:
    opened = copies.open_copy(drawn((4000, 3000), 1), limits=Limits(wall_seconds=0.001), readers=readers)
    assert isinstance(opened, ChildDied)


@pytest.mark.parametrize(
    ("document", "parts"),
    [
        ({"shape": [2, 2, 4], "dtype": "|u1"}, [bytes(16)]),
        ({"shape": [2, 4096, 3], "dtype": "|u1"}, [bytes(24576)]),
        ({"shape": [2, True, 3], "dtype": "|u1"}, [bytes(6)]),
        ({"shape": [0, 2, 3], "dtype": "|u1"}, [b""]),
        ({"shape": "2,2,3", "dtype": "|u1"}, [bytes(12)]),
        ({"shape": [2, 2, 3], "dtype": "<f4"}, [bytes(48)]),
        ({"shape": [2, 2, 3], "dtype": "|u1"}, [bytes(11)]),
        ({"shape": [2, 2, 3], "dtype": "|u1"}, [bytes(12), bytes(12)]),
        ({}, [bytes(12)]),
    ],
    ids=str,
)
def test_only_a_picture_of_the_size_asked_for_is_believed(
    document: dict[str, object], parts: list[bytes]
) -> None:
    with pytest.raises(Malformed):
        copies.picture_from(document, parts)


def test_a_plane_of_bytes_is_a_picture() -> None:
    assert copies.picture_from({"shape": [2, 3, 3], "dtype": "|u1"}, [bytes(18)]).size == (3, 2)
