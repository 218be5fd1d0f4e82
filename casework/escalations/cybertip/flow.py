"""One report from facts to "finished", carried on after any crash, and finished exactly once.

The service has no idempotency key and its calls can't be undone one by one, so four rules hold:

1. What is about to be called is written down first, what came of it right after (``progress``).
2. Where a file's call has no known end (crash, lost answer), the whole report is taken back and sent anew: sending the
   file again could leave it there twice, and its details are taken only once.
3. Every write is a compare-and-set on a version, and taking over is a write. So of two workers one stops before it
   calls anything more. A worker that learns a new report's id and may not store it takes that report back.
4. ``/finish`` is called for the one report whose id is stored under FINISHING and for no other; called twice, the
   second answer is 5102, "already finished", which is what we want to know.

One window stays open, and no client can close it: the server has opened a report and we die before its id is stored.
That report has no files, nobody knows its id, so nobody finishes it: NCMEC deletes it 24 hours after it was opened.
``State.unanswered`` counts these. A report whose expiry answers 5001 is sent anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from django.utils.translation import gettext as _

from .client import Upload, Uploaded
from .errors import (
    AlreadyFinished,
    AlreadyRetracted,
    CyberTipError,
    NotAllowed,
    Rejected,
    ReportMissing,
    TryAgain,
)  # fmt: skip
from .facts import File, Report
from .progress import FileState, Mark, Progress, Stage, State, Superseded
from .schema import Schema
from .xml import file_xml, report_xml

#: Reports that one run may take back or lose before it leaves the rest to a later one.
_FRESH_STARTS = 3
_FILE_MISSING = 5002


class Service(Protocol):
    """The calls of ``client.Client`` that the flow makes."""

    def submit(self, report: bytes) -> int: ...

    def upload(self, report_id: int, upload: Upload) -> Uploaded: ...

    def describe(self, details: bytes) -> None: ...

    def finish(self, report_id: int) -> tuple[str, ...]: ...

    def retract(self, report_id: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Item:
    """A file to send: what is said of it, its *size* in bytes, and how to *open* its original as a stream."""

    facts: File
    size: int
    open: Callable[[], Iterable[bytes]]


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Line:
    """What it takes to take a report back: where its progress is kept, and the service."""

    progress: Progress
    service: Service

    def save(self, was: State, now: State) -> State:
        """Write *now* down; it is returned with its version."""
        now = replace(now, version=was.version + 1)
        self.progress.save(was, now)
        return now


@dataclass(frozen=True, slots=True)
class Job(Line):
    """All that one run needs. *clock* gives the present, aware; *tired*: leave the rest to a later run."""

    schema: Schema
    report: Report
    items: tuple[Item, ...]
    clock: Callable[[], datetime]
    tired: Callable[[], bool] = _never


def send(job: Job) -> State:
    """Carry the report on until it is finished or the run is *tired*, and return its last state.

    Raises ``BadFacts`` before anything is sent; ``TryAgain`` when a later run may help; ``Rejected`` and ``NotAllowed``
    when only a person can, with no report left open where that was in our hands; ``Superseded``.
    """
    _check(job)
    state = _take_over(job)
    fresh_starts = 0
    while not state.ended and not job.tired():
        if state.stage is Stage.READY:
            fresh_starts += 1
            if fresh_starts > _FRESH_STARTS:
                raise TryAgain(_("NCMEC lost the report several times. It is kept and sent again."))
        state = _STEPS[state.stage](job, state)
    return state


def withdraw(line: Line) -> State:
    """Take the report back for good. Raises ``AlreadyFinished`` when it was handed in, and the client's errors."""
    state = line.progress.load()
    if state.stage is Stage.WITHDRAWN:
        return state
    if state.handed_in:
        raise AlreadyFinished(_("This report was handed in to NCMEC and can't be taken back."))
    state = line.save(state, state.called_off())
    return state if state.stage is Stage.WITHDRAWN else _retract(line, state)


def preserve_until(finished_at: datetime) -> datetime:
    """A finished report is a request to keep its contents for one year (18 USC 2258A(h)(1), as amended in 2024)."""
    try:
        return finished_at.replace(year=finished_at.year + 1)
    except ValueError:  # 29 February: the day after the last of the year's days
        return finished_at.replace(year=finished_at.year + 1, month=3, day=1)


def _check(job: Job) -> None:
    """Facts that can't be sent must not open a report."""
    report_xml(job.report, job.schema, now=job.clock())
    for item in job.items:
        file_xml(item.facts, job.schema, report_id=1, file_id="1")


