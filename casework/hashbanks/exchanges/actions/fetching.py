"""A run over an exchange: begun when it is due, kept page by page with its checkpoint, finished with one entry.

Every step first asks the ledger whether its start is still the latest, then whether its run is: so a worker that was
thought dead, or a run that somebody paused, changes nothing any more.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.audit.log import Verb, record
from casework.hashbanks.actions import ask_sweep, drop_entries, hold_entries, last_change
from casework.hashbanks.exchanges.base import Page
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Entry
from casework.jobs.actions import Start, add_job, confirm_start
from casework.outbox.errors import OutboundError

from .patience import seconds_to_wait
from .sending import begin_sending, has_something
from .storing import store_updates

FETCH = "hashbanks.fetch"
#: A run that was not heard of for so long is taken for lost, and another begins.
_LOST = timedelta(hours=6)
_DROPPED_AT_ONCE = 1000
_NAMED = 20


class Replaced(Exception):
    """The run that speaks was paused or replaced. Nothing was changed."""


@transaction.atomic
def begin_due() -> int:
    """Begin what is due, reading and sending; how many jobs that makes."""
    due = Exchange.objects.filter(enabled=True, bank__active=True).select_related("bank").order_by("pk")
    made = 0
    for exchange in due.select_for_update(of=("self",), skip_locked=True):
        if exchange.reads and _is_due(exchange, "next_run_at"):
            begin_run(exchange)
            made += 1
        if _is_due(exchange, "next_send_at") and has_something(exchange):
            begin_sending(exchange)
            made += 1
    return made


def begin_run(exchange: Exchange) -> None:
    """Put a new run of a locked *exchange* into the ledger. Part of the caller's transaction."""
    Exchange.objects.filter(pk=exchange.pk).update(
        run=exchange.run + 1, running=True, tally={}, last_run_at=Now(), next_run_at=Now() + _LOST
    )
    exchange.refresh_from_db()
    _add_step(exchange, 0)


@transaction.atomic
def continue_run(exchange: Exchange, step: int, *, start: Start) -> None:
    """Leave the rest of a run to the next job: a job has its time, and a run may need more."""
    _add_step(_own(exchange, start), step + 1)


@transaction.atomic
def keep_page(exchange: Exchange, page: Page, *, start: Start) -> None:
    """Store a page and where to go on, together. Raises LostLease and Replaced; then nothing was stored."""
    locked = _own(exchange, start)
    hold_entries()
    since = locked.run_since_seq if locked.run_since_seq is not None else last_change()
    if page.first:
        # Before anything is stored: what this page brings counts as seen since then.
        Exchange.objects.filter(pk=locked.pk).update(full_since=Now(), full_complete=False)
    counts = store_updates(locked, page.updates)
    changed: dict[str, Any] = {
        "checkpoint": page.checkpoint,
        "run_since_seq": since,
        "tally": _added_up(locked.tally, counts, page),
        "next_run_at": Now() + _LOST,
    }
    if page.complete:
        changed["full_complete"] = True
    Exchange.objects.filter(pk=locked.pk).update(**changed)
    exchange.refresh_from_db()


@transaction.atomic
def drop_missing(exchange: Exchange, *, start: Start) -> bool:
    """After a walk over everything, delete a thousand of what did not come; whether there may be more of it."""
    locked = _own(exchange, start)
    missing = Entry.objects.filter(bank=locked.bank, last_seen__lt=locked.full_since).exclude(
        status=Entry.Status.DELETED
    )
    found = list(missing.values_list("pk", flat=True)[:_DROPPED_AT_ONCE])
    if found:
        dropped = drop_entries(found, to=Entry.Status.DELETED)
        tally = locked.tally | {"deleted": locked.tally.get("deleted", 0) + dropped}
        Exchange.objects.filter(pk=locked.pk).update(tally=tally)
    else:
        Exchange.objects.filter(pk=locked.pk).update(full_since=None, full_complete=False)
    exchange.refresh_from_db()
    return bool(found)


