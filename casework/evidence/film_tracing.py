"""Which playback a still or a film came from: read by itself, then laid over the films that were watched here.

The part of the film that a playback showed is decoded once more, in a confined child, and its pictures are compared
with the copy's. That takes seconds for each film, so only the most promising are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from PIL import Image

from casework.privacy.keyring import KeyMissing
from detection.examine import FILMS
from detection.findings import Failure
from detection.sandbox import ChildDied, Lock
from detection.video import marks, pictures, reading, recognising
from detection.video.marks import Reading

from .models import Item, Mark, PerceptualHash
from .sealing import Doubt, open_blob

#: Films that one trace decodes again at most: some seconds each.
MOST_FILMS = 20
#: The newest marks of films that a copy is compared with before anything is decoded.
MOST_AT_ONCE = 20_000
#: How much surer that first reading must be than any other: it is one more occasion for an accident.
SURER = 1000
#: PDQ distances (bits of 256) up to here make a film worth decoding before pictures are compared.
_NEAR = 90


@dataclass(frozen=True, slots=True)
class FilmPart:
    """A part of a film that was made to be watched, by one person or several: the item's key, from where on (seconds),
    and the size of the playback in pixels. ``near`` says whether one of the film's frames looks like the copy.
    """

    item: int
    start: float
    size: tuple[int, int]
    near: bool


def is_film(data: bytes) -> bool:
    """Whether the first bytes are those of a film's container."""
    return reading.kind_of(data) is not None


def open_film(data: bytes, *, lock: Lock) -> tuple[Image.Image, ...] | Failure | ChildDied:
    """Pictures of a copy that is a film, grey, spread over its first minute; decoded in a confined child."""
    part = pictures.open_copy(data, readers=FILMS, lock=lock)
    if isinstance(part, Failure | ChildDied):
        return part
    return tuple(part.picture(number) for number in range(len(part.at)))


def parts_of(issued: QuerySet[Mark], hashes: Sequence[int]) -> list[FilmPart]:
    """The parts that carry one of the *issued* marks, those near the copy (its PDQ *hashes*) first, then the newest."""
    made = issued.filter(purpose=Mark.Purpose.PLAYBACK, playback__width__isnull=False).order_by("-pk")
    fields = ("item", "playback__start_seconds", "playback__width", "playback__height")
    found = list(dict.fromkeys(made.values_list(*fields)))
    near = set(_near({item for item, *_ in found}, hashes))
    parts = [FilmPart(item, start, (width, height), item in near) for item, start, width, height in found]
    return sorted(parts, key=lambda one: not one.near)


def _near(items: set[int], hashes: Sequence[int]) -> Iterator[int]:
    """Those of *items* (keys) of which a frame is near one of the *hashes*."""
    known = PerceptualHash.objects.filter(algorithm="pdq", frame__isnull=False, item__in=items)
    for item, value in known.values_list("item", "value"):
        number = int.from_bytes(bytes(value), "big")
        if any((one ^ number).bit_count() <= _NEAR for one in hashes):
            yield item


def read_at_once(copy: Sequence[Image.Image], issued: QuerySet[Mark], *, key: bytes) -> Reading:
    """What a copy (grey pictures) that shows the whole frame says by itself about the newest marks of films."""
    made = issued.filter(purpose=Mark.Purpose.PLAYBACK, playback__width__isnull=False).order_by("-pk")
    values = [int(value) for value in made.values_list("value", flat=True)[:MOST_AT_ONCE]]
    if not values:
        return Reading()
    return recognising.read_whole(copy, values, marks.words_of(values), key=key)


def compare(
    copy: Sequence[Image.Image], part: FilmPart, issued: QuerySet[Mark], *, key: bytes, lock: Lock
) -> Reading | None:
    """What a copy says when it is laid over this part of a film; None where the film cannot be opened here."""
    item = Item.objects.select_related("original__wrap").get(pk=part.item)
    try:
        known = pictures.open_known(open_blob(item.original), part.start, readers=FILMS, lock=lock)
    except (Doubt, KeyMissing):
        return None
    if isinstance(known, Failure | ChildDied):
        return None
    of_part = issued.filter(
        purpose=Mark.Purpose.PLAYBACK, item=item, playback__start_seconds=part.start,
        playback__width=part.size[0], playback__height=part.size[1],
    )  # fmt: skip
    values = [int(value) for value in of_part.values_list("value", flat=True)]
    return recognising.recognise(copy, known, part.size, values, key=key)
