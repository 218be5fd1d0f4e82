"""Keeping what a worker found out about an item. Each item is finished once, however often a job is delivered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.audit.log import Verb, record
from casework.cases.actions import note_examined, take_turn
from casework.cases.models import Case
from casework.evidence.known import KNOWN, count_for_queue, known_copies
from casework.evidence.models import Blob, Item, PerceptualHash, SignalRecord, Wrap
from casework.evidence.sealing import seal
from casework.hashbanks.actions import share_entries
from casework.hashbanks.matches import Matching
from casework.jobs.actions import Start, add_job, confirm_start

from .assessments import AI_MADE, EXPLICIT, assess_item, says_yes
from .films import keep_film
from .matching import factor_of, keep_matches, match_if_changed, restrict_if_asked, take_turn_if_asked
from .staging import insert_blob

if TYPE_CHECKING:  # the library opens hostile media: at run time only ``tasks`` imports it
    from detection.findings import Derivative, Examination, Failure, Hash, Signal

#: The stored hash that holds all eight turns of a picture.
TURNS = "pdq_turns"
_NOT_SCORED = (EXPLICIT, "synthetic")


@transaction.atomic
def record_examination(
    item: Item, examination: Examination, *, start: Start | None = None, matching: Matching | None = None
) -> bool:
    """Store hashes, signals, preview and rendition of an opened item; False when it was finished already.

    *matching* is what the banks of known hashes said of it.

    The digest is compared with the one taken at receipt by whoever opened the blob. Raises NotSealed when the store
    refuses the derivatives; then nothing is kept and the job starts again. *start* is the ledger's: raises LostLease
    when somebody else has the job by now.
    """
    newest = share_entries()  # before any row is locked, as whoever changes entries does
    locked = _unfinished(item, start)
    if locked is None:
        return False
    media = examination.media
    assert media is not None
    PerceptualHash.objects.bulk_create(_hashes(locked, examination))
    # Made once: looks and marks point at them when an item is examined again.
    locked.preview = locked.preview or _derive(locked, examination.preview, Blob.Kind.PREVIEW)
    locked.rendition = locked.rendition or _derive(locked, examination.rendition, Blob.Kind.RENDITION)
    keep_film(locked, examination.film, examination.signals)
    locked.format, locked.frames = media.format[:20], media.frames
    locked.width, locked.height = media.width, media.height
    locked.reason = " ".join(failure.sentence for failure in examination.errors)[:500]
    locked.state = Item.State.EXAMINED
    record(
        Verb.EVIDENCE_EXAMINED, actor=None, subject=locked, case=locked.case, item=locked.public_id,
        format=locked.format, signals={signal.name: _seen(signal) for signal in examination.signals},
    )  # fmt: skip
    _finish(locked, matching, newest, signals=[_as_row(locked, signal) for signal in examination.signals])
    return True


@transaction.atomic
def record_unopened(
    item: Item,
    failure: Failure,
    *,
    start: Start | None = None,
    found: Iterable[Signal] = (),
    matching: Matching | None = None,
) -> bool:
    """Note that an item is stored and could not be opened, and why; False when it was finished already.

    A failure that exceeds a limit sets the item aside; either way its signals read "not checked", never "clean".
    *found* is what was read of the file all the same (its metadata). Raises LostLease as ``record_examination``.
    """
    aside = failure.quarantine
    return _leave_closed(
        item,
        state=Item.State.QUARANTINED if aside else Item.State.UNOPENED,
        verb=Verb.EVIDENCE_QUARANTINED if aside else Verb.EVIDENCE_NOT_OPENED,
        code=failure.code,
        sentence=failure.sentence,
        start=start,
        found=found,
        matching=matching,
    )


@transaction.atomic
def set_item_aside(item: str, *, reason: str) -> None:
    """What the ledger calls when the examination of *item* (its public id) was stopped for good.

    *reason* is the ledger's sentence. The original stays stored; somebody has to decide by the report.
    """
    found = Item.objects.get(public_id=item)
    aside = _leave_closed(
        found, state=Item.State.QUARANTINED, verb=Verb.EVIDENCE_QUARANTINED, code="ended_the_reader",
        sentence=_("The file ended the program that opened it three times. It is stored and not opened again."),
        ledger=reason,
    )  # fmt: skip
    if aside:  # its digests need no reader: whoever damages a known file must not hide it so
        add_job("evidence.match", key=f"match:{found.public_id}:aside", args={"item": str(found.public_id)})


def _leave_closed(
    item: Item,
    *,
    state: Item.State,
    verb: Verb,
    code: str,
    sentence: str,
    ledger: str = "",
    start: Start | None = None,
    found: Iterable[Signal] = (),
    matching: Matching | None = None,
) -> bool:
    newest = share_entries()
    locked = _unfinished(item, start)
    if locked is None:
        return False
    locked.state, locked.reason_code, locked.reason = state, code[:40], sentence[:500]
    kept = [signal for signal in found if signal.name not in _NOT_SCORED]
    rows = [_as_row(locked, signal) for signal in kept]
    for name in _NOT_SCORED:
        rows.append(
            SignalRecord(
                item=locked, name=name, version="", status="not_checked", sentence=_("Not scored."),
                reason=locked.reason,
            )
        )  # fmt: skip
    record(
        verb, actor=None, subject=locked, case=locked.case, item=locked.public_id, code=code,
        personal={"ledger": ledger},
    )  # fmt: skip
    _finish(locked, matching, newest, signals=rows)
    return True


def _unfinished(item: Item, start: Start | None = None) -> Item | None:
    """The item locked, or None when an earlier delivery has finished it.

    Its case is locked after it, so the lock is one that lets others, who hold the case, write rows that point at it.
    """
    if start is not None:
        confirm_start(start)
    locked = Item.objects.select_for_update(of=("self",), no_key=True).select_related("case").get(pk=item.pk)
    return locked if locked.state == Item.State.STORED else None


def _finish(item: Item, matching: Matching | None, newest: int, *, signals: Sequence[SignalRecord]) -> None:
    """Look for known copies, keep the signals and what the banks said, save the item and tell the case."""
    known = known_copies(item)
    # Asked for only now, for sealing and searching take long. With known copies too: a case that is restricted from
    # here on finds what is kept below and counts anew, and one that was restricted since the search is not counted.
    if known.matches:
        take_turn()
    take_turn_if_asked([matching])
    # Before the item changes and matches are kept: a bank that looks back at it now holds the case and writes matches.
    item.case = Case.objects.select_for_update().get(pk=item.case_id)
    # All in one statement: a picture has a score of signals, and each statement of its own costs a millisecond.
    SignalRecord.objects.bulk_create(
        [
            *(signal for signal in signals if signal.name != KNOWN),
            SignalRecord(item=item, **known.as_signal()),
        ]
    )
    item.examined_at = Now()
    item.save()
    del item.examined_at  # the database's time, fetched when somebody asks
    kept = keep_matches(item, matching, assess=False) if matching is not None else []
    answers = assess_item(item).answers
    note_examined(
        item.case,
        actor=None,
        explicit_score=answers[EXPLICIT]["probability"],
        synthetic_found=says_yes(answers[AI_MADE]),
        known_matches=count_for_queue(known, item.case) + factor_of(item),
    )
    if matching is not None:
        match_if_changed(item, matching, newest=newest)
    restrict_if_asked(item, kept)


def _hashes(item: Item, examination: Examination) -> list[PerceptualHash]:
    """The hashes as rows, and one row with the PDQ hashes of all eight turns: a later bank may ask for them."""
    rows = [_hash(item, one.algorithm, one.value, one) for one in examination.hashes]
    if turns := examination.turns:
        rows.append(_hash(item, TURNS, "".join(one.value for one in turns), turns[0]))
    return rows


def _hash(item: Item, algorithm: str, value: str, one: Hash) -> PerceptualHash:
    return PerceptualHash(
        item=item, algorithm=algorithm, value=bytes.fromhex(value), quality=one.quality, version=one.version[:60]
    )  # fmt: skip


def _as_row(item: Item, signal: Signal) -> SignalRecord:
    sensitive: Any = dict(signal.sensitive) or None
    return SignalRecord(
        item=item,
        name=signal.name[:40],
        version=signal.version[:100],
        status=signal.status.value,
        strength=signal.strength.value if signal.strength else "",
        score=_score(signal.score),
        sentence=signal.sentence[:500],
        reason=signal.reason[:500],
        data=dict(signal.data),
        sensitive=sensitive,
    )


def _score(score: float | None) -> float | None:
    """A probability or None: what is not a number between 0 and 1 is no score."""
    return score if score is not None and math.isfinite(score) and 0 <= score <= 1 else None


def _seen(signal: Signal) -> dict[str, Any]:
    return {"status": signal.status.value, "score": _score(signal.score), "version": signal.version}


def _derive(item: Item, derivative: Derivative | None, kind: Blob.Kind) -> Blob | None:
    """Seal a derivative to the view key and write down where it came from."""
    if derivative is None:
        return None
    blob = insert_blob(seal(derivative.content, kind, Wrap.Recipient.VIEW))
    record(
        Verb.EVIDENCE_DERIVED, actor=None, subject=item, case=item.case, item=item.public_id, kind=kind.value,
        blob=blob.public_id, sha256=blob.sha256, derived_from=item.sha256,
        width=derivative.width, height=derivative.height,
    )  # fmt: skip
    return blob