def _take_over(job: Job) -> State:
    """Make the stored state ours, with what the last worker left undecided turned into what can be decided."""
    stored = job.progress.load()
    if stored.ended:
        return stored
    keys = tuple(item.facts.key for item in job.items)
    if stored.report_id is not None and tuple(file.key for file in stored.files) != keys:
        raise Rejected(
            _("The files of this report changed after it was opened. Take it back and make another.")
        )
    now = stored.settled()
    if now.report_id is None:
        now = replace(now, files=tuple(FileState(key) for key in keys), schema=job.schema.digest)
    return job.save(stored, now)


# --- steps: each makes at most one call and returns what was written down after it -----------------------------------


def _submit(job: Job, state: State) -> State:
    report = report_xml(job.report, job.schema, now=job.clock())
    state = job.save(state, replace(state, stage=Stage.SUBMITTING))
    try:
        report_id = job.service.submit(report)
    except CyberTipError as error:
        lost = isinstance(error, TryAgain) and error.unsure
        job.save(state, replace(state.anew(), unanswered=state.unanswered + lost))
        raise
    try:
        return job.save(state, replace(state, stage=Stage.OPEN, report_id=report_id))
    except Superseded:
        job.service.retract(report_id)  # only we know that it exists
        raise


def _advance(job: Job, state: State) -> State:
    """The next call that an open report needs."""
    for item, file in zip(job.items, state.files, strict=True):
        if file.mark is Mark.WAITING:
            return _upload(job, state, item, file)
        if file.mark is Mark.UPLOADED:
            return _describe(job, state, item, file)
    return job.save(state, replace(state, stage=Stage.FINISHING))


def _upload(job: Job, state: State, item: Item, file: FileState) -> State:
    def call() -> FileState:
        upload = Upload(item.facts.name or item.facts.key, item.size, item.open())
        uploaded = job.service.upload(_id(state), upload)
        if not uploaded.intact:
            raise TryAgain(_("A file arrived at NCMEC damaged. The report is taken back and sent again."))
        return replace(file, mark=Mark.UPLOADED, file_id=uploaded.file_id)

    return _about_a_file(job, state, file, Mark.UPLOADING, call)


def _describe(job: Job, state: State, item: Item, file: FileState) -> State:
    def call() -> FileState:
        job.service.describe(file_xml(item.facts, job.schema, report_id=_id(state), file_id=file.file_id))
        return replace(file, mark=Mark.DESCRIBED)

    return _about_a_file(job, state, file, Mark.DESCRIBING, call)


def _about_a_file(
    job: Job, was: State, file: FileState, mark: Mark, call: Callable[[], FileState]
) -> State:  # fmt: skip
    """Mark the file, call, write down what came of it; what leaves doubt takes the report back (rule 2)."""
    state = job.save(was, was.with_file(replace(file, mark=mark)))
    try:
        done = call()
    except (ReportMissing, AlreadyRetracted):
        return job.save(state, state.anew())
    except NotAllowed:
        job.save(state, state.with_file(file))
        raise
    except TryAgain as error:
        if error.unsure:
            job.save(state, replace(state, stage=Stage.RETRACTING))
        else:
            job.save(state, state.with_file(file))
        raise
    except Rejected as error:
        retracted = _retract(job, job.save(state, replace(state, stage=Stage.RETRACTING)))
        if error.code == _FILE_MISSING:
            return retracted
        raise
    return job.save(state, state.with_file(done))


def _finish(job: Job, state: State) -> State:
    listed: tuple[str, ...] | None = None
    try:
        listed = job.service.finish(_id(state))
    except AlreadyFinished:
        pass  # by us: an earlier call whose answer was lost (rule 4)
    except (ReportMissing, AlreadyRetracted):
        return job.save(state, state.anew())
    return job.save(
        state, replace(state, stage=Stage.FINISHED, finished_at=job.clock(), listed=listed)
    )  # fmt: skip


def _retract(job: Line, state: State) -> State:
    with suppress(ReportMissing, AlreadyRetracted):  # gone is what was wanted
        job.service.retract(_id(state))
    gone = replace(state.anew(), retracted=(*state.retracted, _id(state)))
    return job.save(state, replace(gone, stage=Stage.WITHDRAWN) if state.withdrawing else gone)


def _id(state: State) -> int:
    assert state.report_id is not None, f"{state.stage} without a report id"
    return state.report_id


_STEPS: dict[Stage, Callable[[Job, State], State]] = {
    Stage.READY: _submit,
    Stage.OPEN: _advance,
    Stage.FINISHING: _finish,
    Stage.RETRACTING: _retract,
}


def has_all_files(state: State) -> bool | None:
    """Whether NCMEC named the files that we sent, in the end; None when it only said "already finished"."""
    if state.listed is None:
        return None
    return sorted(state.listed) == sorted(file.file_id for file in state.files)
