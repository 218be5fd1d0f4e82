"""Reports to the CyberTipline, the desk's side: filled in, let go, tried again, called off. Workers do the rest.

``tip_runs`` is what a worker writes; ``problems`` and ``content_for_preview`` are read by the rooms beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb
from casework.cases.conflicts import Conflict
from casework.escalations.conflicts import OnlyAuthor, StaleEscalation
from casework.escalations.cybertip.progress import Stage
from casework.escalations.cybertip.progress import State as Progress
from casework.escalations.models import Escalation, State, Tip, TipCall
from casework.escalations.tip_wording import content_for_preview
from casework.escalations.tipping import problems
from casework.jobs.actions import add_job

from .moving import UNAGREED, change, lock, note

__all__ = [
    "HandedIn",
    "StillOpen",
    "call_off",
    "content_for_preview",
    "describe_tip",
    "leave_run",
    "note_lost",
    "note_xml_read",
    "problems",
    "recalled",
    "start_tip",
    "try_again",
]

JOB = "escalations.tip"
#: What fails is tried again for so long by itself; then a person looks.
GIVE_UP_AFTER = timedelta(hours=72)


class HandedIn(Conflict):
    """The report is with NCMEC for good."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The report was handed in to NCMEC, or is being handed in now, and can't be taken back. Tell NCMEC."
            )
        )


