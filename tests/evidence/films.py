"""Plain functions that make films of the desk out of drawn patterns."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from casework.cases.models import Case
from casework.evidence import actions
from casework.evidence.models import Item
from detection import video
from detection.findings import Examination, Signal
from detection.video.drawing import pattern_film
from tests.evidence import making


@cache
def film(scenes: int = 3) -> bytes:
    """Three seconds of patterns, other ones for another number of scenes."""
    return pattern_film(scenes=scenes)


@cache
def seen(scenes: int = 3) -> video.Seen:
    """What is seen in it."""
    return video.look(film(scenes))


def scored(*scores: float) -> Signal:
    """What the model for explicit content says of a film's frames."""
    return replace(making.explicit(max(scores)), data={"scores": list(scores), "frames": len(scores)})


def examination(scenes: int = 3, signals: Iterable[Signal] = ()) -> Examination:
    """What a worker would have found in the film."""
    data, found = film(scenes), seen(scenes)
    return Examination(
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data).hexdigest(),
        size=len(data),
        media=found.media,
        hashes=(),
        signals=tuple(signals),
        errors=found.notes,
        preview=found.preview,
        rendition=found.rendition,
        film=found.film,
    )


def make_film(case: Case, scenes: int = 3, **kwargs: Any) -> Item:
    """A film of the case, examined."""
    item = making.make_item(case, film(scenes))
    assert actions.record_examination(item, examination(scenes, **kwargs))
    item.refresh_from_db()
    return item
