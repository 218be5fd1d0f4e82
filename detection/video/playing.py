"""A film as somebody may watch it: a part of it, small, without sound, with words in every picture.

Made afresh from decoded pictures: H.264 in MP4 with its index in front, at most ``SIDE`` pixels, ``SECONDS`` seconds
and ``MOST_BYTES`` bytes. The words stand in two places that take turns, so that covering one leaves the other. For
``zygote``; what the child answers is checked by ``from_wire``. Every picture carries an invisible mark too (``marks``).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageDraw, ImageFont

from detection import fields
from detection.fields import Malformed
from detection.findings import Failure
from detection.limits import MIB, Limits
from detection.opening import Unopenable
from detection.sandbox import Given
from detection.video import marks, reading, sampling
from detection.video.reading import Budget, Reel
from detection.video.sampling import View

SIDE = 640
SECONDS = 60.0
MOST_BYTES = 12 * MIB
RATE = 25
"""Pictures a second at most."""

LIMITS = Limits(cpu_seconds=75, wall_seconds=90.0, max_answer_bytes=MOST_BYTES + 64 * 1024)

_TELL_EVERY = 1.0
"""Seconds of film after which the maker says how far it is."""

_CODING = {"preset": "veryfast", "crf": "29", "maxrate": "1400k", "bufsize": "2800k", "bf": "0"}
_INDEX_BYTES = 65_536
_TURNS = 2.0
"""Seconds that the words stand in one place."""

_NO_TAGS = (b"udta", 53)
"""The box of tags without any, as libavformat writes it."""

_MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Playback:
    """What may be watched: MP4, its size in pixels, its length in seconds and where in the film it begins."""

    content: bytes
    width: int
    height: int
    seconds: float
    start: float


def work(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """What a child does. ``wishes``: "words", "start" (seconds), "coloured" and "mark" (``mark_wish``). Says ``done``
    (0 to 1) as it goes.

    Raises Unopenable as ``video.look``, and with ``beyond`` where the film has no picture from the start on.
    """
    kind = reading.kind_of(data)
    if kind is None:
        raise Unopenable(Failure("unrecognised", "This is not a film."))
    budget = Budget(limits)
    with reading.opened(data, kind, limits, budget) as reel:
        maker = _Maker(
            reel,
            str(wishes["words"]),
            coloured=bool(wishes["coloured"]),
            pattern=_pattern(wishes.get("mark")),
        )
        told = 0.0
        for at, picture in pictures(reel, float(wishes["start"]), budget):
            maker.add(at, picture)
            if maker.seconds >= told + _TELL_EVERY:
                told = maker.seconds
                yield {"done": round(min(1.0, told / maker.expected(float(wishes["start"]))), 3)}, ()
        made = maker.finish()
    about = {"width": made.width, "height": made.height, "seconds": made.seconds, "start": made.start}
    yield about, [made.content]


def progress_from_wire(document: Any) -> float | None:
    """How much is done (0 to 1), None for the last answer. Raises Malformed."""
    return fields.number(document, "done", 0, 1) if "done" in document else None


def from_wire(document: Any, parts: Sequence[bytes]) -> Playback:
    """The playback that a child made, after a look at its structure. Raises Malformed.

    A browser's decoder will read it: so it must have the boxes that our muxer writes and no others, one film stream
    of H.264, and the size that it claims.
    """
    if len(parts) != 1 or len(parts[0]) > MOST_BYTES:
        raise Malformed("not one film of the allowed size")
    content = bytes(parts[0])
    _check_boxes(content)
    return Playback(
        content=content,
        width=fields.integer(document, "width", 2, SIDE),
        height=fields.integer(document, "height", 2, SIDE),
        seconds=fields.number(document, "seconds", 0, SECONDS + 1),
        start=fields.number(document, "start", 0, reading.LONGEST),
    )


def mark_wish(pattern: bytes) -> str:
    """The pattern of a mark (``marks.pattern``) as ``work`` takes it."""
    return pattern.hex()


def _pattern(wish: Any) -> bytes | None:
    """The pattern that every picture carries; None for a film without a mark (warm-up, tests)."""
    return None if wish is None else bytes.fromhex(str(wish))


def _check_boxes(content: bytes) -> None:
    outer = list(_boxes(content, 0, len(content)))
    if [kind for kind, _, _ in outer if kind != b"free"] != [b"ftyp", b"moov", b"mdat"]:
        raise Malformed("the film is not made of the boxes that are written here")
    moov = next((start, end) for kind, start, end in outer if kind == b"moov")
    inner = [(kind, end - start) for kind, start, end in _boxes(content, *moov)]
    index = content[moov[0] : moov[1]]
    if (
        [kind for kind, size in inner if (kind, size) != _NO_TAGS] != [b"mvhd", b"trak"]
        or index.count(b"stsd") != 1
        or index.count(b"avc1") != 1
    ):
        raise Malformed("the film does not hold one stream of H.264")


def _boxes(content: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each body from *at* to *end*, without a gap. Raises Malformed."""
    while at < end:
        size = int.from_bytes(content[at : at + 4], "big")
        if size < 8 or at + size > end:
            raise Malformed("the film's boxes do not fit")
        yield content[at + 4 : at + 8], at + 8, at + size
        at += size