class StillOpen(Conflict):
    """An earlier report of the same escalation is not yet taken back."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The earlier report is still being taken back at NCMEC. Nothing was sent; try again when that is done."
            )
        )


@transaction.atomic
def describe_tip(escalation: Escalation, *, actor: User, version: int, content: Mapping[str, Any]) -> Tip:
    """Keep what only a person knows; whatever was previewed or agreed to before is void.

    *content* is as ``TipForm.content`` makes it. Raises ``NotThere``, ``OnlyAuthor`` and ``StaleEscalation``.
    """
    lock(escalation, actor)
    if escalation.version != version or escalation.state not in (State.DRAFT, State.RETURNED):
        raise StaleEscalation
    if escalation.drafted_by_id != actor.pk:
        raise OnlyAuthor
    tip, _made = Tip.objects.get_or_create(escalation=escalation)
    tip.content = dict(content)
    tip.save(update_fields=["content"])
    was = escalation.state
    change(escalation, **{**UNAGREED, "state": State.DRAFT, "version": version + 1})
    note(
        Verb.TIP_DESCRIBED, escalation, actor=actor, version=escalation.version, was=was, now=State.DRAFT.value,
        incident=content["kind"], annotations=list(content.get("annotations", ())),
    )  # fmt: skip
    return tip


@transaction.atomic
def start_tip(escalation: Escalation, *, actor: User) -> Tip:
    """Let the report go, inside the transaction that approves it; started twice it is started once.

    Raises ``StillOpen`` while an earlier report of this escalation is being taken back.
    """
    Tip.objects.get_or_create(escalation=escalation)
    tip = Tip.objects.select_for_update().get(escalation=escalation)
    before = Progress.from_json(tip.progress) if tip.progress else Progress()
    if tip.started_at is not None and not before.ended:
        if before.withdrawing:
            raise StillOpen
        return tip
    fresh = Progress(
        version=tip.progress_version + 1, retracted=before.retracted, unanswered=before.unanswered
    )
    tip.progress, tip.progress_version, tip.report_id = fresh.to_json(), fresh.version, None
    tip.environment, tip.started_at = settings.CYBERTIP_ENVIRONMENT, Now()
    tip.failure_code, tip.failure = "", ""
    tip.save()
    note(Verb.TIP_STARTED, escalation, actor=actor, environment=tip.environment)
    next_run(tip, after=0.0, whole_time=True)
    return tip


@transaction.atomic
def try_again(escalation: Escalation, *, actor: User) -> bool:
    """Go on at once, and for another 72 hours, with a report that failed; false when none did."""
    lock(escalation, actor)
    tip = Tip.objects.select_for_update().filter(escalation=escalation).exclude(failure_code="").first()
    if tip is None:
        return False
    note(Verb.TIP_RETRIED, escalation, actor=actor, was=tip.failure_code)
    tip.failure_code, tip.failure = "", ""
    tip.save(update_fields=["failure_code", "failure"])
    next_run(tip, after=0.0, whole_time=True)
    return True


@transaction.atomic
def call_off(escalation: Escalation, *, actor: User | None) -> None:
    """Take the report back, in the transaction that withdraws or returns the escalation. Raises ``HandedIn``.

    What is open at NCMEC is taken back by a worker; one that is in the middle of it stops before its next call.
    """
    tip = Tip.objects.select_for_update().filter(escalation=escalation, started_at__isnull=False).first()
    if tip is None:
        return
    was = recalled(tip, Progress.from_json(tip.progress) if tip.progress else Progress())
    if was.handed_in:
        raise HandedIn
    if was.ended:
        return
    now = was.called_off()
    tip.progress_version = was.version + 1
    tip.progress, tip.report_id = now.to_json() | {"version": tip.progress_version}, now.report_id
    tip.failure_code, tip.failure = "", ""
    tip.save(update_fields=["progress", "progress_version", "report_id", "failure_code", "failure"])
    note(Verb.TIP_CALLED_OFF, escalation, actor=actor, open=now.report_id is not None)
    note_lost(escalation, was, now, actor=actor)
    if not now.ended:
        next_run(tip, after=0.0, whole_time=True)


@transaction.atomic
def note_xml_read(escalation: Escalation, *, actor: User) -> None:
    """Somebody read the report as it would be sent."""
    note(Verb.TIP_XML_READ, escalation, actor=actor, version=escalation.version)


def recalled(tip: Tip, stored: Progress) -> Progress:
    """*stored* with the id of the report that NCMEC opened, where its answer got to its call's row and no further.

    The row carries the version of the write that announced it, so an answer to an earlier submission is never taken.
    """
    if stored.stage is not Stage.SUBMITTING:
        return stored
    answered = TipCall.objects.filter(tip=tip.pk, what="submit", code="0", at_version=stored.version)
    call = answered.order_by("-pk").first()
    return stored if call is None else replace(stored, stage=Stage.OPEN, report_id=int(call.answer))


def note_lost(escalation: Escalation, was: Progress, now: Progress, *, actor: User | None) -> None:
    """The entry for a submission whose answer is lost for good: a report may stand open there that nobody finishes."""
    if now.unanswered > was.unanswered:
        note(Verb.TIP_ANSWER_LOST, escalation, actor=actor, unanswered=now.unanswered)


def next_run(tip: Tip, *, after: float, whole_time: bool = False) -> None:
    """Put the next run into the ledger, *after* seconds from now; *whole_time* begins the 72 hours anew.

    Inside the caller's transaction, with the row locked: a run that is not the newest does nothing.
    """
    times = {"next_try_at": Now() + timedelta(seconds=after)}
    if whole_time:
        times["give_up_at"] = Now() + GIVE_UP_AFTER
    tip.runs += 1
    Tip.objects.filter(pk=tip.pk).update(runs=tip.runs, **times)
    add_job(
        JOB,
        key=f"tip:{tip.public_id}:{tip.runs}",
        args={"tip": str(tip.public_id), "number": tip.runs},
        after=after,
    )


@transaction.atomic
def leave_run(tip: str, number: int, *, reason: str) -> None:
    """The ledger stopped this run for good; *reason* is its sentence. A person looks."""
    found = Tip.objects.select_for_update(of=("self",)).select_related("escalation").get(public_id=tip)
    if found.runs == number:
        stop(found, "stopped", reason)


def stop(tip: Tip, code: str, sentence: str, *, request_id: str = "") -> None:
    """Wait for a person: *code* for programs, *sentence* for people. With the row locked."""
    Tip.objects.filter(pk=tip.pk).update(failure_code=code[:40], failure=sentence[:500], next_try_at=None)
    note(Verb.TIP_FAILED, tip.escalation, actor=None, code=code, number=tip.runs, request_id=request_id)
