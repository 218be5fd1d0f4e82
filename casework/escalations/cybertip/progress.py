"""How far one report has come: small, written before and after each call, so that a crash leaves no doubt unmarked."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class Superseded(Exception):
    """Somebody else carries this report on: whoever reads this stops."""


class Stage(StrEnum):
    """Where the report is at NCMEC. Those in -ING are written before the call whose end they await."""

    READY = "ready"
    SUBMITTING = "submitting"
    OPEN = "open"
    FINISHING = "finishing"
    FINISHED = "finished"
    RETRACTING = "retracting"
    WITHDRAWN = "withdrawn"


class Mark(StrEnum):
    """Where one file is, within an open report."""

    WAITING = "waiting"
    UPLOADING = "uploading"
    UPLOADED = "uploaded"
    DESCRIBING = "describing"
    DESCRIBED = "described"


@dataclass(frozen=True, slots=True)
class FileState:
    """*key* is ours (the item's public id), *file_id* NCMEC's."""

    key: str
    mark: Mark = Mark.WAITING
    file_id: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """One report's progress.

    *version* grows with every write. *report_id* is NCMEC's and is there from OPEN on; *retracted* are ids that we took
    back; *unanswered* counts submissions whose answer never reached us: each may have left an empty report that nobody
    finishes and that NCMEC deletes by itself, 24 hours after it was opened. *withdrawing*: a person called it off.
    *listed* are the file ids that NCMEC named at the end; None when its answer was lost and only "already finished"
    could be learned.
    """

    version: int = 0
    stage: Stage = Stage.READY
    report_id: int | None = None
    files: tuple[FileState, ...] = ()
    retracted: tuple[int, ...] = ()
    unanswered: int = 0
    withdrawing: bool = False
    finished_at: datetime | None = None
    listed: tuple[str, ...] | None = None
    schema: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON column."""
        plain = asdict(self)
        plain["finished_at"] = self.finished_at.isoformat() if self.finished_at else None
        return plain

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> State:
        """The reverse of ``to_json``."""
        finished, listed = plain["finished_at"], plain["listed"]
        return cls(
            **{name: plain[name] for name in ("version", "report_id", "unanswered", "withdrawing", "schema")},
            stage=Stage(plain["stage"]),
            files=tuple(FileState(one["key"], Mark(one["mark"]), one["file_id"]) for one in plain["files"]),
            retracted=tuple(plain["retracted"]),
            finished_at=datetime.fromisoformat(finished) if finished else None,
            listed=None if listed is None else tuple(listed),
        )

    def anew(self) -> State:
        """No report is open any more; the next step opens another one."""
        waiting = tuple(FileState(file.key) for file in self.files)
        return replace(self, stage=Stage.READY, report_id=None, files=waiting)

    def with_file(self, now: FileState) -> State:
        """The same with the file of that key as *now*."""
        return replace(self, files=tuple(now if file.key == now.key else file for file in self.files))

    def settled(self) -> State:
        """The same with what the last worker left undecided turned into what can be decided."""
        if self.stage is Stage.SUBMITTING:
            return replace(self.anew(), unanswered=self.unanswered + 1)
        return replace(self, stage=Stage.RETRACTING) if self.in_doubt else self

    def called_off(self) -> State:
        """The same for good taken back, or on its way there. Not for a report that is handed in or being so."""
        settled = self.settled()
        stage = Stage.WITHDRAWN if settled.report_id is None else Stage.RETRACTING
        return replace(settled, withdrawing=True, stage=stage)

    @property
    def handed_in(self) -> bool:
        """Whether it is finished, or may be without our knowing it yet."""
        return self.stage in (Stage.FINISHED, Stage.FINISHING)

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do."""
        return self.stage in (Stage.FINISHED, Stage.WITHDRAWN)

    @property
    def in_doubt(self) -> bool:
        """Whether a call about a file was begun and its end is not known: the server may have it or not."""
        return self.stage is Stage.OPEN and any(
            file.mark in (Mark.UPLOADING, Mark.DESCRIBING) for file in self.files
        )


class Progress(Protocol):
    """Keeps one ``State`` where a crash does not reach it."""

    def load(self) -> State:
        """What was saved last; ``State()`` at first."""
        ...

    def save(self, was: State, now: State) -> None:
        """Store *now* durably, in a transaction of its own, if *was*'s version still stands; else ``Superseded``."""
        ...
