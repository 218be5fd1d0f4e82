"""The mark of a playback: in every picture, read in a still and in a copy, and never where there is none."""

from __future__ import annotations

import io
from functools import cache

import av
import numpy as np
import pytest
from PIL import Image

from detection import sandbox, watermark
from detection.fields import Malformed
from detection.opening import Unopenable
from detection.video import marks, pictures, playing, recognising
from detection.video.drawing import film_of
from tests.bench.pictures import drawn

KEY, SIZE = b"desk", (480, 320)
ISSUED = [0x1234_5678_9ABC, 0x0F0F_0F0F_0F0F, 77]


@cache
def film(seed: int) -> bytes:
    """Half a second along a drawn picture."""
    whole = Image.open(io.BytesIO(drawn((640, 420), seed))).convert("RGB")
    boxes = [(6 * step, 3 * step, SIZE[0] + 6 * step, SIZE[1] + 3 * step) for step in range(12)]
    return film_of((np.asarray(whole.crop(box)) for box in boxes), size=SIZE, rate=25)


@cache
def shown(seed: int, mark: int | None) -> tuple[Image.Image, ...]:
    """The pictures of a playback of it, as a player shows them."""
    wishes = {"words": "Mona", "start": 0.0, "coloured": False}
    if mark is not None:
        wishes["mark"] = playing.mark_wish(marks.pattern(mark, KEY))
    *_, (_about, [content]) = playing.work(film(seed), wishes, playing.LIMITS)
    with av.open(io.BytesIO(content), "r", format="mov") as container:
        return tuple(Image.fromarray(frame.to_ndarray(format="gray")) for frame in container.decode(video=0))


@cache
def known(seed: int) -> pictures.Part:
    """What is held of the film."""
    wishes = {"start": 0.0, "side": pictures.KNOWN_SIDE, "every": True}
    batches = [
        pictures.batch_from(document, parts, pictures.KNOWN_SIDE)
        for document, parts in pictures.work(film(seed), wishes, pictures.LIMITS)
        if parts
    ]
    at = tuple(time for times, _ in batches for time in times)
    return pictures.Part(at, np.concatenate([planes for _, planes in batches]))


def read(copy: list[Image.Image], seed: int = 3) -> marks.Reading:
    return recognising.recognise(copy, known(seed), SIZE, ISSUED, key=KEY)


def test_what_is_held_of_a_film_are_the_pictures_that_its_playback_shows() -> None:
    assert len(known(3).at) == len(shown(3, None)) == 12
    assert known(3).planes.shape[1:] == (171, 256)


@pytest.mark.parametrize("number", range(0, 12, 3))
def test_every_picture_names_the_mark(number: int) -> None:
    reading = read([shown(3, ISSUED[0])[number]])
    assert (reading.mark_id, reading.pictures) == (ISSUED[0], 1)
    assert reading.chance <= watermark.CHANCE


def test_a_part_of_a_picture_names_it() -> None:
    assert read([shown(3, ISSUED[1])[6].crop((30, 20, 450, 300))]).mark_id == ISSUED[1]


def test_a_mirrored_picture_names_it() -> None:
    assert read([shown(3, ISSUED[1])[6].transpose(Image.Transpose.FLIP_LEFT_RIGHT)]).mark_id == ISSUED[1]


def test_a_whole_film_names_it_without_the_film_that_is_held() -> None:
    words = marks.words_of(ISSUED)
    assert recognising.read_whole(shown(3, ISSUED[2]), ISSUED, words, key=KEY).mark_id == ISSUED[2]


def test_a_film_without_a_mark_is_recognised_and_names_nobody() -> None:
    reading = read(list(shown(3, None)))
    assert (reading.mark_id, reading.unlisted, reading.same_film) == (None, None, True)


def test_a_film_with_a_mark_of_another_playback_names_nobody_but_says_so() -> None:
    reading = read(list(shown(3, 99)))
    assert (reading.mark_id, reading.unlisted) == (None, 99)


def test_another_desks_key_reads_nothing() -> None:
    copy = list(shown(3, ISSUED[0]))
    reading = recognising.recognise(copy, known(3), SIZE, ISSUED, key=b"another")
    assert (reading.mark_id, reading.unlisted) == (None, None)


def test_another_film_is_not_recognised() -> None:
    reading = read(list(shown(8, None)))
    assert (reading.mark_id, reading.same_film) == (None, False)


def test_the_maker_gets_signs_from_which_the_key_does_not_follow_and_another_mark_has_others() -> None:
    one, other = (np.frombuffer(marks.pattern(mark, KEY), dtype=np.uint8) for mark in ISSUED[:2])
    assert len(one) == marks.PATTERN_BYTES == 512
    differing = int(np.unpackbits(one ^ other).sum())
    assert 63 * 4 < differing < marks.CELLS**2 * 0.75


def test_a_picture_without_room_stays_as_it_is() -> None:
    tiny = Image.new("RGB", (62, 40), (9, 90, 190))
    assert marks.Marker(tiny.size, marks.pattern(1, KEY)).marked(tiny) == tiny


@pytest.mark.parametrize("shape", [[26, 4, 4], [1, 300, 4], [1, 4], [1, 4, "4"], None, [1, 4, 5]], ids=str)
def test_what_a_child_may_not_send_is_refused(shape: object) -> None:
    with pytest.raises(Malformed):
        pictures.batch_from({"shape": shape, "dtype": "|u1", "at": [0.0]}, [bytes(16)], 256)


def test_a_film_has_nothing_after_its_end() -> None:
    with pytest.raises(Unopenable) as caught:
        list(pictures.work(film(3), {"start": 50.0, "side": 64, "every": True}, pictures.LIMITS))
    assert caught.value.failure.code == "beyond"


def test_pictures_are_taken_in_the_sandbox() -> None:
    from detection import video

    video.warm_up()
    data = film(3)
    outcome = sandbox.run(
        lambda: pictures.work(data, {"start": 0.0, "side": 64, "every": True}, pictures.LIMITS),
        pictures.LIMITS,
    )
    assert isinstance(outcome, sandbox.Answer)
    assert pictures.batch_from(outcome.document, outcome.parts, 64)[1].shape == (12, 43, 64)
