"""The worker's side of the banks of known hashes: an item asked about, stored items asked about anew, lists read.

Only workers import this room: the index behind it needs numpy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _

from casework.hashbanks import actions as banks
from casework.hashbanks import lists, matching
from casework.hashbanks.indexing import IndexUnusable
from casework.hashbanks.matches import Hashed, Matching, Question
from casework.hashbanks.models import ListImport, RunState, Sweep
from casework.jobs.actions import GiveUp, Start
from casework.privacy.keyring import KeyMissing

from . import actions
from .actions.examination import TURNS
from .models import Blob, Item, PerceptualHash
from .sealing import Doubt, open_blob

if TYPE_CHECKING:
    from detection.findings import Examination, Hash

#: Seconds that one job works before it leaves the rest to the next; below the lease and the time limit.
SLICE = 45.0
#: Items, or lines, that are kept in one transaction with their checkpoint.
ITEMS_AT_ONCE, LINES_AT_ONCE = 200, 1000
#: Items with a match that are kept in one transaction: each may restrict its case, which counts anew in all cases that
#: share a picture with it (10 ms each), and whoever else restricts one waits for that, at most ten seconds.
FOUND_AT_ONCE = 5

_PDQ_BYTES = 32


def ask_banks(item: Item, examination: Examination | None = None) -> Matching:
    """What the banks know of an item that is being examined; without an examination by its digests alone."""
    digests = bytes.fromhex(item.sha256), bytes.fromhex(item.md5)
    if examination is None:
        return matching.match(Question(*digests))
    hashes = {one.algorithm: _hashed(one) for one in examination.hashes}
    frames = examination.film.frames if examination.film is not None else ()
    of_frames = [
        (at, one) for at, frame in enumerate(frames) for one in frame.hashes if one.algorithm == "pdq"
    ]
    return matching.match(
        Question(
            *digests,
            pdq=hashes.get("pdq"),
            phash=hashes.get("phash"),
            turns=tuple(bytes.fromhex(one.value) for one in examination.turns),
            frames=tuple((at, _hashed(one)) for at, one in of_frames),
        )
    )


def match_again(item: str, *, start: Start) -> None:
    """Ask all banks about a stored item (its public id): entries changed while it was examined, or the index was hurt.

    Raises IndexUnusable, so that the ledger tries again and says so in the end.
    """
    found = Item.objects.get(public_id=item)
    [question] = _questions([found])
    answer = matching.match(question)
    if not answer.ran:
        raise IndexUnusable(answer.why_not)
    actions.record_matching(found, answer, start=start)


def recount(items: Sequence[str], *, start: Start) -> None:
    """Make signals and factors of items (public ids) true again, after their entries or a bank changed."""
    actions.recount_items(items)


def sweep(sweep: str, *, start: Start) -> None:
    """Compare stored items with the new entries of a run (its public id); after ``SLICE`` s the next job goes on.

    Raises IndexUnusable; the checkpoint stays where it was.
    """
    run = Sweep.objects.select_related("bank").get(public_id=sweep)
    if run.state == RunState.DONE:
        return
    if run.state != RunState.RUNNING:  # new, or stopped before and asked for again
        actions.begin_sweep(run, start=start)
    within = matching.Range(run.bank_id, run.from_seq, run.to_seq)
    began = time.monotonic()
    while page := list(Item.objects.filter(pk__gt=run.after).order_by("pk")[:ITEMS_AT_ONCE]):
        answers = [matching.match(question, within=within) for question in _questions(page)]
        broken = next((answer for answer in answers if not answer.ran), None)
        if broken is not None:
            raise IndexUnusable(broken.why_not)
        for part in _parts(zip(page, answers, strict=True)):
            actions.record_sweep_page(run, part, start=start)
            if time.monotonic() - began > SLICE:
                actions.go_on_sweeping(run, start=start)
                return
    actions.end_sweep(run, start=start)


def _parts(page: Iterable[tuple[Item, Matching]]) -> Iterator[list[tuple[Item, Matching]]]:
    part: list[tuple[Item, Matching]] = []
    for item, answer in page:
        part.append((item, answer))
        if sum(bool(found.found) for _item, found in part) == FOUND_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def import_list(list_import: str, *, start: Start) -> None:
    """Read a staged list (the public id of its import) into its bank; after ``SLICE`` s the next job goes on.

    A list that can't be read is given up with its reason; lines that were kept stay.
    """
    asked = ListImport.objects.select_related("bank", "asked_by").get(public_id=list_import)
    if asked.state in (RunState.DONE, RunState.FAILED):
        return
    data = _open_list(asked)
    began = time.monotonic()
    lines = _given_up_in_words(lambda: lists.read_list(data, after=asked.line, origin=asked.name))
    while page := list(islice(lines, LINES_AT_ONCE)):
        faults = [line.said for line in page if isinstance(line.said, lists.Fault)]
        entries = [line.said for line in page if not isinstance(line.said, lists.Fault)]
        banks.keep_page(asked, entries, faults, upto=page[-1].number, start=start)
        if time.monotonic() - began > SLICE:
            actions.go_on_reading(asked, start=start)
            return
    actions.end_list(asked, start=start)


def _given_up_in_words(read: Callable[[], Iterator[lists.Line]]) -> Iterator[lists.Line]:
    try:
        yield from read()
    except lists.NoList as error:
        raise GiveUp("no_list", str(error)) from error


def _open_list(asked: ListImport) -> bytes:
    blob = Blob.objects.select_related("wrap").filter(public_id=asked.blob).first()
    if blob is None:
        raise GiveUp("gone", _("The list was removed before a worker came to read it. Hand it in again."))
    try:
        return open_blob(blob)
    except KeyMissing as error:
        raise GiveUp("no_key", _("This worker holds no vault key, so the list was not read.")) from error
    except Doubt as error:
        raise GiveUp(error.code, error.sentence) from error


def _hashed(one: Hash) -> Hashed:
    return Hashed(bytes.fromhex(one.value), one.quality, one.version)


def _questions(items: Sequence[Item]) -> list[Question]:
    """What was stored of *items* when they were examined, as questions, in their order."""
    rows: dict[int, list[PerceptualHash]] = {item.pk: [] for item in items}
    stored = PerceptualHash.objects.filter(Q(item__in=items)).order_by("frame__position", "pk")
    for row in stored:
        rows[row.item_id].append(row)
    return [_question(item, rows[item.pk]) for item in items]


def _question(item: Item, rows: Sequence[PerceptualHash]) -> Question:
    whole = {row.algorithm: row for row in rows if row.frame_id is None}
    frames = [row for row in rows if row.frame_id is not None and row.algorithm == "pdq"]
    turns = bytes(whole[TURNS].value) if TURNS in whole else b""
    return Question(
        sha256=bytes.fromhex(item.sha256),
        md5=bytes.fromhex(item.md5),
        pdq=_stored(whole.get("pdq")),
        phash=_stored(whole.get("phash")),
        turns=tuple(turns[at : at + _PDQ_BYTES] for at in range(0, len(turns), _PDQ_BYTES)),
        frames=tuple((at, hashed) for at, row in enumerate(frames) if (hashed := _stored(row)) is not None),
    )


def _stored(row: PerceptualHash | None) -> Hashed | None:
    return None if row is None else Hashed(bytes(row.value), row.quality, row.version)
