"""Putting something into the outbox, taking it back, and sending a dead letter again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import rfc8785
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.jobs.actions import add_job
from casework.outbox.models import GIVE_UP_AFTER, Endpoint, Message

DELIVER = "outbox.deliver"


class OutsideTransaction(Exception):
    """A message was to be posted apart from the change that causes it."""


def platform_endpoint() -> Endpoint | None:
    """Where decisions are sent; None while no platform is connected."""
    return Endpoint.objects.filter(purpose=Endpoint.Purpose.PLATFORM, enabled=True).first()


def post(
    endpoint: Endpoint,
    kind: str,
    payload: Mapping[str, Any],
    *,
    case: Any,
    actor: User | None,
    about: Sequence[str] = (),
) -> Message:
    """Put a message to *endpoint* into the outbox, inside the caller's transaction: both happen or neither.

    What is sent is Standard Webhooks JSON: *kind* as ``type``, *payload* (strings, whole numbers, lists, mappings)
    as ``data``. *case* is anything with a ``public_id``, or None. *about* are public ids that the receiver may report
    results for, at once or by callback. Raises ``OutsideTransaction``.
    """
    said: dict[str, Any] = {
        "type": kind,
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": dict(payload),
    }
    message = Message(kind=kind, endpoint=endpoint, body=rfc8785.dumps(said).decode())
    return put_in(message, case=case, actor=actor, about=about)


def post_plain(
    endpoint: Endpoint,
    kind: str,
    document: bytes,
    *,
    case: Any,
    actor: User | None,
    about: Sequence[str] = (),
) -> Message:
    """The same for a *document* (JSON in UTF-8) in somebody else's format: it is sent as it stands, without envelope
    or signature, with the endpoint's key as a bearer token where it has one. Raises ``OutsideTransaction``."""
    message = Message(kind=kind, form=Message.Form.PLAIN, endpoint=endpoint, body=document.decode())
    return put_in(message, case=case, actor=actor, about=about)


def put_in(message: Message, *, case: Any, actor: User | None, about: Sequence[str]) -> Message:
    """Store a new message with its first attempt and its entry. Raises ``OutsideTransaction``."""
    if not transaction.get_connection().in_atomic_block:
        raise OutsideTransaction(f"{message.kind} must be posted inside the transaction of what causes it.")
    message.case_id = case.public_id if case is not None else None
    message.about, message.created_by, message.next_try_at = list(about), actor, Now()
    message.save(force_insert=True)
    record(Verb.OUTBOX_POSTED, actor=actor, subject=message, case=case, **codes_of(message))
    add_try(message, 1, after=0.0)
    return message


def add_try(message: Message, number: int, *, after: float) -> None:
    """Put the attempt with this *number* into the ledger, *after* seconds from now. In the caller's transaction."""
    add_job(
        DELIVER,
        key=f"outbox:{message.public_id}:{number}",
        args={"message": str(message.public_id), "number": number},
        after=after,
    )


def codes_of(message: Message) -> dict[str, Any]:
    """What every entry about a message carries."""
    return {
        "message": message.public_id,
        "kind": message.kind,
        "form": message.form,
        "endpoint": message.endpoint.public_id if message.endpoint is not None else None,
        "attempts": message.attempts,
    }


@transaction.atomic
def replay_message(message: Message, *, actor: User, reason: str) -> bool:
    """Try a dead letter again for another 72 hours; false when it is none any more."""
    changed = Message.objects.filter(pk=message.pk, state=Message.State.DEAD).update(
        state=Message.State.WAITING, settled_at=None, next_try_at=Now(), give_up_at=Now() + GIVE_UP_AFTER,
        round_began_at=F("attempts"),
    )  # fmt: skip
    if not changed:
        return False
    message.refresh_from_db()
    record(
        Verb.OUTBOX_REPLAYED, actor=actor, subject=message, case=message.case,
        personal={"reason": reason}, **codes_of(message),
    )  # fmt: skip
    add_try(message, message.attempts + 1, after=0.0)
    return True


@transaction.atomic
def cancel_waiting(case: Any, kind: str, *, actor: User | None, why: str) -> int:
    """What of *kind* still waits for a case is not sent any more; how many that were. *why* is a code.

    One that is being handed over in this moment may still arrive; its attempt says so.
    """
    return _cancel(Message.objects.filter(case_id=case.public_id, kind=kind), case, actor=actor, why=why)


@transaction.atomic
def cancel_about(public_id: str, *, case: Any, actor: User | None, why: str) -> int:
    """The same for whatever speaks of *public_id*."""
    return _cancel(Message.objects.filter(about__contains=[public_id]), case, actor=actor, why=why)


@transaction.atomic
def cancel_to(endpoint: Endpoint, *, actor: User | None, why: str) -> int:
    """The same for whatever waits for *endpoint*: it was agreed to for the address that stood there."""
    return _cancel(Message.objects.filter(endpoint=endpoint), None, actor=actor, why=why)


def _cancel(messages: QuerySet[Message], case: Any, *, actor: User | None, why: str) -> int:
    waiting = messages.filter(state__in=(Message.State.WAITING, Message.State.DEAD)).order_by("pk")
    found = list(waiting.select_for_update(of=("self",)).select_related("endpoint"))
    for message in found:
        Message.objects.filter(pk=message.pk).update(
            state=Message.State.CANCELLED, settled_at=Now(), next_try_at=None
        )
        record(
            Verb.OUTBOX_CANCELLED, actor=actor, subject=message, case=case or message.case, why=why, **codes_of(message)
        )  # fmt: skip
    return len(found)
