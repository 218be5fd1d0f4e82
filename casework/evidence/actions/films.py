"""Keeping what was seen of a film: its frames, each with a preview, a rendition, hashes and a score of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from casework.audit.log import Verb, record
from casework.evidence.models import Blob, Frame, Item, PerceptualHash, Wrap
from casework.evidence.sealing import seal

from .staging import insert_blob

if TYPE_CHECKING:  # the library opens hostile media: at run time only ``tasks`` imports it
    from detection.findings import Derivative, Film, FilmFrame, Signal

#: The signal whose ``data["scores"]`` holds one score a frame.
_SCORED_BY = "explicit"


def keep_film(item: Item, film: Film | None, signals: Iterable[Signal]) -> None:
    """Store the frames of *film* and the film's length with *item*: part of the caller's transaction.

    Frames are kept once and for all, because looks point at them: an item that is examined again gets new scores
    only. Raises NotSealed when the store refuses a picture.
    """
    if film is None:
        return
    item.duration = film.duration
    scores = _scores(signals, len(film.frames))
    kept = list(Frame.objects.filter(item=item))
    if kept:
        # Another sampler may pick other frames: a score never stands beside a picture that it was not given to.
        given = {one.at_seconds: score for one, score in zip(film.frames, scores, strict=True)}
        for frame in kept:
            Frame.objects.filter(pk=frame.pk).update(explicit_score=given.get(frame.at_seconds))
        return
    frames = [
        _keep_frame(item, frame, position, score)
        for position, (frame, score) in enumerate(zip(film.frames, scores, strict=True), start=1)
    ]
    record(
        Verb.EVIDENCE_FILM_SAMPLED, actor=None, subject=item, case=item.case, item=item.public_id,
        codec=film.codec, duration=film.duration, derived_from=item.sha256, frames=[_told(one) for one in frames],
    )  # fmt: skip


def _keep_frame(item: Item, found: FilmFrame, position: int, score: float | None) -> Frame:
    frame = Frame.objects.create(
        item=item,
        position=position,
        at_seconds=found.at_seconds,
        scene_start=found.scene_start,
        explicit_score=score,
        preview=_sealed(found.preview, Blob.Kind.PREVIEW),
        rendition=_sealed(found.rendition, Blob.Kind.RENDITION),
    )
    PerceptualHash.objects.bulk_create(
        PerceptualHash(
            item=item, frame=frame, algorithm=one.algorithm, value=bytes.fromhex(one.value), quality=one.quality,
            version=one.version[:60],
        )
        for one in found.hashes
    )  # fmt: skip
    return frame


def _sealed(derivative: Derivative, kind: Blob.Kind) -> Blob:
    return insert_blob(seal(derivative.content, kind, Wrap.Recipient.VIEW))


def _told(frame: Frame) -> dict[str, Any]:
    """A frame in the log: where it stands and which blobs were made of it."""
    return {
        "frame": frame.public_id, "at": frame.at_seconds,
        "preview": frame.preview.sha256, "rendition": frame.rendition.sha256,
    }  # fmt: skip


def _scores(signals: Iterable[Signal], count: int) -> list[float | None]:
    """One explicit score a frame; None for all where no model answered for each of them."""
    for signal in signals:
        found = signal.data.get("scores")
        if signal.name == _SCORED_BY and isinstance(found, list | tuple) and len(found) == count:
            return [float(score) if 0 <= score <= 1 else None for score in found]
    return [None] * count
