"""The worker's side: one slice of a run a job. What an exchange does wrong is noted on its row, never raised."""

from __future__ import annotations

import time

from casework.hashbanks.exchanges.models import Exchange
from casework.jobs.actions import Start
from casework.outbox.errors import BadStatus, OutboundError

from . import actions
from .actions.sending import Batch, next_batch
from .base import Client
from .kinds import connect, spec_of

#: Seconds after which the rest is left to another job: with the slowest page it stays within a job's time.
SLICE = 30.0


def begin_due(*, start: Start) -> None:
    """Put into the ledger what is due."""
    actions.begin_due()


def fetch(exchange: str, run: int, step: int, *, start: Start) -> None:
    """Read pages of the exchange with this public id, from its checkpoint on."""
    found = _find(exchange)
    if not (found.enabled and found.running and found.run == run):
        return
    try:
        if not _fetch_slice(found, step, start):
            return
        actions.finish_run(found, start=start)
    except actions.Replaced:
        return
    except OutboundError as error:
        _leave(found, error, start)


def send(exchange: str, run: int, step: int, *, start: Start) -> None:
    """Send what waits for the exchange with this public id, batch by batch."""
    ends = time.monotonic() + SLICE
    try:
        while (found := _find(exchange)).send_run == run and (batch := next_batch(found)) is not None:
            _send_batch(found, connect(found), batch, start)
            if time.monotonic() > ends:
                return actions.continue_sending(found, step, start=start)
    except OutboundError as error:
        return actions.fail_sending(found, error, start=start)
    if found.send_run == run:
        actions.finish_sending(found, start=start)
    return None


def _fetch_slice(exchange: Exchange, step: int, start: Start) -> bool:
    """Store pages while there is time; whether the run came to its end."""
    ends = time.monotonic() + SLICE
    if not exchange.full_complete and not _read_pages(exchange, start, ends):
        actions.continue_run(exchange, step, start=start)
        return False
    while exchange.full_complete and actions.drop_missing(exchange, start=start):
        if time.monotonic() > ends:
            actions.continue_run(exchange, step, start=start)
            return False
    return True


def _read_pages(exchange: Exchange, start: Start, ends: float) -> bool:
    """Ask for pages and store them until the last one or the time is up; whether it was the last. One attempt."""
    attempt = actions.begin_attempt(exchange, "reading", start=start)
    came = 0
    try:
        for page in connect(exchange).fetch(exchange.checkpoint):
            actions.keep_page(exchange, page, start=start)
            came += len(page.updates)
            if page.more and time.monotonic() > ends:
                actions.end_attempt(attempt, records=came)
                return False
    except OutboundError as error:
        actions.fail_attempt(attempt, error, records=came)
        raise
    except actions.Replaced:
        actions.end_attempt(attempt, records=came)
        raise
    actions.end_attempt(attempt, records=came)
    return True


def _leave(exchange: Exchange, error: OutboundError, start: Start) -> None:
    try:
        actions.fail_run(exchange, error, start=start)
    except actions.Replaced:
        return


def _send_batch(exchange: Exchange, client: Client, batch: Batch, start: Start) -> None:
    """Send one batch; where the server refuses it for good, one by one, so that one bad hash holds up no other."""
    attempt = actions.begin_attempt(exchange, batch.what, start=start, about=batch.entries)
    try:
        names = _call(client, batch)
    except OutboundError as error:
        actions.fail_attempt(attempt, error)
        if not (isinstance(error, BadStatus) and error.status in spec_of(exchange).never):
            raise
    else:
        actions.mark_sent(exchange, batch, names, start=start, attempt=attempt)
        return
    if len(batch.keys) == 1:
        actions.mark_sent(exchange, batch, {}, start=start, attempt=attempt, refused=True)
        return
    for one in batch.singly:
        _send_batch(exchange, client, one, start)


def _call(client: Client, batch: Batch) -> dict[str, str]:
    if batch.what == "hashes":
        return client.submit(batch.offers)
    if batch.what == "retractions":
        client.retract(batch.offers)
    else:
        client.send_feedback(batch.opinions)
    return {}


def _find(public_id: str) -> Exchange:
    return Exchange.objects.select_related("bank").get(public_id=public_id)
