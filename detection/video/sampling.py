"""Which pictures of a film are looked at: the start of every scene, and the rest spread over its time.

A short film is decoded whole. Of a long one keyframes are decoded, in sweeps that get finer and finer, so that wherever
the time runs out the whole length has been looked at evenly; then the pictures after some of them. What a long film
shows only between its keyframes can be missed.

A scene starts where the colours of two neighbouring pictures differ by more than movement explains: half the L1
distance of their colour histograms (4 x 4 x 4 cells), after Zhang, Kankanhalli and Smoliar, "Automatic partitioning of
full-motion video", Multimedia Systems 1 (1993).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from av.packet import Packet
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from detection.opening import upright
from detection.video.reading import ERRORS, LONGEST, Budget, Reel

MOST_FRAMES = 32
SIDE = 1024
"""Longer side of a sampled frame in pixels."""

MOST_DECODED = 900
"""Films of at most this many pictures are decoded whole."""

SCENE_CHANGE = 0.4
"""Share of the colours that must differ (0 to 1). Measured: pans and zooms stay below 0.25, cuts are above 0.5."""

LEAST_APART = 0.25
"""Seconds between two frames of one scene: closer ones show hardly more, and each costs a model's time."""

_MOST_SCENES = 24
_MOST_HELD = 64
_THUMB = 48
_SAME = 3
"""Two pictures whose small versions differ nowhere by more than this (of 255) show the same."""

DECODING = 0.55
"""Share of a file's time after which no further picture is decoded."""

_SWEEPS = (8, 16, 32)
_FOLLOWED = 16
"""After so many keyframes, evenly spread, the pictures that follow them are decoded as well."""


@dataclass(slots=True)
class Sample:
    """One decoded picture: seconds from the film's first, upright RGB of at most ``SIDE``, and its small version.

    ``image`` is None for a picture that was only compared.
    """

    at: float
    image: Image.Image | None
    small: NDArray[np.uint8]
    colours: NDArray[np.float64]
    scene_start: bool = False


@dataclass(frozen=True, slots=True)
class Sampled:
    """The frames picked, in order of time; their size as shown at full resolution; what was decoded of how much."""

    frames: tuple[Sample, ...]
    size: tuple[int, int]
    decoded: int
    seen_until: float


def sample(reel: Reel, budget: Budget) -> Sampled | None:
    """At most 32 pictures of the film; None where not one could be decoded."""
    seen: list[Sample] = []
    view: View | None = None
    held: set[int] = set()
    for run in _runs(reel):
        before = seen[-1].colours if seen else None
        for frame, at in decoded(reel, run, budget):
            view = view or View.of(frame, reel.aspect)
            found = _compared(frame, at)
            slot = int(at / (reel.duration or 1) * _MOST_HELD)
            changed = before is None or _changed(before, found.colours)
            if slot not in held or (changed and len(held) < 2 * _MOST_HELD):
                found.image = view.drawn(frame, SIDE)
                held.add(slot if slot not in held else -len(held) - 1)
            seen.append(found)
            before = found.colours
        if budget.spent(DECODING):
            break
    if view is None:
        return None
    return Sampled(_picked(seen), view.size, len(seen), max(each.at for each in seen))


