"""A part of a film made to be watched: from the picture asked for, no longer and no larger than allowed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from detection import sandbox, video
from detection.limits import Limits
from detection.opening import Unopenable
from detection.video import playing
from detection.video.drawing import film_of, pattern_film
from tests.corpus.films import benign_film, index_first
from tests.detection.test_video import corner_film


def made(data: bytes, *, start: float = 0.0, words: str = "Mona", coloured: bool = True) -> playing.Playback:
    """The playback, through the check of what a child says."""
    wishes = {"words": words, "start": start, "coloured": coloured}
    *told, (about, parts) = playing.work(data, wishes, playing.LIMITS)
    shares = [playing.progress_from_wire(document) for document, _ in told]
    assert shares == sorted(shares, key=lambda share: share or 0)
    assert playing.progress_from_wire(about) is None
    return playing.from_wire(about, parts)


def frames(playback: playing.Playback) -> list[NDArray[np.uint8]]:
    with av.open(io.BytesIO(playback.content), format="mov") as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]  # type: ignore[misc]


@cache
def grey_minutes() -> bytes:
    """100 s at 10 a second that grow brighter all the time; a keyframe every 25 s."""

    def pictures() -> Iterator[NDArray[np.uint8]]:
        for number in range(1000):
            yield np.full((48, 64, 3), number * 240 // 1000, dtype=np.uint8)

    return film_of(pictures(), size=(64, 48), rate=10)


def test_it_begins_with_the_picture_asked_for_and_not_with_the_keyframe_before() -> None:
    playback = made(grey_minutes(), start=40.0, words="")
    assert playback.start == 40.0
    assert abs(int(frames(playback)[0].mean()) - 96) <= 6


def test_it_is_a_minute_at_most() -> None:
    playback = made(grey_minutes())
    assert playback.seconds == pytest.approx(60.0, abs=0.2)
    assert len(frames(playback)) == 600


def test_it_is_small_whatever_the_film_was() -> None:
    playback = made(pattern_film(size=(1920, 1080), frames=10))
    assert (playback.width, playback.height) == (640, 360)
    assert frames(playback)[0].shape == (360, 640, 3)


def test_more_than_25_pictures_a_second_are_thinned_out() -> None:
    playback = made(pattern_film(frames=120, rate=60))
    assert playback.seconds == pytest.approx(2.0, abs=0.1)
    assert 38 <= len(frames(playback)) <= 51


@pytest.mark.parametrize(("rotation", "size"), [(90, (96, 128)), (180, (128, 96))])
def test_it_is_upright(rotation: int, size: tuple[int, int]) -> None:
    playback = made(corner_film(rotation), words="")
    assert (playback.width, playback.height) == size


@pytest.mark.parametrize(
    ("container", "codec"), [("webm", "libvpx-vp9"), ("mp4", "libx265"), ("avi", "libx264")]
)
def test_every_allowed_kind_becomes_h264_in_mp4(container: str, codec: str) -> None:
    playback = made(pattern_film(container=container, codec=codec))
    with av.open(io.BytesIO(playback.content), format="mov") as container_:
        assert container_.streams.video[0].codec_context.name == "h264"
        assert len(container_.streams) == 1


def test_a_film_cut_short_plays_as_far_as_it_goes() -> None:
    data = index_first()
    assert 0.5 < made(data[: len(data) * 3 // 4]).seconds < 3


def test_what_is_no_film_is_refused() -> None:
    with pytest.raises(Unopenable):
        made(b"\x89PNG\r\n\x1a\n" + bytes(100))


def test_it_is_made_in_the_sandbox() -> None:
    video.warm_up()
    wishes = {"words": "Mona", "start": 1.0, "coloured": False}

    def work() -> Any:
        *_, last = playing.work(benign_film(), wishes, playing.LIMITS)
        return last

    benign_film()
    outcome = sandbox.run(work, Limits(max_answer_bytes=playing.LIMITS.max_answer_bytes))
    assert isinstance(outcome, sandbox.Answer)
    assert playing.from_wire(outcome.document, outcome.parts).start == 1.0
