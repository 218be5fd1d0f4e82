"""Keeping what the banks of known hashes say of items, and keeping it true when entries, banks or cases change.

``BankMatch`` rows are the record; the signal ``banks`` and the case's factor are made from those rows that stand and
that everybody who sees the case may know of.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from casework.audit.log import Verb, record
from casework.cases.actions import note_known_matches, restrict_case, take_turn
from casework.cases.models import Case
from casework.evidence.known import countable
from casework.evidence.models import BankMatch, Item, SignalRecord
from casework.hashbanks.matches import Found, Matching
from casework.hashbanks.models import Bank
from casework.jobs.actions import add_job

from .assessments import assess_again

BANKS = "banks"
#: Why a case was restricted, as its entry in the log says.
BANK_MATCH = "bank_match"
_VERSION = "sha256, md5, pdq"
#: Items that are recounted in one transaction, few for the reason of ``comparing.FOUND_AT_ONCE``.
RECOUNTED_AT_ONCE = 10


def keep_matches(
    item: Item, matching: Matching, *, retroactive: bool = False, assess: bool = True
) -> list[BankMatch]:
    """Keep the matches of *item* that are new; part of the caller's transaction, which has locked the case.
    Says so in the log.

    A match with an entry that was made from this very case is none. ``factor_of`` and ``restrict_if_asked`` are for
    the caller, once the case's own factors are written. A *retroactive* question was put to one bank only. Whoever
    assesses the item anyway afterwards says *assess* False.
    """
    kept = _keep_new(item, matching, retroactive=retroactive) if matching.found else []
    if kept:
        _tell(item, kept, retroactive=retroactive)
    write_signal(item, _looked(matching), one_bank=retroactive, assess=assess)
    return kept


def _keep_new(item: Item, matching: Matching, *, retroactive: bool) -> list[BankMatch]:
    own = {str(key) for key in Item.objects.filter(case_id=item.case_id).values_list("public_id", flat=True)}
    found = [one for one in matching.found if str(one.origin_item) not in own]
    known = set(BankMatch.objects.filter(item=item).values_list("entry", "algorithm"))
    frames = list(item.film_frames.order_by("position"))
    new = [
        _row(item, one, frames, retroactive=retroactive)
        for one in found
        if (one.entry, one.algorithm) not in known
    ]
    return [BankMatch.objects.create(**row) for row in new]


def match_if_changed(item: Item, matching: Matching, *, newest: int) -> None:
    """Have *item* compared again where the index was broken or entries changed after the question was put.

    *newest* is the last change now.
    """
    if newest > matching.seq or not matching.ran:
        key = f"match:{item.public_id}:{newest}{'' if matching.ran else ':broken'}"
        add_job("evidence.match", key=key, args={"item": str(item.public_id)})


def factor_of(item: Item) -> int:
    """How many banks that hold *item* raise its case's priority, of those that everybody may know of."""
    return BankMatch.objects.for_case(item.case).filter(item=item).standing().urgent().tally()


def take_turn_if_asked(matchings: Iterable[Matching | None]) -> None:
    """Before any case is locked: what was found may be in a bank that restricts, and then others change with it."""
    if any(each is not None and each.found for each in matchings):
        take_turn()


def restrict_if_asked(item: Item, kept: Iterable[BankMatch]) -> None:
    """Restrict the case of *item* where a new match is with a bank that asks for it; last, as it counts anew."""
    new = [match.pk for match in kept]
    asking = BankMatch.objects.filter(pk__in=new, entry__bank__on_match=Bank.OnMatch.RESTRICT)
    if new and asking.standing().exists():
        restrict_case(item.case, actor=None, why=BANK_MATCH)


