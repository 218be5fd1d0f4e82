"""Connecting a bank with an exchange and changing how; every change has its entry, keys by their names only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Bank

from .fetching import begin_run

#: What people may set beside keys.
CHANGEABLE = ("address", "options", "interval_minutes", "may_send_hashes", "may_send_feedback")
#: After a change of these, what was read before is not what is there.
_ELSEWHERE = {"address", "options"}


@transaction.atomic
def connect_exchange(
    bank: Bank, *, actor: User, kind: str, credentials: Mapping[str, str], **settings: Any
) -> Exchange:
    """Connect *bank*, switched off: somebody looks at it once more and resumes it."""
    exchange = Exchange.objects.create(
        bank=bank, kind=kind, credentials=dict(credentials), created_by=actor, **settings
    )
    exchange.refresh_from_db()
    record(
        Verb.EXCHANGE_CONNECTED, actor=actor, subject=bank, bank=bank.public_id, exchange=exchange.public_id,
        kind=kind, keys=sorted(credentials), **_rules(exchange), personal={"address": exchange.address},
    )  # fmt: skip
    return exchange


@transaction.atomic
def change_exchange(
    exchange: Exchange, *, actor: User, credentials: Mapping[str, str], **settings: Any
) -> list[str]:
    """Change settings, and those keys that *credentials* names; the names of what is different now.

    With another address everything is read anew from there, and kept keys are forgotten: they were for the old one.
    """
    locked = _locked(exchange)
    before = _rules(locked)
    changed = [name for name in CHANGEABLE if name in settings and getattr(locked, name) != settings[name]]
    # Keys that nobody can read must not be sent to whoever names another address either.
    keys = {} if "address" in changed else dict(locked.credentials or {})
    new_keys = sorted(name for name, value in credentials.items() if keys.get(name) != value)
    if not changed and not new_keys:
        return []
    for name in changed:
        setattr(locked, name, settings[name])
    if set(changed) & _ELSEWHERE:
        locked.checkpoint, locked.running, locked.run, locked.next_run_at = {}, False, locked.run + 1, None
    # A new key or address deserves a new try at once.
    locked.credentials = {**keys, **credentials}
    locked.failures, locked.send_failures, locked.last_error, locked.send_error = 0, 0, "", ""
    locked.next_run_at = None if not locked.running else locked.next_run_at
    locked.next_send_at = None
    locked.save()
    after = _rules(locked)
    record(
        Verb.EXCHANGE_CHANGED, actor=actor, subject=locked.bank, bank=locked.bank.public_id,
        exchange=locked.public_id, kind=locked.kind, changed=[*changed, *(f"key {name}" for name in new_keys)],
        was={name: value for name, value in before.items() if after[name] != value},
        now={name: value for name, value in after.items() if before[name] != value},
        personal={"address": locked.address if "address" in changed else ""},
    )  # fmt: skip
    exchange.refresh_from_db()
    return [*changed, *new_keys]


@transaction.atomic
def pause_exchange(exchange: Exchange, *, actor: User) -> bool:
    """Stop reading and sending, also what is under way; false when it was paused before."""
    return _switch(exchange, actor=actor, on=False)


@transaction.atomic
def resume_exchange(exchange: Exchange, *, actor: User) -> bool:
    """Read and send again from now on; false when it was not paused."""
    return _switch(exchange, actor=actor, on=True)


@transaction.atomic
def run_now(exchange: Exchange, *, actor: User) -> bool:
    """Begin a run at once; false when one is under way, or the exchange is paused or only sent to."""
    locked = _locked(exchange)
    if not locked.enabled or locked.running or not locked.reads:
        return False
    begin_run(locked)
    record(
        Verb.EXCHANGE_STARTED, actor=actor, subject=locked.bank, bank=locked.bank.public_id,
        exchange=locked.public_id, kind=locked.kind, run=locked.run,
    )  # fmt: skip
    exchange.refresh_from_db()
    return True


def _switch(exchange: Exchange, *, actor: User, on: bool) -> bool:
    locked = _locked(exchange)
    if locked.enabled is on:
        return False
    changed: dict[str, Any] = {
        "enabled": on,
        "running": False,
        "run": F("run") + 1,
        "send_run": F("send_run") + 1,
    }
    if on:
        changed |= {"next_run_at": Now(), "next_send_at": None}
    Exchange.objects.filter(pk=locked.pk).update(**changed)
    record(
        Verb.EXCHANGE_CHANGED, actor=actor, subject=locked.bank, bank=locked.bank.public_id,
        exchange=locked.public_id, kind=locked.kind, changed=["enabled"], was={"enabled": not on}, now={"enabled": on},
    )  # fmt: skip
    exchange.refresh_from_db()
    return True


def _locked(exchange: Exchange) -> Exchange:
    return Exchange.objects.select_for_update(of=("self",)).select_related("bank").get(pk=exchange.pk)


def _rules(exchange: Exchange) -> dict[str, Any]:
    """What decides about what leaves and how often we ask, for the log."""
    return {
        "interval_minutes": exchange.interval_minutes,
        "may_send_hashes": exchange.may_send_hashes,
        "may_send_feedback": exchange.may_send_feedback,
        "options": dict(exchange.options),
    }
