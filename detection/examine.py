"""One file, everything that can be said about it: the order of work, and what happens when a part fails.

Hostile bytes are only read in disposable children (``sandbox``); the models run in the caller, on planes of a
fixed shape. Content Credentials get a child of their own, because their reader is native code: if a manifest
ends it, the picture is still there. Each part that fails says so by itself and the others go on.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detection import explicitness, metadata, opening, perceptual, provenance, renditions, sandbox, wire
from detection.blocks import Blocks
from detection.digests import Digests, of_bytes
from detection.exif import Exif
from detection.findings import Examination, Failure, Media, Signal, Status
from detection.limits import DEFAULT, Limits
from detection.models import Shelf

PROVENANCE_SECONDS = 5
"""CPU and wall-clock time for Content Credentials; the largest of the reference files takes 0.05 s."""

_T = TypeVar("_T")
_CHILD_SIGNALS = (metadata.GENERATOR, metadata.SOURCE_TYPE, metadata.CAMERA, metadata.THUMBNAIL)


@dataclass(frozen=True, slots=True)
class Look:
    """What the bytes gave without any model. ``planes`` is None when no picture could be opened."""

    examination: Examination
    planes: NDArray[np.uint8] | None


def look(data: bytes, exact: Digests, limits: Limits = DEFAULT) -> Look:
    """Open once and derive: hashes, metadata, preview, rendition, planes. The part for the child.

    A file that cannot be opened still has its metadata read; its Failure is the first of ``errors``.
    """
    found = metadata.read(data, limits)
    try:
        opened = opening.open_media(data, limits)
    except opening.Unopenable as error:
        thumbnail = _not_checked(metadata.THUMBNAIL, "the picture could not be opened")
        signals = (*metadata.signals(found), thumbnail)
        return Look(_examination(exact, None, signals, (error.failure,)), None)
    errors = list(opened.notes)
    image = opened.frames[0]
    examination = replace(
        _examination(exact, opened.media, (*metadata.signals(found), _thumbnail(found, image, limits))),
        hashes=_attempt("hashes", errors, lambda: perceptual.hashes(image)) or (),
        preview=_attempt("preview", errors, lambda: renditions.preview(image)),
        rendition=_attempt("rendition", errors, lambda: renditions.rendition(image, limits)),
    )
    planes = _attempt("planes", errors, lambda: explicitness.prepare(opened.frames))
    return Look(replace(examination, errors=tuple(errors)), planes)


def examine(data: bytes, *, models: Shelf, limits: Limits = DEFAULT) -> Examination:
    """Everything in this process, without a sandbox: for trusted input only."""
    seen = look(data, of_bytes(data), limits)
    media = seen.examination.media
    credentials = _closed_to_provenance(media) or provenance.check(data, media.mime if media else "")
    return _finish(seen, credentials, models)


def examine_in_child(
    data: bytes, *, models: Shelf, limits: Limits = DEFAULT, lock: sandbox.Lock = sandbox.Lock.FULL
) -> Examination | sandbox.ChildDied:
    """Everything, with the bytes read in confined children and the models asked here.

    ChildDied means that the picture's child ended without an answer: count it as one start and try again.
    An Examination without ``media`` is final; its first error says why. Raises sandbox.Unconfined.
    """
    exact = of_bytes(data)
    outcome = sandbox.run(partial(_look_work, data, exact, limits), limits, lock=lock)
    if isinstance(outcome, sandbox.ChildDied):
        return outcome
    if isinstance(outcome, sandbox.Refused):
        unread = tuple(_not_checked(name, outcome.failure.sentence) for name in _CHILD_SIGNALS)
        seen = Look(_examination(exact, None, unread, (outcome.failure,)), None)
    else:
        try:
            seen = _look_from_wire(outcome.document, outcome.parts, exact, limits)
        except wire.Malformed as error:
            return sandbox.ChildDied("answer", f"The reader's answer is malformed: {error}.", outcome.usage)
    media = seen.examination.media
    credentials = _closed_to_provenance(media) or _provenance_in_child(data, media, limits, lock)
    return _finish(seen, credentials, models)


def warm_up() -> None:
    """Read small pictures of our own with every part, so that nothing is left to import after a fork."""
    opening.warm_up()
    tiny = Image.radial_gradient("L").convert("RGB").resize((64, 64))
    written = io.BytesIO()
    tiny.save(written, "JPEG")
    data = written.getvalue()
    look(data, of_bytes(data))
    metadata.thumbnail_signal(metadata.Metadata(Blocks(), Exif(thumbnail=data)), tiny)
    provenance.check(data + b"jumb", "image/jpeg")


def _examination(
    exact: Digests, media: Media | None, signals: tuple[Signal, ...], errors: tuple[Failure, ...] = ()
) -> Examination:
    return Examination(exact.sha256, exact.md5, exact.size, media, (), signals, errors)


def _attempt(code: str, errors: list[Failure], work: Callable[[], _T]) -> _T | None:
    """The result of one part, or None and a Failure added: the other parts go on."""
    try:
        return work()
    except (MemoryError, *opening.DECODER_ERRORS) as error:
        errors.append(Failure(code, f"The {code} could not be made ({type(error).__name__})."))
        return None


def _thumbnail(found: metadata.Metadata, image: Image.Image, limits: Limits) -> Signal:
    failures: list[Failure] = []
    signal = _attempt("comparison", failures, lambda: metadata.thumbnail_signal(found, image, limits))
    if signal is not None:
        return signal
    reason = failures[0].sentence
    sentence = "The embedded thumbnail could not be compared."
    return Signal(metadata.THUMBNAIL, metadata.VERSION, Status.FAILED, sentence, reason=reason)


def _look_work(data: bytes, exact: Digests, limits: Limits) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    seen = look(data, exact, limits)
    document, parts = wire.to_wire(seen.examination)
    document["planes"] = None
    if seen.planes is not None:
        document["planes"], values = wire.array_to_wire(seen.planes)
        parts.append(values)
    return document, parts


def _look_from_wire(
    document: Mapping[str, Any], parts: Sequence[bytes], exact: Digests, limits: Limits
) -> Look:
    """The child's answer, checked. Its digests are not asked: this process has taken its own.

    Raises wire.Malformed, also for signals that the child has no business to give.
    """
    examination = wire.from_wire(document, parts, limits)
    if tuple(signal.name for signal in examination.signals) != _CHILD_SIGNALS:
        raise wire.Malformed("not the signals that were asked for")
    if examination.media is None and not examination.errors:
        raise wire.Malformed("no picture and no reason")
    examination = replace(examination, sha256=exact.sha256, md5=exact.md5, size=exact.size)
    header = document.get("planes")
    if header is None or examination.media is None:
        return Look(examination, None)
    shape = header.get("shape") if isinstance(header, dict) else None
    frames = shape[0] if isinstance(shape, list) and shape else 0
    if type(frames) is not int or not 1 <= frames <= limits.max_frames + 1 or not parts:
        raise wire.Malformed("not the planes that were asked for")
    fixed = (frames, explicitness.SIDE, explicitness.SIDE, 3)
    return Look(examination, wire.array_from_wire(header, parts[-1], shape=fixed, dtype="|u1"))


def _closed_to_provenance(media: Media | None) -> Signal | None:
    """The ``c2pa`` signal of a file that was not opened: its kind is not known, so nobody asked."""
    return _not_checked(provenance.NAME, "the picture could not be opened") if media is None else None


def _provenance_in_child(data: bytes, media: Media | None, limits: Limits, lock: sandbox.Lock) -> Signal:
    mime = media.mime if media else ""
    if mime not in provenance.MIMES or not provenance.may_carry(data):
        return provenance.check(b"", mime)
    tight = replace(limits, cpu_seconds=PROVENANCE_SECONDS, wall_seconds=float(PROVENANCE_SECONDS))
    outcome = sandbox.run(partial(_provenance_work, data, mime), tight, lock=lock)
    if isinstance(outcome, sandbox.Refused):
        return provenance.failed(outcome.failure.sentence)
    if isinstance(outcome, sandbox.ChildDied):
        return provenance.failed(outcome.sentence)
    try:
        signal = wire.signal_from_wire(outcome.document)
    except wire.Malformed as error:
        return provenance.failed(f"the reader's answer is malformed: {error}")
    return (
        signal if signal.name == provenance.NAME else provenance.failed("the reader answered something else")
    )


def _provenance_work(data: bytes, mime: str) -> tuple[Mapping[str, Any], Sequence[bytes]]:
    return wire.signal_to_wire(provenance.check(data, mime)), ()


def _finish(seen: Look, credentials: Signal, models: Shelf) -> Examination:
    """Ask the models and add what was not asked, so that nobody takes silence for an answer."""
    signals = (
        credentials,
        *seen.examination.signals,
        _explicit(seen, models),
        _not_checked("synthetic", "no model for AI-made pictures is installed"),
        _not_checked("watermark", "reading invisible watermarks is not built in yet"),
    )
    return replace(seen.examination, signals=signals)


def _explicit(seen: Look, models: Shelf) -> Signal:
    if seen.planes is None:
        errors = seen.examination.errors
        return explicitness.not_scored(errors[-1].sentence if errors else "no picture was opened")
    return explicitness.assess(models, seen.planes)


def _not_checked(name: str, reason: str) -> Signal:
    return Signal(name, "none", Status.NOT_CHECKED, "Not checked.", reason=reason)
