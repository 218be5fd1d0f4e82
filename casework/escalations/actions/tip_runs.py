"""What a worker writes while it carries a report to NCMEC on: each step and each call in a transaction of its own."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.audit.log import Verb
from casework.cases.actions.holds import place_hold
from casework.cases.models import LegalHold
from casework.escalations.cybertip.client import Client, Server, Upload, Uploaded
from casework.escalations.cybertip.errors import CyberTipError, TryAgain
from casework.escalations.cybertip.flow import preserve_until
from casework.escalations.cybertip.progress import Mark, Stage, State, Superseded
from casework.escalations.models import Escalation, Tip, TipCall
from casework.escalations.models import State as EscalationState
from casework.jobs.actions import Start, confirm_start

from .moving import acknowledge, give_back, note, note_delivered, note_sent
from .tips import GIVE_UP_AFTER, call_off, next_run, note_lost, stop

DELIVERED_BY = "cybertip"
#: Seconds between two tries by themselves: as long again as it has been failing, between these. NCMEC forgets an open
#: report an hour after its last change, so waiting longer would only mean to send all of it once more.
_SHORTEST, _LONGEST = 30.0, 3600.0


class InRow:
    """``cybertip.progress.Progress`` on a ``Tip``: a compare-and-set of its version, with the entry of what it is."""

    def __init__(self, tip: Tip) -> None:
        self.tip, self.pk = tip, tip.pk

    def load(self) -> State:
        """What was saved last."""
        stored = Tip.objects.values_list("progress", flat=True).get(pk=self.pk)
        return State.from_json(stored) if stored else State()

    @transaction.atomic
    def save(self, was: State, now: State) -> None:
        """Store *now* if *was*'s version still stands, together with what follows from it. Raises ``Superseded``."""
        Escalation.objects.select_for_update(of=("self",)).get(tip=self.pk)  # before its tip, as everywhere
        stored = Tip.objects.filter(pk=self.pk, progress_version=was.version)
        if not stored.update(
            progress=now.to_json(),
            progress_version=now.version,
            report_id=now.report_id,
            finished_at=now.finished_at,
        ):
            raise Superseded
        self.tip.progress_version = now.version  # what the calls that follow belong to
        tip = Tip.objects.select_related("escalation__case", "escalation__partner").get(pk=self.pk)
        _tell(tip, was, now)
        if now.stage is Stage.FINISHING and was.stage is not Stage.FINISHING:
            _still_wanted(tip.escalation)
        if now.stage is Stage.FINISHED:
            _finish(tip, now)


def _tell(tip: Tip, was: State, now: State) -> None:
    """The entries of what came of a call; what is only announced needs none."""
    escalation = tip.escalation
    if now.stage is Stage.OPEN and was.stage is Stage.SUBMITTING:
        note(
            Verb.TIP_OPENED, escalation, actor=None, report_id=now.report_id, environment=tip.environment,
            schema=now.schema,
        )  # fmt: skip
    before = {file.key: file.mark for file in was.files}
    for file in now.files:
        if file.mark is Mark.DESCRIBED and before.get(file.key) is Mark.DESCRIBING:
            note(
                Verb.TIP_FILE_SENT, escalation, actor=None, report_id=now.report_id, item=file.key,
                file_id=file.file_id,
            )  # fmt: skip
    note_lost(escalation, was, now, actor=None)
    for report_id in now.retracted[len(was.retracted) :]:
        note(Verb.TIP_RETRACTED, escalation, actor=None, report_id=report_id, for_good=now.withdrawing)


def _still_wanted(escalation: Escalation) -> None:
    """The last moment to stop: whoever withdrew the escalation meanwhile has the report taken back."""
    if escalation.state != EscalationState.APPROVED:
        raise Superseded


def _finish(tip: Tip, now: State) -> None:
    escalation = tip.escalation
    note(
        Verb.TIP_FINISHED, escalation, actor=None, report_id=now.report_id, environment=tip.environment,
        files=len(now.files), listed=None if now.listed is None else len(now.listed), unanswered=now.unanswered,
    )  # fmt: skip
    note_sent(escalation, actor=None)
    note_delivered(escalation, how=DELIVERED_BY)
    acknowledge(escalation, actor=None, reference=str(now.report_id))  # NCMEC answers with what it took
    if tip.environment == "production" and now.finished_at is not None:
        place_hold(
            escalation.case, actor=None, why=LegalHold.Why.CYBERTIP, until=preserve_until(now.finished_at),
            reference=str(now.report_id),
        )  # fmt: skip


# --- calls ---------------------------------------------------------------------------------------------------


