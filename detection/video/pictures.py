"""The pictures of a part of a film in grey, for comparing a copy with it: from a confined child, some at a time.

Of a copy ``SPREAD`` pictures are taken, evenly spread over its first minute. Of a film that was watched here all
pictures of the part are taken, the same ones that the playback showed, but small: they are what is known of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection import fields, wire
from detection.fields import Malformed
from detection.findings import Failure
from detection.limits import MIB, Limits
from detection.opening import Unopenable
from detection.sandbox import Answer, ChildDied, Given, Lock
from detection.video import playing, reading
from detection.video.reading import Budget
from detection.zygote import Zygote

KNOWN_SIDE, COPY_SIDE = 256, 640
"""Longer side in pixels of what is known, and of a copy, which may show it in a frame."""

SPREAD = 48
MOST = 1600
_BATCH = 25
LIMITS = Limits(cpu_seconds=45, wall_seconds=50.0, max_answer_bytes=32 * MIB)


@dataclass(frozen=True, slots=True)
class Part:
    """Grey pictures of one size (pictures, rows, columns), in the order of their times in seconds."""

    at: tuple[float, ...]
    planes: NDArray[np.uint8]

    def picture(self, number: int) -> Image.Image:
        """One of them, of mode L."""
        return Image.fromarray(self.planes[number])


def open_known(
    data: bytes, start: float, *, readers: Zygote, lock: Lock = Lock.FULL
) -> Part | Failure | ChildDied:
    """All pictures that a playback from *start* (seconds) on shows, at most ``KNOWN_SIDE`` pixels."""
    return _open(data, {"start": start, "side": KNOWN_SIDE, "every": True}, readers, lock)


def open_copy(data: bytes, *, readers: Zygote, lock: Lock = Lock.FULL) -> Part | Failure | ChildDied:
    """At most ``SPREAD`` pictures of a copy's first minute, at most ``COPY_SIDE`` pixels."""
    return _open(data, {"start": 0.0, "side": COPY_SIDE, "every": False}, readers, lock)


def work(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Iterator[Given]:
    """What a child does. ``wishes``: "start" (seconds), "side" (pixels) and "every" (else ``SPREAD`` of them).

    Raises Unopenable as ``playing.work``.
    """
    kind = reading.kind_of(data)
    if kind is None:
        raise Unopenable(Failure("unrecognised", "This is not a film."))
    budget = Budget(limits)
    start, side = float(wishes["start"]), int(wishes["side"])
    with reading.opened(data, kind, limits, budget) as reel:
        length = min(playing.SECONDS, max(0.0, (reel.duration or playing.SECONDS) - start))
        apart = 0.0 if wishes["every"] else length / SPREAD
        batch: list[tuple[float, NDArray[np.uint8]]] = []
        due, count = 0.0, 0
        for at, picture in playing.pictures(reel, start, budget, side):
            if at + 1e-6 < due:
                continue
            due = max(at, due) + apart if apart else 0.0
            batch.append((at, np.asarray(picture.convert("L"))))
            count += 1
            if len(batch) == _BATCH:
                yield _told(batch)
                batch = []
            if count == MOST:
                break
        if batch:
            yield _told(batch)
        if not count:
            raise Unopenable(Failure("beyond", "The film has no picture from there on."))
        yield {"done": True}, []


def _told(batch: Sequence[tuple[float, NDArray[np.uint8]]]) -> Given:
    header, values = wire.array_to_wire(np.stack([plane for _at, plane in batch]))
    return {**header, "at": [at for at, _plane in batch]}, [values]


def _open(data: bytes, wishes: Mapping[str, Any], readers: Zygote, lock: Lock) -> Part | Failure | ChildDied:
    at: list[float] = []
    planes: list[NDArray[np.uint8]] = []
    with readers.talk(work, data, wishes, LIMITS, lock=lock) as talk:
        while True:
            outcome = talk.hear()
            if isinstance(outcome, ChildDied):
                return outcome
            if not isinstance(outcome, Answer):
                return outcome.failure
            try:
                if "done" in outcome.document:
                    return _whole(at, planes)
                times, stack = batch_from(outcome.document, outcome.parts, int(wishes["side"]))
                if len(at) + len(times) > MOST or (planes and planes[0].shape[1:] != stack.shape[1:]):
                    raise Malformed("not the pictures of one film")
            except Malformed as error:
                return ChildDied("answer", f"The reader's answer is malformed: {error}.", talk.end())
            at += times
            planes.append(stack)


def _whole(at: Sequence[float], planes: Sequence[NDArray[np.uint8]]) -> Part:
    if not planes:
        raise Malformed("no picture")
    return Part(tuple(at), np.concatenate(planes))


def batch_from(
    document: Mapping[str, Any], parts: Sequence[bytes], side: int
) -> tuple[list[float], NDArray[np.uint8]]:
    """Times and grey pictures (pictures, rows, columns) that a child sent. Raises Malformed for anything else."""
    shape, times = document.get("shape"), document.get("at")
    if not isinstance(shape, list) or len(shape) != 3 or len(parts) != 1 or not isinstance(times, list):
        raise Malformed("not pictures")
    if not all(
        type(one) is int and 1 <= one <= most for one, most in zip(shape, (_BATCH, side, side), strict=True)
    ):
        raise Malformed("not pictures of the size asked for")
    if len(times) != shape[0]:
        raise Malformed("not a time for each picture")
    at = [fields.number({"at": one}, "at", 0, reading.LONGEST) for one in times]
    return at, wire.array_from_wire(document, parts[0], shape=shape, dtype="|u1")
