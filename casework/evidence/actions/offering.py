"""What people do with hashes: put those of a case that was decided into an own bank, and judge matches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.actions import Conflict
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Case, Outcome
from casework.evidence.models import BankMatch, Item, PerceptualHash
from casework.hashbanks import actions as banks
from casework.hashbanks.models import Bank, Entry, Verdict
from casework.hashbanks.values import NewEntry


class NotOffered(Conflict):
    """The hashes of this case may not go into this bank; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What became of the hashes of a case: how many are new in the bank, how many it had, and how many pictures have
    too little detail for a perceptual hash."""

    added: int
    known: int
    flat: int


def open_to_offers(case: Case) -> QuerySet[Bank]:
    """The banks that the hashes of *case* may go into: of what may show somebody under 18 only those that restrict."""
    own = Bank.objects.filter(source=Bank.Source.OWN, active=True)
    return own.filter(on_match=Bank.OnMatch.RESTRICT) if case.restricted else own


@transaction.atomic
def offer_hashes(case: Case, bank: Bank, *, actor: User, items: Collection[int] | None = None) -> Offered:
    """Put the hashes of every item of *case*, or of those with the keys *items*, into an own bank, once each.
    Raises NotOffered.

    Only while the decision that stands is to remove: nothing gets into a bank that nobody decided.
    """
    banks.hold_entries()
    locked = Case.objects.select_for_update().get(pk=case.pk)
    decision = standing_decision(locked)
    if decision is None or decision.outcome != Outcome.REMOVE:
        raise NotOffered(_("Only what was decided to be removed may go into a bank. Nothing was added."))
    if not open_to_offers(locked).filter(pk=bank.pk).exists():
        raise NotOffered(_("This bank does not take hashes of this case. Nothing was added."))
    origin = _("decided here on %(day)s") % {"day": date_format(timezone.localdate(decision.decided_at))}
    before, flat = banks.last_change(), 0
    entries: list[NewEntry] = []
    chosen = Item.objects.filter(case=locked)
    for item in chosen if items is None else chosen.filter(pk__in=items):
        found, too_flat = _entries(item, bank, origin)
        entries += found
        flat += too_flat
    kept = banks.keep_entries(bank, entries, revive=True)
    record(
        Verb.EVIDENCE_OFFERED, actor=actor, subject=bank, case=locked, bank=bank.public_id,
        decision=decision.public_id, added=kept.added + kept.revived, known=kept.known, flat=flat,
        personal={"bank": bank.name},
    )  # fmt: skip
    banks.ask_sweep(bank, since=before, upto=banks.last_change())
    return Offered(kept.added + kept.revived, kept.known, flat)


@transaction.atomic
def judge_match(match: BankMatch, verdict: Verdict, *, actor: User) -> bool:
    """Keep what *actor* says of a match; False when they said the same before."""
    said = banks.judge_entry(match.entry, verdict, actor=actor, item=match.item.public_id)
    if said is None:
        return False
    record(
        Verb.EVIDENCE_MATCH_JUDGED, actor=actor, subject=match.item, case=match.item.case, item=match.item.public_id,
        bank=match.entry.bank.public_id, entry=match.entry.public_id, verdict=verdict.value,
    )  # fmt: skip
    return True


def _entries(item: Item, bank: Bank, origin: str) -> tuple[list[NewEntry], int]:
    """The hashes of one item as entries, and whether (0 or 1) its picture has too little detail for PDQ.

    The frames of a film make one clip, named after the item, so that offering twice adds nothing.
    """
    stored = list(PerceptualHash.objects.filter(item=item).select_related("frame").order_by("pk"))
    frames = [row for row in stored if row.frame is not None and row.algorithm == Entry.Signal.PDQ]
    whole = [
        row for row in stored if row.frame is None and row.algorithm in (Entry.Signal.PDQ, Entry.Signal.PHASH)
    ]
    new = partial(NewEntry, origin=origin, origin_ref=str(item.public_id), origin_item=item.public_id)
    md5 = Entry.Signal.VIDEO_MD5 if frames else Entry.Signal.MD5
    entries = [
        new(Entry.Signal.SHA256, bytes.fromhex(item.sha256)),
        new(md5, bytes.fromhex(item.md5)),
    ]
    good = [row for row in [*whole, *frames] if row.quality is None or row.quality >= bank.pdq_quality]
    if not any(row.algorithm == Entry.Signal.PDQ for row in good):
        good = []  # a pHash alone is never matched
    for row in good:
        value, version = bytes(row.value), row.version
        if row.frame is None:
            entries.append(new(row.algorithm, value, row.quality, version))
        else:
            entries.append(
                new(row.algorithm, value, row.quality, version, item.public_id, row.frame.at_seconds)
            )
    return entries, int(bool(whole or frames) and not good)
