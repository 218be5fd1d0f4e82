"""Lists that somebody hands in: asked for, kept page by page, finished with one entry that counts everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.hashbanks.lists import Fault
from casework.hashbanks.models import Bank, ListImport, RunState
from casework.hashbanks.values import NewEntry
from casework.jobs.actions import Start, add_job, confirm_start

from .entries import hold_entries, keep_entries, last_change
from .sweeps import ask_sweep

KIND = "evidence.import_list"
_OVER = (RunState.DONE, RunState.FAILED)


@dataclass(frozen=True, slots=True)
class Handed:
    """A staged upload, by the facts of it that are remembered. ``blob`` is its public id; ``size`` in bytes."""

    blob: UUID
    name: str
    size: int
    sha256: str


@transaction.atomic
def ask_import(bank: Bank, handed: Handed, *, actor: User) -> ListImport:
    """Have a staged list read into *bank* by a worker, who alone can open it."""
    asked = ListImport.objects.create(
        bank=bank, name=handed.name[:200], blob=handed.blob, size=handed.size, sha256=handed.sha256,
        asked_by=actor,
    )  # fmt: skip
    record(
        Verb.BANK_LIST_OFFERED, actor=actor, subject=bank, bank=bank.public_id, list=asked.public_id,
        size=handed.size, sha256=handed.sha256, personal={"name": handed.name[:200]},
    )  # fmt: skip
    next_page(asked)
    return asked


def next_page(asked: ListImport) -> None:
    """Put the rest of a list into the ledger: each step is a job of its own, once per checkpoint."""
    add_job(KIND, key=f"list:{asked.public_id}:{asked.line}", args={"list_import": str(asked.public_id)})


@transaction.atomic
def keep_page(
    asked: ListImport, entries: Sequence[NewEntry], faults: Sequence[Fault], *, upto: int, start: Start
) -> None:
    """Keep the good lines of a page and count the bad ones; *upto* is the last line read. Raises LostLease."""
    confirm_start(start)
    hold_entries()
    since = asked.since_seq if asked.since_seq is not None else last_change()
    kept = keep_entries(asked.bank, entries)
    room = max(0, ListImport.MOST_FAULTS - len(asked.faults))
    ListImport.objects.filter(pk=asked.pk).update(
        state=RunState.RUNNING,
        line=upto,
        since_seq=since,
        added=F("added") + kept.added,
        known=F("known") + kept.known + kept.withdrawn,
        bad=F("bad") + len(faults),
        faults=[*asked.faults, *({"line": each.line, "reason": each.reason} for each in faults[:room])],
    )
    asked.refresh_from_db()


@transaction.atomic
def finish_import(asked: ListImport, *, start: Start) -> None:
    """Note that the whole list was read, and compare what is new with stored evidence. Raises LostLease."""
    confirm_start(start)
    if (
        not ListImport.objects.filter(pk=asked.pk)
        .exclude(state__in=_OVER)
        .update(state=RunState.DONE, finished_at=Now())
    ):
        return
    asked.refresh_from_db()
    _record(asked, Verb.BANK_LIST_IMPORTED)
    _compare(asked)


@transaction.atomic
def fail_import(list_import: str, *, reason: str) -> None:
    """What the ledger calls when a list (its public id) can't be read. What was kept stays."""
    asked = ListImport.objects.select_for_update().get(public_id=list_import)
    if asked.state in _OVER:
        return
    asked.state, asked.why, asked.finished_at = RunState.FAILED, reason[:300], Now()
    asked.save(update_fields=["state", "why", "finished_at"])
    asked.refresh_from_db()
    _record(asked, Verb.BANK_LIST_FAILED)
    _compare(asked)


def _record(asked: ListImport, verb: Verb) -> None:
    record(
        verb, actor=asked.asked_by, subject=asked.bank, bank=asked.bank.public_id, list=asked.public_id,
        sha256=asked.sha256, lines=asked.line, added=asked.added, known=asked.known, bad=asked.bad,
    )  # fmt: skip


def _compare(asked: ListImport) -> None:
    if asked.added and asked.since_seq is not None:
        ask_sweep(asked.bank, since=asked.since_seq, upto=last_change())
