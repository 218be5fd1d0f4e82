"""Assessing open cases again: asked for by a person, done by a worker in steps, with progress that survives a crash."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.conflicts import Conflict
from casework.jobs.actions import add_job
from casework.scoring.models import Reassessment


class AlreadyWalking(Conflict):
    """Open cases are being assessed again already."""

    def __init__(self) -> None:
        super().__init__(_("Open cases are being assessed again already. Nothing was started twice."))


@transaction.atomic
def ask_to_assess_again(*, actor: User) -> Reassessment:
    """Have every item of an open case assessed anew with what is in force now. Raises AlreadyWalking."""
    try:
        with transaction.atomic():
            asked = Reassessment.objects.create(asked_by=actor)
    except IntegrityError as error:
        raise AlreadyWalking from error
    record(Verb.REASSESSMENT_ASKED, actor=actor, subject=asked, reassessment=asked.public_id)
    add_step(asked)
    return asked


def add_step(walk: Reassessment) -> None:
    """Add the job of the next step, once for each place that the walk has reached."""
    add_job(
        "evidence.assess_again",
        key=f"assess_again:{walk.public_id}:{walk.reached}",
        args={"reassessment": str(walk.public_id)},
    )


@transaction.atomic
def begin_walk(walk: Reassessment, *, total: int) -> None:
    """Note how many items the walk will pass; a walk that was begun keeps its number."""
    Reassessment.objects.filter(pk=walk.pk, total__isnull=True).update(total=total)
    walk.refresh_from_db()


@transaction.atomic
def note_progress(walk: Reassessment, *, reached: int, changed: bool) -> bool:
    """Note that the item with the primary key *reached* is done; False when another worker was there before."""
    moved = Reassessment.objects.filter(pk=walk.pk, reached__lt=reached).update(
        reached=reached, done=F("done") + 1, changed=F("changed") + int(changed)
    )
    walk.refresh_from_db()
    return bool(moved)


@transaction.atomic
def leave_walk(reassessment: str, *, reason: str) -> None:
    """What the ledger calls when a step of the walk with this public id was stopped for good; another may begin."""
    finish_walk(Reassessment.objects.get(public_id=reassessment), stopped=True)


@transaction.atomic
def finish_walk(walk: Reassessment, *, stopped: bool = False) -> None:
    """Nothing is left to do, or it was given up. Doing it twice changes nothing."""
    open_still = Reassessment.objects.filter(pk=walk.pk, finished_at__isnull=True)
    if open_still.update(finished_at=Now(), stopped=stopped):
        walk.refresh_from_db()
        record(
            Verb.REASSESSMENT_FINISHED, actor=None, subject=walk, reassessment=walk.public_id, done=walk.done,
            changed=walk.changed, stopped=stopped,
        )  # fmt: skip
