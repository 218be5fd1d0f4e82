"""Issuing the invisible mark of one reveal, film or exported copy: a random number that only the database resolves."""

from __future__ import annotations

import secrets

from casework.evidence.models import Blob, Item, Mark, Playback, Reveal


def issue_mark(reveal: Reveal) -> Mark:
    """A new mark for *reveal*, unlike any that was issued before. Part of the transaction and entry of the reveal.

    The number says nothing by itself and stands in no log entry: whoever knows it could put it into another picture.
    """
    return Mark.objects.create(
        value=_unused(),
        purpose=Mark.Purpose.REVEAL,
        item=reveal.item,
        rendition=rendition_of(reveal),
        reveal=reveal,
    )


def issue_export_mark(item: Item, *, recipient: str) -> Mark:
    """A new mark for the copy of *item*'s rendition that *recipient* (an organisation's name) is handed.

    Part of the transaction and entry of the export. An item without a rendition has nothing to hand over.
    """
    rendition = item.rendition
    if rendition is None:
        raise ValueError("An item without a rendition is not handed over as a picture.")
    return Mark.objects.create(
        value=_unused(),
        purpose=Mark.Purpose.EXPORT,
        item=item,
        rendition=rendition,
        recipient=recipient[:200],
    )


def issue_playback_mark(playback: Playback) -> Mark:
    """A new mark for the film that is to be made. Part of the transaction and entry of whoever asks for it."""
    rendition = playback.item.rendition
    assert rendition is not None  # what has frames has a cover
    return Mark.objects.create(
        value=_unused(),
        purpose=Mark.Purpose.PLAYBACK,
        item=playback.item,
        rendition=rendition,
        playback=playback,
    )


def _unused() -> int:
    value = secrets.randbits(Mark.BITS)
    while Mark.objects.filter(value=value).exists():
        value = secrets.randbits(Mark.BITS)
    return value


def rendition_of(reveal: Reveal) -> Blob:
    """What a reveal shows: the rendition of its frame, else of its item."""
    rendition = reveal.item.rendition if reveal.frame is None else reveal.frame.rendition
    assert rendition is not None  # without one nothing is revealed
    return rendition
