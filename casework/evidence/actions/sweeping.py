"""Steps of work in the background on banks: a page of items compared, a list handed in, read and put away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from casework.accounts.models import User
from casework.cases.actions import note_known_matches
from casework.cases.models import Case
from casework.evidence.known import countable
from casework.evidence.models import Blob, Item, Wrap
from casework.evidence.sealing import seal
from casework.hashbanks import actions as banks
from casework.hashbanks.actions.imports import Handed, next_page
from casework.hashbanks.actions.sweeps import next_step
from casework.hashbanks.matches import Matching
from casework.hashbanks.models import Bank, ListImport, Sweep
from casework.jobs.actions import Start, confirm_start

from .matching import keep_matches, match_if_changed, restrict_if_asked, take_turn_if_asked
from .staging import SealedUpload, discard_staged_of, keep_staged, stage_blob

#: A list that no worker could read in this time is removed.
LIST_KEPT_FOR = timedelta(days=7)


@transaction.atomic
def record_matching(item: Item, answer: Matching, *, start: Start) -> None:
    """Keep what all banks say now of an item that was examined before. Raises LostLease."""
    newest = banks.share_entries()
    take_turn_if_asked([answer])
    confirm_start(start)
    locked = _locked(item)
    kept = keep_matches(locked, answer)
    note_known_matches(locked.case, {locked.case: countable(locked.case)})
    match_if_changed(locked, answer, newest=newest)
    restrict_if_asked(locked, kept)


@transaction.atomic
def begin_sweep(sweep: Sweep, *, start: Start) -> None:
    """Note that a worker has begun a run, and how many items there are. Raises LostLease."""
    confirm_start(start)
    banks.begin_sweep(sweep, total=Item.objects.count())


@transaction.atomic
def record_sweep_page(sweep: Sweep, page: Sequence[tuple[Item, Matching]], *, start: Start) -> None:
    """Keep what new entries match in a page of items, each hit as an event on its case, and move the checkpoint.

    Raises LostLease; then nothing of the page is kept, and whoever has the run now does it.
    """
    take_turn_if_asked(answer for _item, answer in page)
    confirm_start(start)
    hits = {True: 0, False: 0}
    # All cases first, in their order, as ``recount_items``: pages go by items, whose order is another.
    found = [item.case_id for item, answer in page if answer.found]
    list(Case.objects.select_for_update().filter(pk__in=found).order_by("pk"))
    for item, answer in page:
        if answer.found and keep_late_matches(item, answer):
            hits[Item.objects.values_list("case__restricted", flat=True).get(pk=item.pk)] += 1
    banks.advance_sweep(
        sweep, after=page[-1][0].pk, done=len(page), hits=hits[False], hits_restricted=hits[True]
    )


def keep_late_matches(item: Item, answer: Matching) -> bool:
    """Keep the new matches of one stored item; whether there were any. In the caller's transaction."""
    locked = _locked(item)
    kept = keep_matches(locked, answer, retroactive=True)
    if kept:
        note_known_matches(locked.case, {locked.case: countable(locked.case)})
        restrict_if_asked(locked, kept)
    return bool(kept)


def _locked(item: Item) -> Item:
    """The item, with its case locked: whoever restricts a case holds it first and comes to items and signals then.

    Not the item itself: an examination holds that and asks for the case afterwards.
    """
    case = Case.objects.select_for_update().get(pk=item.case_id)
    found = Item.objects.get(pk=item.pk)
    found.case = case
    return found


@transaction.atomic
def go_on_sweeping(sweep: Sweep, *, start: Start) -> None:
    """Let the next job compare what is left. Raises LostLease."""
    confirm_start(start)
    next_step(sweep)


@transaction.atomic
def end_sweep(sweep: Sweep, *, start: Start) -> None:
    """Note that every item was compared. Raises LostLease."""
    confirm_start(start)
    banks.finish_sweep(sweep)


@transaction.atomic
def hand_in_list(bank: Bank, upload: SealedUpload, *, actor: User) -> ListImport:
    """Have a worker read a staged upload into *bank*. Raises UploadGone."""
    handed = Handed(upload.blob.public_id, upload.name, upload.size, upload.sha256)
    asked = banks.ask_import(bank, handed, actor=actor)
    keep_staged([upload], owner=asked.public_id, until=timezone.now() + LIST_KEPT_FOR)
    return asked


def stage_text(text: str) -> SealedUpload:
    """Lines that somebody pasted, sealed and staged like an uploaded file. Raises NotSealed."""
    sealed = seal(text.encode(), Blob.Kind.ORIGINAL, Wrap.Recipient.VAULT)
    return SealedUpload("", "text/plain", sealed.size, sealed.sha256, sealed.md5, stage_blob(sealed))


@transaction.atomic
def go_on_reading(asked: ListImport, *, start: Start) -> None:
    """Let the next job read what is left of a list. Raises LostLease."""
    confirm_start(start)
    next_page(asked)


@transaction.atomic
def end_list(asked: ListImport, *, start: Start) -> None:
    """Note that a list was read to its end, and remove it. Raises LostLease."""
    banks.finish_import(asked, start=start)
    discard_staged_of(asked.public_id, why="read")


@transaction.atomic
def leave_unread(list_import: str, *, reason: str) -> None:
    """What the ledger calls when a list (the public id of its import) can't be read; *reason* is its sentence."""
    banks.fail_import(list_import, reason=reason)
    discard_staged_of(ListImport.objects.get(public_id=list_import).public_id, why="unread")
