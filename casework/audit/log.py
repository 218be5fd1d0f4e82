"""The only way into the log, and the way people read it."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rfc8785
from django.db import connection, models

from . import merkle
from .models import Checkpoint, Entry, EntryDetail
from .reading import Filters, TimelineEntry, entries_for, history_of, timeline
from .verbs import Verb

if TYPE_CHECKING:
    from casework.accounts.models import User

__all__ = [
    "Filters",
    "OutsideTransaction",
    "TimelineEntry",
    "Verb",
    "entries_for",
    "health",
    "history_of",
    "leaf_hash",
    "record",
    "timeline",
]

#: An entry that waits longer than this for its seal is an alarm.
ALARM_SECONDS = 5.0
#: ``health`` counts this many waiting entries exactly; more are said as one more.
COUNTED = 10_000


_INSERT = (
    "INSERT INTO audit_entry (public_id, at, verb, actor_id, case_id, subject, body, salt, leaf_hash)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_INSERT_WITH_DETAIL = (
    f"WITH entry AS ({_INSERT} RETURNING id)"  # noqa: S608 - two constants of ours
    " INSERT INTO audit_entrydetail (entry_id, salt, personal) SELECT id, %s, %s FROM entry"
)


class OutsideTransaction(Exception):
    """An entry was to be written apart from the change it speaks of."""


def record(
    verb: Verb,
    *,
    actor: User | None,
    subject: models.Model,
    case: Any = None,
    personal: Mapping[str, Any] | None = None,
    **data: Any,
) -> uuid.UUID:
    """Append one entry inside the caller's transaction and return its public id.

    *actor* is None for the system and for people without an account. *case* is anything with a ``public_id``.
    ``data`` goes into the hashed body: ids, codes, old and new values, numbers; nothing that names somebody.
    *personal* (labels, reasons, addresses) goes to the erasable side row; the body holds a salted commitment to it.
    Raises ``OutsideTransaction`` outside ``atomic``, ``TypeError`` for data that is not plain JSON.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction(
            f"{verb} must be recorded inside the transaction of the change it speaks of."
        )
    at = datetime.now(UTC)
    public_id = uuid.uuid4()
    detail = {key: value for key, value in (personal or {}).items() if value not in (None, "")}
    detail_salt = os.urandom(16)
    about = subject_code(subject)
    body: dict[str, Any] = {
        "v": 1,
        "id": str(public_id),
        "at": at.isoformat(timespec="microseconds"),
        "verb": verb.value,
        "actor": str(actor.public_id) if actor else None,
        "case": str(case.public_id) if case is not None else None,
        "subject": about,
        "data": {key: _plain(value) for key, value in data.items()},
        "personal": commitment(detail_salt, detail).hex() if detail else None,
    }
    canonical = rfc8785.dumps(body)
    salt = os.urandom(16)
    values = [
        public_id,
        at,
        verb.value,
        actor.pk if actor else None,
        case.public_id if case is not None else None,
        about,
        canonical,
        salt,
        leaf_hash(salt, canonical),
    ]
    # No NOTIFY: it would make all commits that record something wait for one another, and the sealer looks
    # every half second anyway. Plain SQL because everything that is written passes here: it halves the time.
    with connection.cursor() as cursor:
        if detail:
            sealed = EntryDetail._meta.get_field("personal").get_prep_value(detail)
            cursor.execute(_INSERT_WITH_DETAIL, [*values, detail_salt, sealed])
        else:
            cursor.execute(_INSERT, values)
    return public_id


def leaf_hash(salt: bytes, body: bytes) -> bytes:
    """The RFC 6962 leaf hash (32 bytes) of an entry: SHA-256(0x00 || salt || body)."""
    return merkle.leaf_hash(salt + body)


def commitment(salt: bytes, personal: Mapping[str, Any]) -> bytes:
    """What the body says about the erasable side row: SHA-256(salt || RFC 8785 text), 32 bytes."""
    return hashlib.sha256(salt + rfc8785.dumps(dict(personal))).digest()


def health() -> dict[str, Any]:
    """Whether the log is being sealed, for /healthz and the log page.

    ``unsealed``: entries that wait (at most ``COUNTED`` + 1); ``oldest_seconds``: how long the oldest has waited;
    ``alarm``: more than ``ALARM_SECONDS``, or the sealer refuses; ``size`` and ``signed_at`` of the last
    checkpoint, None without one; ``refusing``: the code of the reason why nothing is signed, empty when all is well.
    """
    last = Checkpoint.objects.order_by("-size").first()
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH recent AS (SELECT entry_id FROM audit_seal ORDER BY seq DESC LIMIT 5000), waiting AS ("
            " SELECT e.at FROM audit_entry e WHERE e.id > coalesce((SELECT min(entry_id) FROM recent), 0)"
            " AND NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.entry_id = e.id) ORDER BY e.id LIMIT %s)"
            " SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::float8 FROM waiting",
            [COUNTED + 1],
        )
        unsealed, oldest = cursor.fetchone()
    refusing = _refusing(last)
    return {
        "unsealed": unsealed,
        "oldest_seconds": round(max(oldest, 0.0), 1),
        "alarm": oldest > ALARM_SECONDS or bool(refusing),
        "size": last.size if last else None,
        "signed_at": last.signed_at if last else None,
        "refusing": refusing,
    }


def _refusing(last: Checkpoint | None) -> str:
    alarms = Entry.objects.filter(verb=Verb.LOG_ALARM.value)
    if last is not None:
        alarms = alarms.filter(at__gt=last.signed_at)
    newest = alarms.order_by("-id").first()
    return "" if newest is None else str(json.loads(bytes(newest.body))["data"].get("code", ""))


def subject_code(subject: models.Model) -> str:
    """``app.model:pk`` of what an entry is about; public ids are for people, this is for the log."""
    return f"{subject._meta.label_lower}:{subject.pk}"


def _plain(value: Any) -> Any:
    """*value* as plain JSON: numbers with a fraction, ids and times as strings, so that every reader hashes alike."""
    if value is None or isinstance(value, bool | int | str):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, float | uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return [_plain(inner) for inner in items]
    raise TypeError(f"{type(value).__name__} does not belong in a log entry")
