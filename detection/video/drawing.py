"""Films of our own making: what a warm-up reads, and what a demo shows."""

from __future__ import annotations

import io
from collections.abc import Iterable

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray


def pattern_film(
    *, container: str = "mp4", codec: str = "libx264", size: tuple[int, int] = (320, 240), frames: int = 60,
    rate: int = 20, scenes: int = 3,
) -> bytes:  # fmt: skip
    """A film of moving patterns in *scenes* parts of different colours; *size* in pixels (width, height), both even."""
    pictures = (_pattern(number, frames, size, scenes) for number in range(frames))
    return film_of(pictures, size=size, container=container, codec=codec, rate=rate)


def film_of(
    pictures: Iterable[NDArray[np.uint8]], *, size: tuple[int, int], container: str = "mp4",
    codec: str = "libx264", rate: int = 20,
) -> bytes:  # fmt: skip
    """A film of *pictures* ((height, width, 3) uint8 RGB, of one even *size*) at *rate* a second, without sound."""
    out = io.BytesIO()
    with av.open(out, "w", format=container) as writing:
        stream = writing.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream)
        stream.pix_fmt = "yuv420p"
        stream.width, stream.height = size
        stream.codec_context.thread_count = 1
        stream.codec_context.options = _QUICK.get(codec, {})
        for picture in pictures:
            frame = VideoFrame.from_ndarray(picture, "rgb24")
            writing.mux(stream.encode(frame))
        writing.mux(stream.encode())
    return out.getvalue()


_QUICK = {
    "libx264": {"preset": "veryfast", "crf": "28"},
    "libvpx": {"deadline": "realtime", "cpu-used": "8", "b": "300k"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "36", "b": "0"},
}


def _pattern(number: int, frames: int, size: tuple[int, int], scenes: int) -> NDArray[np.uint8]:
    """One picture: stripes that travel, a disc that rises, and colours that change with the scene."""
    width, height = size
    scene = number * scenes // max(1, frames)
    y, x = np.mgrid[0:height, 0:width]
    share = number / max(1, frames)
    stripes = ((x + y // 2 + number * 3) // max(4, width // 16)) % 2
    disc = (x - width * (0.2 + 0.6 * share)) ** 2 + (y - height * (0.8 - 0.6 * share)) ** 2 < (
        height / 6
    ) ** 2
    paint, other = _COLOURS[scene % len(_COLOURS)], _COLOURS[(scene + 2) % len(_COLOURS)]
    picture = np.where(stripes[..., None] == 1, paint, np.array(paint) // 2 + 40)
    picture = np.where(disc[..., None], other, picture)
    return picture.astype(np.uint8)


_COLOURS = ((190, 90, 60), (60, 120, 190), (80, 160, 90), (200, 190, 90), (120, 80, 160))