@dataclass(frozen=True, slots=True)
class View:
    """How the pictures of a film are meant to be seen, as its first one says: size as shown at full resolution, EXIF
    orientation (1 to 8), how much wider than high a pixel is.

    Asked once: in PyAV a frame whose side data was looked at is freed by the garbage collector alone, which does not
    run in a child.
    """

    size: tuple[int, int]
    orientation: int
    aspect: Fraction

    @classmethod
    def of(cls, frame: VideoFrame, aspect: Fraction) -> View:
        """The view that *frame* declares."""
        turn = _orientation(frame)
        width, height = max(1, round(frame.width * aspect)), frame.height
        return cls((height, width) if turn >= 5 else (width, height), turn, aspect)

    def drawn(self, frame: VideoFrame, side: int) -> Image.Image:
        """A frame as RGB, upright, with square pixels, at most *side* pixels on its longer side."""
        width, height = max(1, round(frame.width * self.aspect)), frame.height
        scale = min(1.0, side / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = frame.reformat(*size, format="rgb24", interpolation="AREA", threads=1)
        return upright(Image.fromarray(small.to_ndarray()), self.orientation)


def _orientation(frame: VideoFrame) -> int:
    """The display matrix of a frame as the EXIF orientation (1 to 8) nearest to it; 1 without one."""
    if SideDataType.DISPLAYMATRIX not in frame.side_data:
        return 1
    found: SideData = frame.side_data[SideDataType.DISPLAYMATRIX]  # type: ignore[typeddict-item]  # its stub is wrong
    if found.buffer_size < 36:
        return 1
    a, b, _, c, d = struct.unpack_from("=5i", bytes(found))
    straight = abs(a) + abs(d) >= abs(b) + abs(c)
    first, second = (a, d) if straight else (b, c)
    return _ORIENTATIONS[straight, first >= 0, second >= 0]


_ORIENTATIONS = {
    (True, True, True): 1, (True, False, True): 2, (True, False, False): 3, (True, True, False): 4,
    (False, True, True): 5, (False, True, False): 6, (False, False, False): 7, (False, False, True): 8,
}  # fmt: skip


def _runs(reel: Reel) -> Iterator[Sequence[Packet[VideoStream]]]:
    """Packets to decode, in the order of their worth; each run starts with a keyframe and a fresh decoder."""
    if len(reel.packets) <= MOST_DECODED:
        yield reel.packets
        return
    done: set[int] = set()
    for count in _SWEEPS:
        sweep = [number for number in _spread(reel.keys, count) if number not in done]
        done.update(sweep)
        if sweep:
            yield [reel.packets[number] for number in sweep]
    followed = set(_spread(reel.keys, _FOLLOWED))
    share = MOST_DECODED // len(followed)
    for key, after in pairwise((*reel.keys, len(reel.packets))):
        if key in followed:
            yield reel.packets[key : min(after, key + share)]


def _spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most *count* of *numbers*, evenly spread, first and last included."""
    if len(numbers) <= count:
        return list(numbers)
    return [numbers[round(step * (len(numbers) - 1) / (count - 1))] for step in range(count)]


def decoded(
    reel: Reel, run: Sequence[Packet[VideoStream]], budget: Budget, *, share: float = DECODING
) -> Iterator[tuple[VideoFrame, float]]:
    """The pictures of one run and their times in seconds, until *share* of the budget is spent.

    The run starts with a keyframe. A packet that cannot be decoded is left out.
    """
    reel.context.open(strict=False)
    reel.context.flush_buffers()
    for packet in (*run, None):
        if budget.spent(share):
            return
        try:
            frames = reel.context.decode(packet)
        except (MemoryError, PermissionError):
            raise
        except ERRORS:
            continue
        for frame in frames:
            budget.has_picture = True
            at = reel.seconds(frame.pts if frame.pts is not None else frame.dts)
            yield frame, min(max(0.0, at if at is not None else 0.0), LONGEST)


def _compared(frame: VideoFrame, at: float) -> Sample:
    small = frame.reformat(width=_THUMB, height=_THUMB, format="rgb24", interpolation="AREA", threads=1)
    pixels = small.to_ndarray().astype(np.uint8)
    cells = pixels >> 6
    index = (cells[..., 0] << 4) | (cells[..., 1] << 2) | cells[..., 2]
    colours = np.bincount(index.ravel(), minlength=64) / index.size
    return Sample(round(at, 3), None, pixels, colours)


def _changed(before: NDArray[np.float64], after: NDArray[np.float64]) -> bool:
    return float(np.abs(before - after).sum()) / 2 > SCENE_CHANGE


def _picked(seen: list[Sample]) -> tuple[Sample, ...]:
    """Scene starts first, then whichever picture lies furthest in time from all picked and shows something else."""
    ordered = sorted(seen, key=lambda each: each.at)
    ordered[0].scene_start = True
    for before, after in pairwise(ordered):
        after.scene_start = _changed(before.colours, after.colours)
    held = [each for each in ordered if each.image is not None]
    starts = [number for number, each in enumerate(held) if each.scene_start]
    picked = set(_spread(starts, _MOST_SCENES)) | {0}
    left = [number for number in range(len(held)) if number not in picked]
    while left and len(picked) < MOST_FRAMES:
        distance = {number: min(abs(held[number].at - held[one].at) for one in picked) for number in left}
        furthest = max(left, key=distance.__getitem__)
        if distance[furthest] < LEAST_APART:
            break
        left.remove(furthest)
        if not _shown_already(held, furthest, picked):
            picked.add(furthest)
    return tuple(held[number] for number in sorted(picked))


def _shown_already(held: list[Sample], number: int, picked: set[int]) -> bool:
    """Whether the picked neighbours in time show the very same."""
    before = max((one for one in picked if one < number), default=None)
    after = min((one for one in picked if one > number), default=None)
    small = held[number].small.astype(np.int16)
    return all(one is None or int(np.abs(small - held[one].small).max()) <= _SAME for one in (before, after))
