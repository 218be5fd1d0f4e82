"""Plain functions that connect banks with the servers of the tests and let the ledger do its work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from casework.audit.models import Entry as LogEntry
from casework.hashbanks.exchanges import actions
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Bank, Entry
from casework.jobs import tasks
from casework.jobs.models import Job
from tests.cast import person
from tests.hashbanks.making import make_bank
from tests.hashbanks.servers import hma, ncmec, stopncii, threatexchange

#: kind -> (keys, options, path of the protocol under the server's address)
KNOWN: dict[str, tuple[Mapping[str, str], Mapping[str, str], str]] = {
    "stopncii": (stopncii.KEYS, {}, "/v1"),
    "threatexchange": (threatexchange.KEYS, {"privacy_group": threatexchange.GROUP, "tag": "ncii"}, "/v24.0"),
    "hma": ({}, {"bank": hma.BANK}, ""),
    "ncmec": (ncmec.KEYS, {"reason": "not as classified"}, "/hs"),
    "plain": ({}, {"signal": "pdq"}, "/list.csv"),
}


def connect(where: str, kind: str, *, bank: Bank | None = None, on: bool = True, **changed: Any) -> Exchange:
    """A bank connected with the server at *where*, and switched on."""
    keys, options, path = KNOWN[kind]
    bank = bank or make_bank(f"Bank of {kind}", source=Bank.Source.EXCHANGE)
    lena = person("lena")
    given = {"address": f"{where}{path}", "options": dict(options), **changed}
    exchange = actions.connect_exchange(bank, actor=lena, kind=kind, credentials=dict(keys), **given)
    if on:
        assert actions.resume_exchange(exchange, actor=lena)
    return exchange


def work(exchange: Exchange) -> None:
    """Begin what is due, and run the ledger's jobs of exchanges until nothing is ready."""
    actions.begin_due()
    while (job := ready()) is not None:
        tasks.run(str(job.public_id))
    exchange.refresh_from_db()


def ready() -> Job | None:
    """The next job of an exchange."""
    waiting = Job.objects.filter(kind__in=["hashbanks.fetch", "hashbanks.send"], state=Job.State.QUEUED)
    return waiting.filter(not_before__lte=timezone.now() + timedelta(seconds=1)).order_by("pk").first()


def again(exchange: Exchange) -> None:
    """Its time has come once more."""
    Exchange.objects.filter(pk=exchange.pk).update(next_run_at=None, next_send_at=None)
    work(exchange)


def age_checkpoint(exchange: Exchange, seconds: float) -> None:
    """The checkpoint is older by so many seconds."""
    exchange.refresh_from_db()
    exchange.checkpoint["at"] -= seconds
    exchange.save(update_fields=["checkpoint"])


def in_force(bank: Bank) -> dict[str, str]:
    """What is matched against: hex value -> kind."""
    active = Entry.objects.filter(bank=bank, status=Entry.Status.ACTIVE)
    return {entry.hex: entry.signal for entry in active}


def logged(verb: str) -> list[dict[str, Any]]:
    """What the entries of a verb carry, oldest first."""
    rows = LogEntry.objects.filter(verb=verb).order_by("pk")
    return [dict(json.loads(bytes(row.body))["data"]) for row in rows]


def end_lease(job: Job) -> None:
    """The lease of *job* was over a second ago, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second' WHERE id = %s",
            [job.pk],
        )