class OnRecord:
    """``flow.Service``: each call is a row before it leaves and is completed after; one without an end was cut off."""

    def __init__(self, tip: Tip, client: Client) -> None:
        self.tip, self.client = tip, client

    @property
    def server(self) -> Server:
        """As the client's."""
        return self.client.server

    def xsd(self) -> bytes:
        """As the client's. The answer kept is the digest of what came."""
        call = self._begin("xsd")
        with _Ending(call):
            schema = self.client.xsd()
        _end(call, "0", answer=hashlib.sha256(schema).hexdigest())
        return schema

    def submit(self, report: bytes) -> int:
        """As the client's. What follows depends on the id that its row keeps (``tips.recalled``)."""
        call = self._begin("submit")
        with _Ending(call):
            report_id = self.client.submit(report)
        _end(call, "0", answer=str(report_id))
        return report_id

    def upload(self, report_id: int, upload: Upload) -> Uploaded:
        """As the client's."""
        call = self._begin("upload")
        with _Ending(call):
            uploaded = self.client.upload(report_id, upload)
        _end(call, "0" if uploaded.intact else "damaged", answer=uploaded.file_id)
        return uploaded

    def describe(self, details: bytes) -> None:
        """As the client's."""
        call = self._begin("fileinfo")
        with _Ending(call):
            self.client.describe(details)
        _end(call, "0")

    def finish(self, report_id: int) -> tuple[str, ...]:
        """As the client's."""
        call = self._begin("finish")
        with _Ending(call):
            listed = self.client.finish(report_id)
        _end(call, "0", answer=" ".join(listed))
        return listed

    def retract(self, report_id: int) -> None:
        """As the client's."""
        call = self._begin("retract")
        with _Ending(call):
            self.client.retract(report_id)
        _end(call, "0", answer=str(report_id))

    def _begin(self, what: str) -> TipCall:
        return TipCall.objects.create(tip=self.tip, what=what, at_version=self.tip.progress_version)


class _Ending:
    """What a call raised is on its row before it goes on its way."""

    def __init__(self, call: TipCall) -> None:
        self.call = call

    def __enter__(self) -> None:
        """Nothing yet."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, CyberTipError):
            _end(self.call, code_of(error), sentence=error.sentence, request_id=error.request_id)


def _end(call: TipCall, code: str, *, sentence: str = "", request_id: str = "", answer: str = "") -> None:
    TipCall.objects.filter(pk=call.pk).update(
        ended_at=Now(), code=code, sentence=str(sentence)[:500], request_id=request_id[:200], answer=answer
    )


def code_of(error: CyberTipError) -> str:
    """NCMEC's code, or ours of what went wrong before it said one."""
    return str(error.code) if error.code is not None else type(error).__name__.lower()


# --- runs ---------------------------------------------------------------------------------------------------


@transaction.atomic
def begin_run(tip: str, number: int, *, start: Start) -> Tip | None:
    """The tip, if run *number* is its newest and something is left to do. Calls of dead runs are given an end."""
    confirm_start(start)
    found = _locked(tip)
    if found.runs != number or (found.progress and State.from_json(found.progress).ended):
        return None
    said = _(
        "The worker ended during this call. Whether NCMEC carried it out is not known; that is sorted out first."
    )
    TipCall.objects.filter(tip=found, ended_at__isnull=True).update(
        ended_at=Now(), code="interrupted", sentence=said
    )
    return found


@transaction.atomic
def end_run(tip: Tip, number: int, *, start: Start) -> None:
    """A run came to its end or has had its time; what is left goes to the next one."""
    confirm_start(start)
    found = _locked(str(tip.public_id))
    if found.runs != number:
        return
    if found.progress and State.from_json(found.progress).ended:
        Tip.objects.filter(pk=found.pk).update(next_try_at=None, failure_code="", failure="")
    else:
        next_run(found, after=0.0)


@transaction.atomic
def put_off(tip: Tip, number: int, error: TryAgain, *, start: Start) -> None:
    """Try again later by itself, as long as the 72 hours last; then a person looks."""
    confirm_start(start)
    found = _locked(str(tip.public_id))
    if found.runs != number or found.give_up_at is None:
        return
    now = timezone.now()
    failing = (now - (found.give_up_at - GIVE_UP_AFTER)).total_seconds()
    wait = max(error.retry_after or 0.0, min(max(failing, _SHORTEST), _LONGEST))
    if now + timedelta(seconds=wait) >= found.give_up_at:
        said = _("Given up after 72 hours: %(why)s") % {"why": error.sentence}
        stop(found, code_of(error), said, request_id=error.request_id)
        return
    Tip.objects.filter(pk=found.pk).update(failure_code=code_of(error), failure=error.sentence[:500])
    note(
        Verb.TIP_FAILED, found.escalation, actor=None, code=code_of(error), number=number,
        request_id=error.request_id, again_in=round(wait),
    )  # fmt: skip
    next_run(found, after=wait)


@transaction.atomic
def stop_run(tip: Tip, number: int, code: str, sentence: str, *, start: Start, request_id: str = "") -> None:
    """Trying again would not help: a person looks."""
    confirm_start(start)
    found = _locked(str(tip.public_id))
    if found.runs == number:
        stop(found, code, sentence, request_id=request_id)


@transaction.atomic
def return_run(tip: Tip, number: int, code: str, sentence: str, *, start: Start) -> None:
    """What was approved can't leave: it goes back to its author, and what is open at NCMEC is taken back."""
    confirm_start(start)
    rows = Escalation.objects.select_for_update(of=("self",)).select_related("case", "partner__organisation")
    escalation = rows.get(pk=tip.escalation_id)
    if _locked(str(tip.public_id)).runs != number or escalation.state != EscalationState.APPROVED:
        return
    call_off(escalation, actor=None)
    give_back(escalation, code=code, words=sentence)


def _locked(tip: str) -> Tip:
    found: Any = Tip.objects.select_for_update(of=("self",)).select_related(
        "escalation__case", "escalation__partner"
    )
    locked: Tip = found.get(public_id=tip)
    return locked