@transaction.atomic
def recount_bank_matches(which: Q) -> None:
    """Make signals and factors true again for all items with matches that *which* names.

    Named by its path in ``settings.ON_ENTRIES_CHANGED``: called in the transaction that changes entries or a bank. The
    first items follow in it, the others by jobs: a bank that has matched thousands must not hold up who changes it.
    What a page shows of a match needs no recount: it asks entry and bank.
    """
    matched = Item.objects.filter(pk__in=BankMatch.objects.filter(which).values("item")).order_by(
        "case_id", "pk"
    )
    items = list(matched.values_list("public_id", flat=True))
    recount_items(items[:RECOUNTED_AT_ONCE])
    for first in range(RECOUNTED_AT_ONCE, len(items), RECOUNTED_AT_ONCE):
        some = [str(public_id) for public_id in items[first : first + RECOUNTED_AT_ONCE]]
        add_job("evidence.recount", key=f"recount:{uuid.uuid4()}", args={"items": some})


@transaction.atomic
def recount_items(items: Sequence[uuid.UUID | str]) -> None:
    """Make signals and factors true again for the items with these public ids."""
    take_turn()
    mine = Item.objects.filter(public_id__in=items)
    # Cases first, in their order: whoever restricts one holds it and comes to the signals afterwards.
    cases = list(Case.objects.select_for_update().filter(pk__in=mine.values("case")).order_by("pk"))
    for item in mine.order_by("case_id", "pk").select_related("case"):
        _refresh(item)
    for case in cases:
        note_known_matches(case, {case: countable(case)})
        asked = BankMatch.objects.filter(item__case=case).standing()
        if asked.filter(entry__bank__on_match=Bank.OnMatch.RESTRICT).exists():
            restrict_case(case, actor=None, why=BANK_MATCH)


def refresh_signals(case: Case, which: Q) -> None:
    """Write the signals anew of all items with matches that *which* names, because *case* was restricted or freed."""
    items = Item.objects.filter(pk__in=BankMatch.objects.filter(which).values("item"))
    for item in items.order_by("case_id", "pk"):
        write_signal(item, because_of=case)


def write_signal(
    item: Item,
    looked: dict[str, Any] | None = None,
    *,
    one_bank: bool = False,
    because_of: Case | None = None,
    assess: bool = True,
) -> None:
    """Write the signal ``banks`` of *item* from its matches, and assess the item anew unless *assess* is False.

    *looked* says how far the question got, None that nothing was asked now. A question to *one_bank* that got through
    says nothing of what the others left open.
    """
    # Before the signal's row: whoever restricts a case holds the case and comes to the signals afterwards.
    item.case = Case.objects.select_for_update().get(pk=item.case_id)
    known = _looked_before(item) if looked is None or one_bank else {}
    if looked is None or (one_bank and known):
        looked = known | ({"banks": max(known["banks"], looked["banks"])} if looked and known else {})
    if not looked:
        return
    rows = BankMatch.objects.for_case(item.case).filter(item=item).standing()
    matches = list(rows.select_related("entry__bank").order_by("distance", "pk"))
    said = _signal(matches, looked)
    SignalRecord.objects.bulk_create(
        [SignalRecord(item=item, name=BANKS, **said)],
        update_conflicts=True,
        unique_fields=["item", "name"],
        update_fields=list(said),
    )
    if assess:
        assess_again(item, because_of=because_of)


def _looked_before(item: Item) -> dict[str, Any]:
    before = SignalRecord.objects.filter(item=item, name=BANKS).first()
    return dict(before.data["looked"]) if before else {}


def _refresh(item: Item) -> None:
    """Write the signal, and say on the case's timeline which matches ended or are back."""
    before = SignalRecord.objects.filter(item=item, name=BANKS).first()
    was = {match["match"] for match in before.data.get("matches", [])} if before else set()
    write_signal(item)
    after = SignalRecord.objects.filter(item=item, name=BANKS).first()
    now = {match["match"] for match in after.data.get("matches", [])} if after else set()
    for verb, changed in ((Verb.EVIDENCE_MATCH_ENDED, was - now), (Verb.EVIDENCE_MATCHED, now - was)):
        if changed:
            rows = list(BankMatch.objects.filter(public_id__in=changed).select_related("entry__bank"))
            _record(verb, item, rows, case=item.case, again=verb == Verb.EVIDENCE_MATCHED)


