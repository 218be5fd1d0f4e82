"""Asking the banks about one file: exact digests by SQL, PDQ by the index, films frame by frame. Workers only.

An answer of the index is a lead to a row; what the row and its bank say now decides: so a deletion is honoured at
once, and each bank has thresholds of its own. Films are compared in the manner of vPDQ (Meta's ThreatExchange): the
share of the one film's frames that have a near frame in the other, both ways; either share may make the match, because
an excerpt and a compilation are both worth a look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from detection.index import Match
from detection.pdq import DIHEDRAL

from . import indexing
from .actions import last_change
from .matches import VIDEO_PDQ, Found, Hashed, Matching, Opinion, Question
from .models import LEAST_PDQ_QUALITY, Bank, Entry

#: Leads that are checked for one hash and bank, the nearest ones: a bank with more knows the picture beyond doubt. Not
#: for all banks together, or a list that names one value a thousand times would hide what the others know.
MOST_LEADS = 500
#: Answers of the index that are looked at for one hash, the nearest ones; beyond, nobody says that there is nothing.
MOST_CHECKED = 50_000
_NOT_TURNED = DIHEDRAL[0]


@dataclass(frozen=True, slots=True)
class Range:
    """Entries of one bank that changed after ``since`` and not after ``upto``: what a run over old items asks for."""

    bank: int
    since: int
    upto: int


@dataclass(frozen=True, slots=True)
class _Lead:
    """An entry that may match: the frame of the question (None for the file itself), how it was turned, how far."""

    entry: int
    frame: int | None
    turned: str
    distance: int


def match(question: Question, *, within: Range | None = None) -> Matching:
    """What the banks in use know of a file, or of *within* only. A broken index is part of the answer."""
    banks = {bank.pk: bank for bank in Bank.objects.filter(active=True)}
    if within is not None:
        banks = {key: bank for key, bank in banks.items() if key == within.bank}
    seq = last_change()  # before the first look: what changes meanwhile is asked for again
    if not banks:
        return Matching(banks=0, seq=seq)
    entries = _entries(within)
    exact = _exact(question, entries)
    asked, not_near = _askable(question)
    if not asked:
        return Matching(banks=len(banks), seq=seq, not_near=not_near, found=tuple(exact))
    try:
        leads, cut = _leads(question, asked, list(banks.values()), within)
    except indexing.IndexUnusable as error:
        return Matching(
            banks=len(banks), seq=seq, ran=False, why_not=str(error), broken=True, found=tuple(exact)
        )
    near = _near(question, asked, leads, banks, entries)
    if cut:
        not_near = _("So many entries lie near it that only the %(n)d nearest were looked at.") % {
            "n": MOST_CHECKED
        }
    return Matching(banks=len(banks), seq=seq, not_near=not_near, found=(*exact, *near))


def _entries(within: Range | None) -> Q:
    """Which rows count."""
    if within is None:
        return Q()
    return Q(bank=within.bank, changed_seq__gt=within.since, changed_seq__lte=within.upto)


def _exact(question: Question, entries: Q) -> list[Found]:
    same = Q(signal=Entry.Signal.SHA256, value=question.sha256) | Q(
        signal__in=(Entry.Signal.MD5, Entry.Signal.VIDEO_MD5), value=question.md5
    )
    rows = Entry.objects.in_force().filter(entries, same).order_by("pk")
    return [
        Found(
            entry=row.pk, bank=row.bank_id, algorithm=row.signal, entry_version=row.version,
            origin_item=row.origin_item,
        )
        for row in rows
    ]  # fmt: skip


def _askable(question: Question) -> tuple[dict[int | None, Hashed], str]:
    """The PDQ hashes that are worth asking with, by frame (None: the file itself), or why there are none."""
    offered: dict[int | None, Hashed] = dict(question.frames)
    if question.pdq is not None and not offered:
        offered[None] = question.pdq
    if not offered:
        return {}, _("The file has no perceptual hash.")
    asked = {frame: one for frame, one in offered.items() if (one.quality or 0) >= LEAST_PDQ_QUALITY}
    return asked, "" if asked else _("The picture has too little detail for a perceptual match.")


def _leads(
    question: Question, asked: dict[int | None, Hashed], banks: list[Bank], within: Range | None
) -> tuple[list[_Lead], bool]:
    """What the index finds within the widest radius of *banks*, each hash and turn by itself, and whether some of it
    was left out. Raises IndexUnusable."""
    if within is not None and not Entry.objects.filter(_entries(within), signal=Entry.Signal.PDQ).exists():
        return [], False
    ways: list[tuple[int | None, str, bytes]] = [
        (frame, _NOT_TURNED, hashed.value) for frame, hashed in asked.items()
    ]
    if None in asked and any(bank.pdq_turns for bank in banks):
        turned = zip(DIHEDRAL, question.turns, strict=False)
        ways += [(None, turn, value) for turn, value in turned if turn != _NOT_TURNED]
    answers, _seq = indexing.search(
        [value for _frame, _turn, value in ways], max(b.pdq_radius for b in banks)
    )
    leads = [
        _Lead(one.id, frame, turn, one.distance)
        for (frame, turn, _value), matches in zip(ways, answers, strict=True)
        for one in _nearest_of_each(matches, within)
    ]
    return leads, any(len(matches) > MOST_CHECKED for matches in answers)


def _nearest_of_each(matches: Sequence[Match], within: Range | None) -> list[Match]:
    """Of what lies near one hash, nearest first, so much of each bank in use as is checked."""
    nearest = list(matches[:MOST_CHECKED])
    if len(nearest) <= MOST_LEADS:
        return nearest
    rows = Entry.objects.in_force().filter(_entries(within), pk__in=[one.id for one in nearest])
    bank_of = dict(rows.values_list("pk", "bank_id"))
    left = dict.fromkeys(bank_of.values(), MOST_LEADS)
    kept = []
    for one in nearest:
        bank = bank_of.get(one.id)
        if bank is not None and left[bank] > 0:
            left[bank] -= 1
            kept.append(one)
    return kept


def _near(
    question: Question,
    asked: dict[int | None, Hashed],
    leads: list[_Lead],
    banks: dict[int, Bank],
    entries: Q,
) -> list[Found]:
    rows = {
        row.pk: row
        for row in Entry.objects.in_force().filter(
            entries, pk__in={lead.entry for lead in leads}, signal=Entry.Signal.PDQ, bank__in=banks
        )
    }
    found: dict[int, Found] = {}
    films: defaultdict[tuple[int, UUID], list[Found]] = defaultdict(list)
    for lead in leads:
        row = rows.get(lead.entry)
        if row is None or not _counts(lead, row, asked[lead.frame], banks[row.bank_id]):
            continue
        one = _found(lead, row, asked[lead.frame], banks[row.bank_id])
        if row.clip is not None and lead.frame is not None:
            films[row.bank_id, row.clip].append(one)
        elif row.pk not in found or (one.distance or 0) < (found[row.pk].distance or 0):
            found[row.pk] = one
    stills = [
        replace(one, opinion=_opinion(question, rows[one.entry], banks[one.bank])) for one in found.values()
    ]
    return [*stills, *_films(films, asked, banks)]


def _counts(lead: _Lead, row: Entry, hashed: Hashed, bank: Bank) -> bool:
    """Whether a lead is a match by the thresholds of its bank."""
    return (
        lead.distance <= bank.pdq_radius
        and (lead.turned == _NOT_TURNED or bank.pdq_turns)
        and (hashed.quality or 0) >= bank.pdq_quality
        and (row.quality is None or row.quality >= bank.pdq_quality)
    )


def _found(lead: _Lead, row: Entry, hashed: Hashed, bank: Bank) -> Found:
    return Found(
        entry=row.pk, bank=bank.pk, algorithm=Entry.Signal.PDQ.value, distance=lead.distance,
        threshold=bank.pdq_radius, quality=hashed.quality, entry_quality=row.quality, version=hashed.version,
        entry_version=row.version, turned="" if lead.turned == _NOT_TURNED else lead.turned, frame=lead.frame,
        origin_item=row.origin_item,
    )  # fmt: skip


def _films(
    films: dict[tuple[int, UUID], list[Found]], asked: dict[int | None, Hashed], banks: dict[int, Bank]
) -> list[Found]:
    """One match for each film that shares enough frames, told by its nearest pair of frames."""
    matches = []
    for (key, clip), pairs in films.items():
        bank = banks[key]
        good = sum(1 for one in asked.values() if (one.quality or 0) >= bank.pdq_quality)
        query_share = len({one.frame for one in pairs}) / good
        clip_share = min(1.0, len({one.entry for one in pairs}) / _frames_of(bank, clip))
        if max(query_share, clip_share) >= bank.video_share:
            nearest = min(pairs, key=lambda one: (one.distance or 0, one.frame or 0, one.entry))
            matches.append(
                replace(nearest, algorithm=VIDEO_PDQ, query_share=query_share, clip_share=clip_share)
            )
    return matches


def _frames_of(bank: Bank, clip: UUID) -> int:
    """How many frames of a film count in its bank; at least one."""
    enough = Q(quality__isnull=True) | Q(quality__gte=bank.pdq_quality)
    frames = Entry.objects.in_force().filter(enough, bank=bank, clip=clip, signal=Entry.Signal.PDQ)
    return max(1, int(frames.aggregate(n=Count("pk"))["n"]))


def _opinion(question: Question, row: Entry, bank: Bank) -> Opinion | None:
    """What pHash says of a PDQ match, where the bank asks and holds the pHash of the same picture."""
    if bank.phash_radius is None or question.phash is None or not row.origin_ref:
        return None
    others = Entry.objects.in_force().filter(bank=bank, signal=Entry.Signal.PHASH, origin_ref=row.origin_ref)[
        :10
    ]
    mine = int.from_bytes(question.phash.value)
    distances = [(mine ^ int.from_bytes(bytes(other.value or b""))).bit_count() for other in others]
    return Opinion(min(distances), bank.phash_radius) if distances else None
