"""Tracing a copy that turned up outside: asked for, compared piece by piece, finished with an answer.

Both ends are entries of the log, with the digest of the copy. Neither names a case: a line on its timeline would warn
whoever is being looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.evidence.models import Blob, Item, Mark, Trace
from casework.jobs.actions import Start, add_job, confirm_start

from .staging import SealedUpload, keep_staged, remove_blobs

#: A copy that no worker has read by then is removed.
KEPT_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a finished trace says. ``chance``: at most so likely is a wrong name, over everything compared."""

    verdict: str
    mark: Mark | None = None
    item: Item | None = None
    chance: float | None = None
    score: float | None = None
    reason: str = ""


@transaction.atomic
def ask_to_trace(upload: SealedUpload, *, actor: User) -> Trace:
    """Have a worker find out where a staged copy comes from. Raises UploadGone."""
    trace = _begin(upload.sha256, actor)
    keep_staged([upload], owner=trace.public_id, until=timezone.now() + KEPT_FOR)
    Trace.objects.filter(pk=trace.pk).update(copy=upload.blob)
    add_job("evidence.trace", key=f"trace:{trace.public_id}:0", args={"trace": str(trace.public_id)})
    trace.refresh_from_db()
    return trace


@transaction.atomic
def begin_trace(sha256: str, *, actor: User | None, operator: str) -> Trace:
    """A trace from the command line, whose file (digest *sha256*) stays where it is. *operator*: the account there."""
    return _begin(sha256, actor, operator=operator)


def _begin(sha256: str, actor: User | None, **personal: str) -> Trace:
    newest = Mark.objects.aggregate(newest=Max("pk"))["newest"] or 0
    trace = Trace.objects.create(person=actor, sha256=sha256, newest_mark=newest)
    record(
        Verb.EVIDENCE_TRACE_ASKED, actor=actor, subject=trace, trace=trace.public_id, sha256=sha256,
        personal=personal,
    )  # fmt: skip
    return trace


def note_compared(trace: Trace) -> None:
    """Keep how far the comparison is, for the page and for the next start: progress is no event of the log.

    A worker that was thought dead changes nothing of an answer that another gave since.
    """
    Trace.objects.filter(pk=trace.pk, finished_at__isnull=True).update(
        candidates=trace.candidates, compared=trace.compared, unread=trace.unread, item=trace.item
    )


@transaction.atomic
def go_on_tracing(trace: Trace, *, start: Start) -> None:
    """Let the next job compare what is left."""
    confirm_start(start)
    note_compared(trace)
    key = f"trace:{trace.public_id}:{trace.compared}"
    add_job("evidence.trace", key=key, args={"trace": str(trace.public_id)})


@transaction.atomic
def finish_trace(trace: Trace, answer: Answer, *, start: Start | None = None) -> bool:
    """Keep the answer and remove the copy; False when it was finished already. Raises LostLease."""
    if start is not None:
        confirm_start(start)
    written = Trace.objects.filter(pk=trace.pk, finished_at__isnull=True).update(
        finished_at=Now(), verdict=answer.verdict, mark=answer.mark, item=answer.item, chance=answer.chance,
        score=answer.score, reason=answer.reason[:500], candidates=trace.candidates, compared=trace.compared,
        unread=trace.unread,
    )  # fmt: skip
    if not written:
        return False
    trace.refresh_from_db()
    data: dict[str, Any] = {"compared": trace.compared, "candidates": trace.candidates or 0}
    if answer.mark is not None:
        data["mark"] = answer.mark.public_id
    record(
        Verb.EVIDENCE_TRACED, actor=trace.person, subject=trace, trace=trace.public_id, sha256=trace.sha256,
        verdict=answer.verdict, **data,
    )  # fmt: skip
    remove_blobs(Blob.objects.filter(trace=trace), why="traced")
    return True


@transaction.atomic
def leave_untraced(trace: str, *, reason: str) -> None:
    """What the ledger calls when tracing (a public id) was stopped for good; *reason* is its sentence."""
    stopped = _("The copy ended the program that opened it three times. It was not compared.")
    finish_trace(Trace.objects.get(public_id=trace), Answer(Trace.Verdict.UNOPENED, reason=stopped))
