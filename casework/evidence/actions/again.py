"""Examining an item once more: with a model, a bank or a key that was not there the first time.

What is said of the item is replaced in one transaction. The original is read and never touched; preview, rendition and
the frames of a film stay as they were made, because looks and marks point at them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.db import transaction

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.actions import note_known_matches, note_waiting_again, take_turn
from casework.cases.models import Case
from casework.evidence.known import countable
from casework.evidence.models import Item, PerceptualHash, SignalRecord
from casework.hashbanks.actions import share_entries
from casework.hashbanks.matches import Matching
from casework.jobs.actions import Start, add_job, confirm_start

from .assessments import refresh_factors
from .examination import record_examination
from .matching import BANKS

if TYPE_CHECKING:  # the library opens hostile media: at run time only ``tasks`` imports it
    from detection.findings import Examination

#: States of an item that may be examined again. What ended its reader three times is not opened a fourth time.
AGAIN = (Item.State.EXAMINED, Item.State.UNOPENED)


@transaction.atomic
def ask_to_examine_again(item: Item, *, actor: User) -> None:
    """Have a worker examine *item* once more. What comes of it is an entry with *actor*."""
    minute = int(time.time()) // 60  # a button pressed twice asks once
    add_job(
        "evidence.examine_again",
        key=f"examine_again:{item.public_id}:{minute}",
        args={"item": str(item.public_id), "actor": str(actor.public_id)},
    )


@transaction.atomic
def record_examined_again(
    item: Item, examination: Examination, *, actor: User | None, matching: Matching, start: Start
) -> bool:
    """Put what *examination* found in the place of what was said of *item*; False when that may not be.

    An examination that opened nothing replaces nothing: the entry says so. Raises LostLease.
    """
    share_entries()  # before any row is locked, as ``record_examination``
    take_turn()  # what is found anew may be in other cases, or in a bank that restricts
    confirm_start(start)
    # Then the case, before its signals: whoever restricts a case holds it and comes to the signals afterwards.
    case = Case.objects.select_for_update().get(pk=item.case_id)
    locked = Item.objects.select_for_update(of=("self",)).select_related("case").get(pk=item.pk)
    if locked.state not in AGAIN:
        return False
    was = {signal.name: signal.status for signal in locked.signals.all()}
    opened = examination.media is not None
    record(
        Verb.EVIDENCE_EXAMINED_AGAIN, actor=actor, subject=locked, case=case, item=locked.public_id, opened=opened,
        code="" if opened else examination.errors[0].code, was=was, state=locked.state,
    )  # fmt: skip
    if not opened:
        return False
    _forget(locked)
    note_waiting_again(case)
    record_examination(locked, examination, start=start, matching=matching)
    note_known_matches(case, {case: countable(case)})
    refresh_factors(case)
    return True


def _forget(item: Item) -> None:
    """Make room for what is said anew. Matches with banks and the hashes of frames stand."""
    SignalRecord.objects.filter(item=item).exclude(name=BANKS).delete()
    PerceptualHash.objects.filter(item=item, frame__isnull=True).delete()
    Item.objects.filter(pk=item.pk).update(state=Item.State.STORED, reason_code="", reason="")
