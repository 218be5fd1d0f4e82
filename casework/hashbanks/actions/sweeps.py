"""Runs of new entries over stored evidence: asked for here, walked by ``evidence``, which knows the items."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least, Now

from casework.audit.log import Verb, record
from casework.hashbanks.models import Bank, RunState, Sweep
from casework.jobs.actions import add_job

KIND = "evidence.sweep"


def ask_sweep(bank: Bank, *, since: int, upto: int) -> Sweep | None:
    """Have entries of *bank* with ``since`` < ``changed_seq`` <= ``upto`` compared with stored evidence.

    Part of the caller's transaction. A run that still waits takes them along; None when there is nothing to compare.
    """
    if upto <= since or not bank.active:
        return None
    waiting = Sweep.objects.select_for_update().filter(bank=bank, state=RunState.QUEUED).first()
    if waiting is not None:
        Sweep.objects.filter(pk=waiting.pk).update(
            from_seq=Least(F("from_seq"), since), to_seq=Greatest(F("to_seq"), upto)
        )
        waiting.refresh_from_db()
        return waiting
    sweep = Sweep.objects.create(bank=bank, from_seq=since, to_seq=upto)
    next_step(sweep)
    return sweep


def next_step(sweep: Sweep) -> None:
    """Put the rest of a run into the ledger: each step is a job of its own, once per checkpoint."""
    key = f"sweep:{sweep.public_id}:{sweep.after}:{sweep.done}"
    add_job(KIND, key=key, args={"sweep": str(sweep.public_id)})


def begin_sweep(sweep: Sweep, *, total: int) -> None:
    """Note that a worker has begun, or goes on with what was stopped, and how many items there are.

    In the caller's transaction.
    """
    waits = Sweep.objects.filter(pk=sweep.pk, state__in=(RunState.QUEUED, RunState.FAILED))
    waits.update(state=RunState.RUNNING, total=total, why="", finished_at=None)
    sweep.refresh_from_db()


def advance_sweep(sweep: Sweep, *, after: int, done: int, hits: int, hits_restricted: int) -> None:
    """Move the checkpoint, in the transaction that stores what was found up to it."""
    Sweep.objects.filter(pk=sweep.pk).update(
        after=after,
        done=F("done") + done,
        hits=F("hits") + hits,
        hits_restricted=F("hits_restricted") + hits_restricted,
        # Items that arrived since the start are walked too, and a bar never runs over its end.
        total=Greatest(F("total"), F("done") + done),
    )
    sweep.refresh_from_db()


def finish_sweep(sweep: Sweep) -> None:
    """Note that every item was compared, with the entry that says what came of it. In the caller's transaction."""
    if not Sweep.objects.filter(pk=sweep.pk, state=RunState.RUNNING).update(
        state=RunState.DONE, total=F("done"), finished_at=Now()
    ):
        return
    sweep.refresh_from_db()
    record(
        Verb.BANK_SWEPT, actor=None, subject=sweep.bank, bank=sweep.bank.public_id, items=sweep.done,
        from_seq=sweep.from_seq, to_seq=sweep.to_seq,
    )  # fmt: skip


@transaction.atomic
def fail_sweep(sweep: str, *, reason: str) -> None:
    """What the ledger calls when a run (its public id) was stopped for good; *reason* is the ledger's sentence."""
    Sweep.objects.filter(public_id=sweep).exclude(state=RunState.DONE).update(
        state=RunState.FAILED, why=reason[:300], finished_at=Now()
    )
    found = Sweep.objects.get(public_id=sweep)
    record(
        Verb.BANK_SWEEP_FAILED, actor=None, subject=found.bank, bank=found.bank.public_id, items=found.done,
        total=found.total,
    )  # fmt: skip
