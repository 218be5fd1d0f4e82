"""One attempt to hand a message over: begun, ended, or left by workers that died.

The row of an attempt is committed before its first byte leaves and ended afterwards. A worker that dies in between is
followed by another start of the same job, which sends the same message under the same id: receivers do it once.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from casework.audit.log import Verb, record
from casework.jobs.actions import Start, confirm_start
from casework.outbox.delivery import GONE, Outcome
from casework.outbox.models import Attempt, Endpoint, Message

from .hearing import Told, hear_answer
from .posting import add_try, codes_of

#: Seconds until the next attempt, by failed attempts of this round; the last holds on until 72 hours are over.
WAITS = (5, 60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600)
#: Waits are spread by so much to either side, so that what failed together is not tried again together.
JITTER = 0.1
_ANSWER_KEPT = 2000


@transaction.atomic
def begin_attempt(message: str, number: int, *, start: Start) -> Attempt | None:
    """Write down that this attempt begins; None when there is nothing to send any more. Raises ``LostLease``."""
    confirm_start(start)
    found = _locked(message)
    if found.state != Message.State.WAITING or found.attempts != number - 1:
        return None
    _end_interrupted(found)
    return Attempt.objects.create(
        message=found, number=number, start=start.number, receiver=found.receiver[:300]
    )


@transaction.atomic
def end_attempt(attempt: Attempt, outcome: Outcome, *, start: Start) -> None:
    """Keep what came of an attempt, take over the results that the receiver gave, and plan the next one.

    Raises ``LostLease``; nothing is kept then.
    """
    confirm_start(start)
    # First the case that results concern, then the message: a decision takes them in that order too.
    told = _tell(attempt.message, outcome) if outcome.delivered else Told()
    message = _locked(str(attempt.message.public_id))
    Attempt.objects.filter(pk=attempt.pk).update(
        ended_at=Now(), status=outcome.status, code=outcome.code, sentence=outcome.sentence[:500],
        answer=outcome.answer[:_ANSWER_KEPT].decode("utf-8", "replace").replace("\x00", ""),
        seconds=round(outcome.seconds, 3),
    )  # fmt: skip
    message.attempts = attempt.number
    if outcome.delivered:
        _settle(message, Message.State.DELIVERED)
        _record(Verb.OUTBOX_DELIVERED, message, status=outcome.status, taken=told.taken, left=told.left)
    else:
        _record(Verb.OUTBOX_NOT_DELIVERED, message, code=outcome.code, status=outcome.status)
        if outcome.code == GONE:
            _close_endpoint(message)
        _plan(message, retry_after=outcome.retry_after, hopeless=outcome.hopeless)


@transaction.atomic
def leave_attempt(message: str, number: int, *, reason: str) -> None:
    """What the ledger calls when the job of an attempt was stopped for good; *reason* is the ledger's sentence."""
    found = _locked(message)
    if found.state != Message.State.WAITING or found.attempts != number - 1:
        return
    _end_interrupted(found)
    found.attempts = number
    _record(Verb.OUTBOX_NOT_DELIVERED, found, code="stopped", status=None)
    _plan(found, retry_after=None, hopeless=False)


def _tell(message: Message, outcome: Outcome) -> Told:
    """Tell the room above, known by its path only, that *message* was taken, and what was answered."""
    if message.kind in settings.OUTBOX_TELLS:
        import_string(settings.OUTBOX_TELLS[message.kind])(message)
    return hear_answer(message, outcome.answer)


def wait_before(failed: int, retry_after: float | None) -> float:
    """Seconds until the next attempt after *failed* ones, at least what the receiver asked for."""
    wait = WAITS[min(failed, len(WAITS)) - 1]
    spread = wait * secrets.SystemRandom().uniform(1 - JITTER, 1 + JITTER)
    return max(spread, retry_after or 0.0)


def _plan(message: Message, *, retry_after: float | None, hopeless: bool) -> None:
    """Add the next attempt, the last one when the time is up; after that it is a dead letter."""
    if message.state != Message.State.WAITING:  # cancelled while it was on its way
        Message.objects.filter(pk=message.pk).update(attempts=message.attempts)
        return
    left = _rows(message).values_list(F("give_up_at") - Now(), flat=True).get().total_seconds()
    if hopeless or left <= 0:
        _settle(message, Message.State.DEAD)
        _record(Verb.OUTBOX_GIVEN_UP, message)
        return
    failed = message.attempts - message.round_began_at
    wait = min(wait_before(failed, retry_after), left)
    # The ledger's time and the one that people read come from the same clock.
    _rows(message).update(attempts=message.attempts, next_try_at=Now() + timedelta(seconds=wait))
    add_try(message, message.attempts + 1, after=wait)


def _settle(message: Message, state: Message.State) -> None:
    message.state = state
    _rows(message).update(state=state, attempts=message.attempts, settled_at=Now(), next_try_at=None)


def _close_endpoint(message: Message) -> None:
    why = _("The receiver said that it is gone for good (410).")
    endpoint = message.endpoint
    if endpoint is None or not Endpoint.objects.filter(pk=endpoint.pk, enabled=True).update(
        enabled=False, off_why=why
    ):
        return
    record(
        Verb.ENDPOINT_SWITCHED, actor=None, subject=endpoint, endpoint=endpoint.public_id, enabled=False, why="gone"
    )  # fmt: skip


def _end_interrupted(message: Message) -> None:
    said = _("The worker ended while it was sending. Whether it arrived is not known; it is sent again.")
    Attempt.objects.filter(message=message, ended_at__isnull=True).update(
        ended_at=Now(), code="interrupted", sentence=said
    )


def _locked(message: str) -> Message:
    return Message.objects.select_for_update(of=("self",)).select_related("endpoint").get(public_id=message)


def _rows(message: Message) -> QuerySet[Message]:
    return Message.objects.filter(pk=message.pk)


def _record(verb: Verb, message: Message, **data: Any) -> None:
    record(verb, actor=None, subject=message, case=message.case, **codes_of(message), **data)
