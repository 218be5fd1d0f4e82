"""Making banks and changing what follows from a match with them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.hashbanks.models import Bank

from .entries import hold_entries, last_change, tell_of_entries
from .sweeps import ask_sweep

#: What people may set. ``source`` says where entries come from and stays what it was made as.
CHANGEABLE = (
    "name", "purpose", "owner", "on_match", "retention_days", "pdq_radius", "pdq_quality", "pdq_turns",
    "phash_radius", "video_share", "active",
)  # fmt: skip
#: Changes after which stored matches may count that did not before, or no longer.
_TELLING = {"pdq_radius", "pdq_quality", "pdq_turns", "video_share", "active", "on_match"}


@transaction.atomic
def create_bank(*, actor: User | None, name: str, purpose: str, source: str, **settings: Any) -> Bank:
    """Make a bank. Raises IntegrityError for thresholds that the index cannot answer exactly."""
    bank = Bank.objects.create(name=name, purpose=purpose, source=source, created_by=actor, **settings)
    bank.refresh_from_db()
    record(
        Verb.BANK_CREATED, actor=actor, subject=bank, bank=bank.public_id, source=bank.source,
        personal={"name": bank.name}, **_settings(bank),
    )  # fmt: skip
    return bank


@transaction.atomic
def change_bank(bank: Bank, *, actor: User | None, **settings: Any) -> list[str]:
    """Change some of ``CHANGEABLE``; the names of what is different now. Stored matches follow at once.

    Where thresholds changed, stored evidence is compared anew in the background.
    """
    hold_entries()
    locked = Bank.objects.select_for_update().get(pk=bank.pk)
    before = _settings(locked)
    changed = [name for name, value in settings.items() if getattr(locked, name) != value]
    assert set(changed) <= set(CHANGEABLE)
    if not changed:
        return []
    for name in changed:
        setattr(locked, name, settings[name])
    locked.save(update_fields=changed)
    after = _settings(locked)
    record(
        Verb.BANK_CHANGED, actor=actor, subject=locked, bank=locked.public_id,
        was={name: value for name, value in before.items() if after[name] != value},
        now={name: value for name, value in after.items() if before[name] != value},
        changed=changed, personal={"name": locked.name},
    )  # fmt: skip
    if set(changed) & _TELLING:
        tell_of_entries(Q(entry__bank=locked))
    if _is_wider(before, locked):
        ask_sweep(locked, since=0, upto=last_change())
    bank.refresh_from_db()
    return changed


def _is_wider(before: dict[str, Any], bank: Bank) -> bool:
    """Whether stored evidence may match now that did not before."""
    return bank.active and (
        not before["active"]
        or bank.pdq_radius > before["pdq_radius"]
        or bank.pdq_quality < before["pdq_quality"]
        or (bank.pdq_turns and not before["pdq_turns"])
        or bank.video_share < before["video_share"]
    )


def _settings(bank: Bank) -> dict[str, Any]:
    """What decides about matches, for the log; name and purpose are free text and stay out."""
    return {
        "owner": bank.owner.public_id if bank.owner else None,
        "on_match": bank.on_match,
        "retention_days": bank.retention_days,
        "pdq_radius": bank.pdq_radius,
        "pdq_quality": bank.pdq_quality,
        "pdq_turns": bank.pdq_turns,
        "phash_radius": bank.phash_radius,
        "video_share": bank.video_share,
        "active": bank.active,
    }