def _row(item: Item, one: Found, frames: Sequence[Any], *, retroactive: bool) -> dict[str, Any]:
    frame = frames[one.frame] if one.frame is not None and one.frame < len(frames) else None
    return {
        "item": item, "frame": frame, "entry_id": one.entry, "algorithm": one.algorithm, "distance": one.distance,
        "threshold": one.threshold, "quality": one.quality, "entry_quality": one.entry_quality,
        "version": one.version[:60], "entry_version": one.entry_version, "turned": one.turned,
        "query_share": one.query_share, "clip_share": one.clip_share,
        "opinion_distance": one.opinion.distance if one.opinion else None,
        "opinion_threshold": one.opinion.threshold if one.opinion else None, "retroactive": retroactive,
    }  # fmt: skip


def _looked(matching: Matching) -> dict[str, Any]:
    return {
        "ran": matching.ran,
        "why_not": matching.why_not,
        "broken": matching.broken,
        "not_near": matching.not_near,
        "banks": matching.banks,
    }


def _tell(item: Item, kept: Sequence[BankMatch], *, retroactive: bool) -> None:
    """One entry for all new matches of an item; what comes from a restricted case is told on that case's timeline."""
    rows = BankMatch.objects.filter(pk__in=[match.pk for match in kept]).select_related("entry__bank")
    shown = list(rows.for_case(item.case).order_by("pk"))
    if shown:
        _record(Verb.EVIDENCE_MATCHED, item, shown, case=item.case, retroactive=retroactive)
    for match in rows.exclude(pk__in=[match.pk for match in shown]):
        assert match.entry.origin_item is not None  # it is hidden because of the case of that item
        origin = Item.objects.select_related("case").get(public_id=match.entry.origin_item)
        _record(Verb.EVIDENCE_MATCHED, item, [match], case=origin.case, retroactive=retroactive)


def _record(verb: Verb, item: Item, matches: Sequence[BankMatch], *, case: Case, **more: Any) -> None:
    record(
        verb, actor=None, subject=item, case=case, item=item.public_id, count=len(matches),
        matches=[
            {
                "bank": match.entry.bank.public_id,
                "entry": match.entry.public_id,
                "algorithm": match.algorithm,
                "distance": match.distance,
                "threshold": match.threshold,
            }
            for match in matches[:50]
        ],
        personal={"banks": ", ".join(sorted({match.entry.bank.name for match in matches}))}, **more,
    )  # fmt: skip


def _signal(matches: Sequence[BankMatch], looked: dict[str, Any]) -> dict[str, Any]:
    """The fields of the signal. "Did not run" is a state of its own and never reads as "not found"."""
    status, sentence = _answer(bool(matches), looked)
    return {
        "version": _VERSION,
        "status": status,
        "strength": _strength(matches),
        "sentence": sentence,
        "reason": (looked["why_not"] or looked["not_near"])[:500],
        "data": {
            "matches": [
                {
                    "match": str(match.public_id),
                    "algorithm": match.algorithm,
                    "distance": match.distance,
                    "threshold": match.threshold,
                    "exact": match.is_exact,
                }
                for match in matches[:50]
            ],
            "looked": looked,
        },
    }


def _answer(found: bool, looked: dict[str, Any]) -> tuple[str, str]:
    if found:
        return "found", _("The file is in a bank of known hashes.")
    if looked["broken"]:
        return "failed", _("Matching with the banks did not run.")
    if not looked["ran"]:
        return "not_checked", _("Matching with the banks did not run.")
    if not looked["banks"]:
        return "not_applicable", _("No bank of known hashes is in use here.")
    if looked["not_near"]:
        return "not_checked", _("No bank holds this very file; near copies were not looked for.")
    return "not_found", _("No bank holds this file or a near copy of it.")


def _strength(matches: Sequence[BankMatch]) -> str:
    """Exact is definitive; a near match that a second opinion contradicts, alone, is weak."""
    if not matches:
        return ""
    if any(match.is_exact for match in matches):
        return "definitive"
    return "strong" if any(match.is_agreed for match in matches) else "weak"
