"""One file, everything that can be said about it: the order of work, and what happens when a part fails.

Hostile bytes are only read in disposable children of a small process (``looking``, ``zygote``); the models run in the
caller, on planes of a fixed shape, while the child goes on with the rest. Each part that fails says so by itself and
the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from detection import asking, looking, provenance, wire
from detection.answers import Answer, ChildDied, Refused
from detection.digests import Digests, of_bytes
from detection.fields import Malformed
from detection.findings import Examination, Signal
from detection.limits import DEFAULT, Limits
from detection.looking import Look, look, not_checked
from detection.models import Shelf
from detection.planes import Planes, PlaneSpec
from detection.sandbox import Lock, Talk
from detection.trust import NOBODY, Trust
from detection.zygote import Zygote

__all__ = ["Look", "examine", "examine_in_child", "look", "start_readers", "stop_readers", "warm_up"]

PROVENANCE_SECONDS = 5.0
"""Wall-clock time for Content Credentials; the largest of the reference files takes 0.05 s."""

_ENVELOPE_BYTES = 64 * 1024

PICTURES = Zygote("detection.looking:warm_up")
FILMS = Zygote("detection.looking:warm_up_films")
"""Where the children come from: a film's decoders are so many libraries that each fork would take twice as long."""


def examine(data: bytes, *, models: Shelf, limits: Limits = DEFAULT, trust: Trust = NOBODY) -> Examination:
    """Everything in this process, without a sandbox: for trusted input only."""
    seen = look(data, of_bytes(data), limits, models.plane_specs)
    media = seen.examination.media
    credentials = _CLOSED_TO_PROVENANCE if media is None else provenance.check(data, media.mime, trust)
    return _together(seen.examination, credentials, _asked(models, seen.planes, seen.examination))


def examine_in_child(
    data: bytes,
    *,
    models: Shelf,
    limits: Limits = DEFAULT,
    lock: Lock = Lock.FULL,
    trust: Trust = NOBODY,
) -> Examination | ChildDied:
    """Everything, with the bytes read in a confined child and the models asked here.

    ``trust`` are the lists that signers of Content Credentials may chain to.
    ChildDied means that the child ended without an answer: count it as one start and try again.
    An Examination without ``media`` is final; its first error says why. Raises sandbox.Unconfined, and
    zygote.ZygoteLost when no process can be had.
    """
    zygote = FILMS if looking.may_be_film(data) else PICTURES
    wishes = {"planes": looking.plane_wishes(models.plane_specs), "trust": trust.as_wish()}
    with zygote.talk(looking.work, data, wishes, limits, lock=lock) as talk:
        exact = of_bytes(data)
        try:
            return _heard(talk, exact, models, limits)
        except Malformed as error:
            return ChildDied("answer", f"The reader's answer is malformed: {error}.", talk.end())


def warm_up() -> None:
    """Import and use every part of a look in this process: for ``examine`` and for forks of this process."""
    looking.warm_up()


def start_readers() -> None:
    """Start the process that opens pictures now, so that the first picture waits less. Raises ZygoteLost."""
    PICTURES.start()


def stop_readers() -> None:
    """End the processes that open files."""
    PICTURES.stop()
    FILMS.stop()


def _heard(talk: Talk, exact: Digests, models: Shelf, limits: Limits) -> Examination | ChildDied:
    """What a child of ``looking.work`` says, checked, and what the models say in the meantime. Raises Malformed."""
    specs = models.plane_specs
    first = talk.hear(most_bytes=_plane_bytes(specs, limits))
    if not isinstance(first, Answer):
        return _without_a_look(first, exact, models)
    planes = wire.planes_from_wire(first.document, first.parts, specs, limits)
    size = wire.size_from_wire(first.document)
    began = time.monotonic()
    asked = asking.ask(models, planes, size=size) if planes else ()
    second = talk.hear(until=talk.deadline + time.monotonic() - began)  # it may have waited for us to listen
    if not isinstance(second, Answer):
        return _without_a_look(second, exact, models)
    seen = _checked(wire.from_wire(second.document, second.parts, limits), size)
    seen = replace(seen, sha256=exact.sha256, md5=exact.md5, size=exact.size)
    credentials = _credentials(talk, limits) if seen.media is not None else _CLOSED_TO_PROVENANCE
    return _together(seen, credentials, asked or _asked(models, {}, seen))


def _plane_bytes(specs: Sequence[PlaneSpec], limits: Limits) -> int:
    pixels = sum(spec.width * spec.height for spec in specs)
    return _ENVELOPE_BYTES + 3 * pixels * wire.most_frames(limits)


def _checked(seen: Examination, size: tuple[int, int]) -> Examination:
    """An examination of which a child has said all and only what it was asked. Raises Malformed.

    Its digests do not count: the caller takes its own.
    """
    if tuple(signal.name for signal in seen.signals) != looking.SIGNALS:
        raise Malformed("not the signals that were asked for")
    if seen.media is None and not seen.errors:
        raise Malformed("no picture and no reason")
    if size != ((seen.media.width, seen.media.height) if seen.media is not None else (0, 0)):
        raise Malformed("the planes are of something else")
    return seen


def _without_a_look(outcome: Refused | ChildDied, exact: Digests, models: Shelf) -> Examination | ChildDied:
    """What is left when the child gave up: nothing was read, and everything says so."""
    if isinstance(outcome, ChildDied):
        return outcome
    unread = tuple(not_checked(name, outcome.failure.sentence) for name in looking.SIGNALS)
    seen = Examination(exact.sha256, exact.md5, exact.size, None, (), unread, (outcome.failure,))
    return _together(seen, _CLOSED_TO_PROVENANCE, _asked(models, {}, seen))


def _credentials(talk: Talk, limits: Limits) -> Signal:
    """The child's last word. Should their reader end it, the picture is still there."""
    outcome = talk.hear(until=time.monotonic() + min(PROVENANCE_SECONDS, limits.wall_seconds))
    if isinstance(outcome, Refused):
        return provenance.failed(outcome.failure.sentence)
    if isinstance(outcome, ChildDied):
        return provenance.failed(outcome.sentence)
    try:
        signal = wire.signal_from_wire(outcome.document)
    except Malformed as error:
        return provenance.failed(f"the reader's answer is malformed: {error}")
    if signal.name != provenance.NAME:
        return provenance.failed("the reader answered something else")
    return signal


def _asked(models: Shelf, planes: Planes, seen: Examination) -> tuple[Signal, ...]:
    if planes and seen.media is not None:
        return asking.ask(models, planes, size=(seen.media.width, seen.media.height))
    reasons = [one.sentence for one in seen.errors if one.code == "planes" or seen.media is None]
    return asking.ask(models, {}, why_not=reasons[0] if reasons else "no picture was opened")


def _together(seen: Examination, credentials: Signal, asked: tuple[Signal, ...]) -> Examination:
    return replace(seen, signals=(credentials, *seen.signals, *asked))


_CLOSED_TO_PROVENANCE = not_checked(provenance.NAME, "the picture could not be opened")
"""Its kind is not known, so nobody asked."""
