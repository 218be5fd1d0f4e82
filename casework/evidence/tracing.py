"""Which of our reveals a copy came from: the copy is opened as hostile, laid over what was shown, and read.

A copy may be a picture or a film; what is compared with films is in ``film_tracing``.

For workers and the command line: it loads what opens media. The method is ``detection.watermark``'s; here is decided
what is compared, in which order, and how sure an answer has to be when many pictures were compared.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _
from PIL import Image

from casework.accounts.models import User
from detection import copies, pdq, watermark
from detection.findings import Failure
from detection.sandbox import ChildDied, Lock

from .actions.traces import Answer
from .models import Blob, Item, Mark, PerceptualHash, Trace
from .sealing import Doubt, open_blob

if TYPE_CHECKING:
    from .film_tracing import FilmPart

#: A wrong number passes the error correction and its check bits at most this often (``detection.markcode``).
BY_CODE = 2.0**-63
#: PDQ distances (bits of 256) up to here say something about likeness; beyond, newer looks come first.
_NEAR = 90


class ReaderDied(Exception):
    """The confined child ended without an answer; the ledger tries again or sets the copy aside."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A copy as it looks (RGB, longer side at most 2048 pixels) and its PDQ hashes, turned and mirrored ones too.

    Of a film ``film`` holds grey pictures spread over its time, and ``picture`` is the middle one.
    """

    picture: Image.Image
    hashes: tuple[int, ...]
    film: tuple[Image.Image, ...] = ()

    @property
    def pictures(self) -> tuple[Image.Image, ...]:
        """What is compared with films: all pictures of a film, else the picture, in grey."""
        return self.film or (self.picture.convert("L"),)


def open_leak(data: bytes) -> Leak | Answer:
    """Open a copy in a confined child; the Answer says why it could not be. Raises ReaderDied."""
    from . import film_tracing  # loads decoders of films: a worker that never traces does without

    film = film_tracing.is_film(data)
    opened = film_tracing.open_film(data, lock=_lock()) if film else copies.open_copy(data, lock=_lock())
    if isinstance(opened, Failure):
        return Answer(Trace.Verdict.UNOPENED, reason=opened.sentence)
    if isinstance(opened, ChildDied):
        raise ReaderDied(opened.sentence)
    if isinstance(opened, Image.Image):
        return Leak(opened, _hashes_of(opened))
    picked = [opened[len(opened) * step // 4].convert("RGB") for step in range(4)]
    hashes = tuple(value for one in picked for value in _hashes_of(one))
    return Leak(opened[len(opened) // 2].convert("RGB"), hashes, opened)


def _hashes_of(picture: Image.Image) -> tuple[int, ...]:
    return tuple(int(one.value, 16) for one in pdq.dihedral_hashes(picture))


def _lock() -> Lock:
    return Lock.WEAK if settings.SANDBOX == "weak" else Lock.FULL


def scope_of(person: User | None) -> QuerySet[Item]:
    """The items a trace may speak of: those that exist for whoever asks; for nobody in particular, open ones."""
    if person is None:
        return Item.objects.filter(case__restricted=False)
    return Item.objects.for_user(person)


def ordered_candidates(leak: Leak, trace: Trace) -> list[int]:
    """Keys of the renditions that carry marks as old as the trace or older, the most promising first.

    Near ones by PDQ come first; cropping breaks PDQ, so all others follow, those shown last first. The order is the
    same at each start of the same trace.
    """
    marks = _issued(trace).exclude(purpose=Mark.Purpose.PLAYBACK).order_by()
    marks = marks.filter(rendition__kind=Blob.Kind.RENDITION)
    latest = dict(marks.values("rendition").annotate(latest=Max("pk")).values_list("rendition", "latest"))
    hashes = PerceptualHash.objects.filter(algorithm="pdq")
    known: dict[int, bytes] = {}
    for field in ("item__rendition", "frame__rendition"):
        unframed = hashes.filter(frame__isnull=field.startswith("item"))
        known |= dict(unframed.filter(**{f"{field}__in": latest}).values_list(field, "value"))

    def rank(rendition: int) -> tuple[int, int]:
        value = known.get(rendition)
        near = 256 if value is None else min(_distances(leak, bytes(value)))
        return (near if near <= _NEAR else 256, -latest[rendition])

    return sorted(latest, key=rank)


def _all_candidates(leak: Leak, trace: Trace) -> list[int | FilmPart]:
    """Pictures (keys of renditions) and films in the order of their promise; says how many there are in *trace*.

    Films that are left out for the time that they take are counted as not compared.
    """
    from . import film_tracing

    stills: list[int | FilmPart] = [*ordered_candidates(leak, trace)]
    parts = film_tracing.parts_of(_issued(trace), leak.hashes)
    trace.candidates = len(stills) + len(parts)
    chosen = parts[: film_tracing.MOST_FILMS]
    if leak.film:
        return [*chosen, *stills]
    return [*(one for one in chosen if one.near), *stills, *(one for one in chosen if not one.near)]


def _distances(leak: Leak, value: bytes) -> Iterator[int]:
    number = int.from_bytes(value, "big")
    return ((one ^ number).bit_count() for one in leak.hashes)


def search(
    leak: Leak, trace: Trace, *, key: bytes, seconds: float, most: int, note: Callable[[Trace], None]
) -> Answer | None:
    """Compare *leak* with what is left of its candidates; None when *seconds* were over before an answer.

    *trace* is brought up to date as it goes on (``compared``, ``unread``, ``item`` once recognised) and handed to
    *note* now and then. At most *most* pictures are compared in all; an answer says what was left out.
    """
    if trace.compared == 0 and (direct := _read_at_once(leak, trace, key)) is not None:
        return direct
    candidates = _all_candidates(leak, trace)
    began = noted = time.monotonic()
    first = trace.compared  # each start compares something, or the next one would be the same job again
    for candidate in candidates[trace.compared : most]:
        if time.monotonic() - began > seconds and trace.compared > first:
            return None
        if isinstance(candidate, int):
            answer = _compare(leak, trace, Blob.objects.select_related("wrap").get(pk=candidate), key)
        else:
            answer = _compare_film(leak, trace, candidate, key)
        trace.compared += 1
        if answer is not None:
            return answer
        if time.monotonic() - noted > 1:
            noted = time.monotonic()
            note(trace)
    return _nothing_named(trace)


def _read_at_once(leak: Leak, trace: Trace, key: bytes) -> Answer | None:
    """The mark of a good, whole copy is read without any picture beside it, and looked up."""
    for turned in (leak.picture, leak.picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)):
        value = watermark.read_whole(turned, key=key)
        mark = _issued(trace).filter(value=value).first() if value is not None else None
        if mark is not None:
            return Answer(Trace.Verdict.NAMED, mark=mark, item=mark.item, chance=BY_CODE)
    return _read_film_at_once(leak, trace, key)


def _read_film_at_once(leak: Leak, trace: Trace, key: bytes) -> Answer | None:
    from . import film_tracing

    reading = film_tracing.read_at_once(leak.pictures, _issued(trace), key=key)
    chance = reading.chance * film_tracing.SURER
    if reading.mark_id is None or chance > watermark.CHANCE:
        return None
    mark = _issued(trace).get(value=reading.mark_id)
    return Answer(Trace.Verdict.NAMED, mark=mark, item=mark.item, chance=chance, score=reading.score)


def _compare(leak: Leak, trace: Trace, rendition: Blob, key: bytes) -> Answer | None:
    """What one of our pictures says about the copy; None when it is not (readably) that one."""
    issued = _issued(trace).exclude(purpose=Mark.Purpose.PLAYBACK).filter(rendition=rendition)
    marks = {int(mark.value): mark for mark in issued}
    try:
        with Image.open(io.BytesIO(open_blob(rendition)), formats=["JPEG", "PNG"]) as opened:
            picture = opened.convert("RGB")
    except Doubt:
        trace.unread += 1
        return None
    reading = watermark.recognise(leak.picture, picture, list(marks), key=key)
    # Each picture that is compared is one more occasion for an accident.
    chance = reading.chance * (trace.candidates or 1)
    if reading.mark_id is not None and chance <= watermark.CHANCE:
        mark = marks[reading.mark_id]
        return Answer(Trace.Verdict.NAMED, mark=mark, item=mark.item, chance=chance, score=reading.score)
    if reading.same_picture or reading.unlisted is not None:
        trace.item = trace.item or next(iter(marks.values())).item
    return None if reading.unlisted is None else _decoded(reading.unlisted, trace)


def _compare_film(leak: Leak, trace: Trace, part: FilmPart, key: bytes) -> Answer | None:
    """What one part of a film says about the copy; None when it is not (readably) from there."""
    from . import film_tracing

    reading = film_tracing.compare(leak.pictures, part, _issued(trace), key=key, lock=_lock())
    if reading is None:
        trace.unread += 1
        return None
    chance = reading.chance * (trace.candidates or 1)
    if reading.mark_id is not None and chance <= watermark.CHANCE:
        mark = _issued(trace).get(value=reading.mark_id)
        return Answer(Trace.Verdict.NAMED, mark=mark, item=mark.item, chance=chance, score=reading.score)
    if reading.same_film or reading.unlisted is not None:
        trace.item = trace.item or Item.objects.get(pk=part.item)
    return None if reading.unlisted is None else _decoded(reading.unlisted, trace)


def _decoded(value: int, trace: Trace) -> Answer | None:
    """What a mark says that was not issued for the picture it is in: the same picture may have been sent twice.

    None where it belongs to a case that does not exist for whoever asks: it must not be told from a picture whose
    mark cannot be read.
    """
    mark = _issued(trace).filter(value=value).first()
    if mark is not None:
        return Answer(Trace.Verdict.NAMED, mark=mark, item=mark.item, chance=BY_CODE)
    if Mark.objects.filter(value=value).exists():
        return None
    return Answer(Trace.Verdict.UNKNOWN_MARK, item=trace.item, chance=BY_CODE)


def _issued(trace: Trace) -> QuerySet[Mark]:
    """The marks a trace may name."""
    marks: QuerySet[Mark] = Mark.objects.filter(pk__lte=trace.newest_mark, item__in=scope_of(trace.person))
    return marks.select_related("item__case", "reveal__person", "playback__person")


def _nothing_named(trace: Trace) -> Answer:
    left_out = (trace.candidates or 0) - trace.compared
    reason = (
        _("Only the %(n)d most promising pictures were compared; %(left)d were not.")
        % {"n": trace.compared, "left": left_out}
        if left_out > 0
        else ""
    )
    if trace.item is not None:
        return Answer(Trace.Verdict.RECOGNISED, item=trace.item, reason=reason)
    return Answer(Trace.Verdict.NOTHING, reason=reason)