def pictures(
    reel: Reel, start: float, budget: Budget, side: int = SIDE
) -> Iterator[tuple[float, Image.Image]]:
    """The pictures from *start* (seconds) on, ``RATE`` a second at most, for ``SECONDS`` at most, and their times."""
    first = max((key for key in reel.keys if reel.times[key] <= start + 1e-6), default=reel.keys[0])
    due: float | None = None
    began = 0.0
    view: View | None = None
    for frame, at in sampling.decoded(reel, reel.packets[first:], budget, share=0.9):
        view = view or View.of(frame, reel.aspect)
        if at + 1e-6 < start or (due is not None and at + 1e-6 < due):
            continue
        began = at if due is None else began
        if at - began >= SECONDS:
            return
        due = at + 1 / RATE - 0.005
        yield at, view.drawn(frame, side)


class _Maker:
    """Takes pictures with their times and codes them; ``finish`` gives the film."""

    def __init__(self, reel: Reel, words: str, *, coloured: bool, pattern: bytes | None) -> None:
        self._reel = reel
        self._words = words
        self._coloured = coloured
        self._pattern = pattern
        self._marker: marks.Marker | None = None
        self._out = io.BytesIO()
        options = {"moov_size": str(_INDEX_BYTES), "fflags": "+bitexact"}
        self._writing = av.open(self._out, "w", format="mp4", options=options)
        self._stream: VideoStream | None = None
        self._veils: tuple[Image.Image, ...] = ()
        self._start = self._last = 0.0

    @property
    def seconds(self) -> float:
        """How long the film is so far."""
        return self._last - self._start

    def expected(self, start: float) -> float:
        """How long it is going to be, as far as one can tell."""
        return max(0.1, min(SECONDS, (self._reel.duration or SECONDS) - start))

    def add(self, at: float, picture: Image.Image) -> None:
        """The next picture, shown *at* seconds into the original."""
        if self._stream is None:
            self._start = at
            self._stream = self._begin(picture.size)
        size = (self._stream.width, self._stream.height)
        whole = picture if picture.size == size else picture.resize(size)
        shown = whole if self._coloured else whole.convert("L").convert("RGB")
        veil = self._veils[int((at - self._start) / _TURNS) % len(self._veils)]
        shown.paste(veil, (0, 0), veil)
        if self._marker is not None:
            shown = self._marker.marked(shown)
        frame = VideoFrame.from_ndarray(np.asarray(shown), "rgb24")
        frame.pts, frame.time_base = round((at - self._start) * 1000), _MILLISECOND
        self._last = at
        self._writing.mux(self._stream.encode(frame))

    def finish(self) -> Playback:
        """The whole film. Raises Unopenable where nothing was added."""
        if self._stream is None:
            raise Unopenable(Failure("beyond", "The film has no picture from there on."))
        width, height = self._stream.width, self._stream.height
        self._writing.mux(self._stream.encode())
        self._writing.close()
        seconds = round(self.seconds + 1 / RATE, 3)
        return Playback(self._out.getvalue(), width, height, seconds, round(self._start, 3))

    def _begin(self, size: tuple[int, int]) -> VideoStream:
        stream = self._writing.add_stream("libx264", rate=RATE)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = (max(2, side - side % 2) for side in size)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = _MILLISECOND
        stream.codec_context.thread_count = 1
        stream.codec_context.options = dict(_CODING)
        self._veils = tuple(veil((stream.width, stream.height), self._words, turn) for turn in (0, 1))
        if self._pattern is not None:
            self._marker = marks.Marker((stream.width, stream.height), self._pattern)
        return stream


def veil(size: tuple[int, int], words: str, turn: int) -> Image.Image:
    """*words* all over a clear RGBA picture; another *turn*, other places."""
    drawn = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(drawn)
    high = max(9, round(max(size) / 40))
    font = ImageFont.load_default(high)
    wide = round(draw.textlength(words, font=font)) + 2 * high
    apart = max(3 * high, round(max(size) / 4))
    for row, top in enumerate(range(high // 2 + turn * apart // 2, size[1], apart)):
        for left in range(high // 2 - ((row + turn) % 2) * wide // 2, size[0], wide):
            draw.text(
                (left, top), words, font=font, fill=(255, 255, 255, 150), stroke_width=max(1, high // 12),
                stroke_fill=(0, 0, 0, 110),
            )  # fmt: skip
    return drawn
