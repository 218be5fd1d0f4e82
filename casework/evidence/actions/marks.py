"""Issuing the invisible mark of one reveal: a random number that only the database can resolve."""

from __future__ import annotations

import secrets

from casework.evidence.models import Blob, Mark, Reveal


def issue_mark(reveal: Reveal) -> Mark:
    """A new mark for *reveal*, unlike any that was issued before. Part of the transaction and entry of the reveal.

    The number says nothing by itself and stands in no log entry: whoever knows it could put it into another picture.
    """
    value = secrets.randbits(Mark.BITS)
    while Mark.objects.filter(value=value).exists():
        value = secrets.randbits(Mark.BITS)
    return Mark.objects.create(
        value=value,
        purpose=Mark.Purpose.REVEAL,
        item=reveal.item,
        rendition=rendition_of(reveal),
        reveal=reveal,
    )


def rendition_of(reveal: Reveal) -> Blob:
    """What a reveal shows: the rendition of its frame, else of its item."""
    rendition = reveal.item.rendition if reveal.frame is None else reveal.frame.rendition
    assert rendition is not None  # without one nothing is revealed
    return rendition