@transaction.atomic
def finish_run(exchange: Exchange, *, start: Start) -> None:
    """Note that a run came to its end, with the entry that counts it, and have what is new compared with evidence."""
    locked = _own(exchange, start)
    _compare(locked)
    Exchange.objects.filter(pk=locked.pk).update(
        running=False, failures=0, last_error="", last_ok_at=Now(), last_counts=locked.tally, run_since_seq=None,
        next_run_at=Now() + timedelta(minutes=locked.interval_minutes),
    )  # fmt: skip
    record(Verb.EXCHANGE_FETCHED, actor=None, subject=locked.bank, **_facts(locked))
    exchange.refresh_from_db()


@transaction.atomic
def fail_run(exchange: Exchange, error: OutboundError, *, start: Start) -> None:
    """Note why a run ended early and when the next begins. What was stored stays, and is compared with evidence."""
    locked = _own(exchange, start)
    _end_early(locked, error.code, error.sentence, seconds_to_wait(locked.failures + 1, error))
    exchange.refresh_from_db()


@transaction.atomic
def stop_run(exchange: str, run: int, step: int, *, reason: str) -> None:
    """What the ledger calls when a step was stopped for good; *reason* is the ledger's sentence."""
    locked = Exchange.objects.select_for_update(of=("self",)).select_related("bank").get(public_id=exchange)
    if locked.run == run and locked.running:
        sentence = _("Reading it was stopped: %(reason)s") % {"reason": reason}
        _end_early(locked, "stopped", sentence, seconds_to_wait(locked.failures + 1))


def _end_early(exchange: Exchange, code: str, sentence: str, wait: float) -> None:
    _compare(exchange)
    Exchange.objects.filter(pk=exchange.pk).update(
        running=False, failures=exchange.failures + 1, last_error=sentence[:500], run_since_seq=None,
        next_run_at=Now() + timedelta(seconds=wait),
    )  # fmt: skip
    record(
        Verb.EXCHANGE_NOT_FETCHED, actor=None, subject=exchange.bank, code=code, failures=exchange.failures + 1,
        **_facts(exchange),
    )  # fmt: skip


def _compare(exchange: Exchange) -> None:
    fresh = exchange.tally.get("added", 0) + exchange.tally.get("revived", 0)
    if fresh and exchange.run_since_seq is not None:
        hold_entries()
        ask_sweep(exchange.bank, since=exchange.run_since_seq, upto=last_change())


def _own(exchange: Exchange, start: Start) -> Exchange:
    """The row, locked, if the run of *exchange* is the one that is going on."""
    confirm_start(start)
    locked = Exchange.objects.select_for_update(of=("self",)).select_related("bank").get(pk=exchange.pk)
    if not (locked.enabled and locked.running and locked.run == exchange.run):
        raise Replaced
    return locked


def _add_step(exchange: Exchange, step: int) -> None:
    args = {"exchange": str(exchange.public_id), "run": exchange.run, "step": step}
    add_job(FETCH, key=f"{FETCH}:{exchange.public_id}:{exchange.run}:{step}", args=args)


def _is_due(exchange: Exchange, column: str) -> bool:
    """Whether the moment in *column* is over by the database's clock, or was never set."""
    over = Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__lte": Now()})
    return Exchange.objects.filter(over, pk=exchange.pk).exists()


def _added_up(tally: dict[str, Any], counts: dict[str, int], page: Page) -> dict[str, Any]:
    named = list(tally.get("named", []))
    sums = Counter({name: count for name, count in tally.items() if name != "named"})
    sums.update(counts)
    sums.update({"pages": 1, "faults": len(page.faults), "skipped": page.skipped})
    named += [fault[:200] for fault in page.faults[: max(0, _NAMED - len(named))]]
    return {**sums, "named": named}


def _facts(exchange: Exchange) -> dict[str, Any]:
    counts = {name: count for name, count in exchange.tally.items() if name != "named"}
    return {
        "bank": exchange.bank.public_id, "exchange": exchange.public_id, "kind": exchange.kind, "run": exchange.run,
        **counts,
    }  # fmt: skip
