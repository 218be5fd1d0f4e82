"""Keeping, withdrawing and deleting entries.

``keep_entries`` and ``drop_entries`` are parts of a caller's transaction and entry in the log: a list of a million
hashes is one event, not a million.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.module_loading import import_string

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.hashbanks.models import LEAST_PDQ_QUALITY, Bank, Entry
from casework.hashbanks.values import NewEntry

#: The lock of migration 0002: writers of entries hold it alone until their transaction ends.
_LOCK = 0x68617368
#: Entries that are deleted in one transaction of the reaper.
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a page of entries. ``flat`` PDQ hashes have too little detail and are not kept at all;
    ``withdrawn`` ones stay withdrawn unless their source may revive them."""

    added: int = 0
    known: int = 0
    revived: int = 0
    withdrawn: int = 0
    flat: int = 0
    #: Public ids of the entries that are new or revived.
    fresh: tuple[UUID, ...] = field(default=(), repr=False)


def hold_entries() -> None:
    """Take the writers' lock now, before any row: a transaction that also touches cases asks in this order."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def share_entries() -> int:
    """Keep entries from changing until this transaction ends; the number of the last change before that."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_LOCK])
    return last_change()


def last_change() -> int:
    """The number of the last committed change of an entry; 0 when there was none."""
    return Entry.objects.aggregate(last=Max("changed_seq"))["last"] or 0


def keep_entries(bank: Bank, entries: Iterable[NewEntry], *, revive: bool = False) -> Kept:
    """Keep *entries* in *bank*, each once, and note that the known ones were seen again.

    Part of the caller's transaction and entry. *revive* is for sources whose word on a withdrawn entry counts (the
    exchange that withdrew it, a new decision here); a list that still names one does not bring it back.
    """
    assert connection.in_atomic_block
    wanted = {entry.key: entry for entry in entries}
    flat = {key for key, entry in wanted.items() if _is_flat(entry)}
    for key in flat:
        del wanted[key]
    if not wanted:
        return Kept(flat=len(flat))
    hold_entries()
    there = _there(bank, wanted.values())
    fresh = _insert(bank, [entry for key, entry in wanted.items() if key not in there])
    withdrawn = [entry for entry in there.values() if entry.status == Entry.Status.WITHDRAWN]
    revived = withdrawn if revive else []
    Entry.objects.filter(pk__in=[entry.pk for entry in there.values()]).update(last_seen=Now())
    Entry.objects.filter(pk__in=[entry.pk for entry in revived]).update(
        status=Entry.Status.ACTIVE, status_changed_at=Now()
    )
    return Kept(
        added=len(fresh),
        known=len(there) - len(withdrawn),
        revived=len(revived),
        withdrawn=len(withdrawn) - len(revived),
        flat=len(flat),
        fresh=(*fresh, *(entry.public_id for entry in revived)),
    )


def drop_entries(entries: Collection[int], *, to: str) -> int:
    """Withdraw or delete the entries with these keys (*to* is a status); how many were in force until now.

    Part of the caller's transaction and entry. No question finds them once this is committed, and what they had
    matched says so. A deleted entry loses its value for good.
    """
    assert connection.in_atomic_block
    hold_entries()
    mine = Entry.objects.filter(pk__in=entries)
    changed = list(mine.exclude(status__in=(to, Entry.Status.DELETED)).values_list("pk", flat=True))
    if not changed:
        return 0
    erased = {"value": None} if to == Entry.Status.DELETED else {}
    count = Entry.objects.filter(pk__in=changed).update(status=to, status_changed_at=Now(), **erased)
    tell_of_entries(Q(entry__in=changed))
    return count


@transaction.atomic
def withdraw_entry(entry: Entry, *, actor: User, reason: str) -> bool:
    """Stop matching against one entry, with a reason; False when that was done before."""
    if not drop_entries([entry.pk], to=Entry.Status.WITHDRAWN):
        return False
    record(
        Verb.BANK_ENTRIES_WITHDRAWN, actor=actor, subject=entry.bank, bank=entry.bank.public_id,
        entry=entry.public_id, count=1, personal={"reason": reason},
    )  # fmt: skip
    return True


def reap_entries(now: datetime | None = None) -> int:
    """Delete entries that their bank keeps no longer; how many. One transaction and entry a thousand."""
    count = 0
    for bank in Bank.objects.filter(retention_days__isnull=False):
        oldest = (now or timezone.now()) - timedelta(days=bank.retention_days or 0)
        while reaped := _reap_page(bank, oldest):
            count += reaped
    return count


@transaction.atomic
def _reap_page(bank: Bank, oldest: datetime) -> int:
    old = Entry.objects.filter(bank=bank, last_seen__lt=oldest).exclude(status=Entry.Status.DELETED)
    count = drop_entries(list(old.values_list("pk", flat=True)[:_AT_ONCE]), to=Entry.Status.DELETED)
    if count:
        record(
            Verb.BANK_ENTRIES_DELETED, actor=None, subject=bank, bank=bank.public_id, count=count,
            why="retention", days=bank.retention_days,
        )  # fmt: skip
    return count


def tell_of_entries(which: Q) -> None:
    """Tell the room above, known by its path only, that matches with these entries (``Q`` over a match) changed."""
    import_string(settings.ON_ENTRIES_CHANGED)(which)


def _is_flat(entry: NewEntry) -> bool:
    return (
        entry.signal == Entry.Signal.PDQ and entry.quality is not None and entry.quality < LEAST_PDQ_QUALITY
    )


def _there(bank: Bank, entries: Collection[NewEntry]) -> dict[tuple[str, bytes, UUID | None], Entry]:
    """What *bank* holds already of *entries*, by their key; locked, but so that matches may still point at it.

    A sweep that keeps a match has cases locked, and whoever changes entries comes to those afterwards.
    """
    found = Entry.objects.select_for_update(no_key=True).filter(
        bank=bank,
        signal__in={entry.signal for entry in entries},
        value__in=[entry.value for entry in entries],
    )
    keys = {entry.key for entry in entries}
    known = {(entry.signal, bytes(entry.value or b""), entry.clip): entry for entry in found}
    return {key: entry for key, entry in known.items() if key in keys}


_INSERT = """
    INSERT INTO hashbanks_entry (bank_id, public_id, signal, value, quality, version, clip, frame_at, status,
        origin, origin_ref, origin_item, tags, changed_seq)
    SELECT %s, public_id, signal, value, quality, version, clip, frame_at, 'active', origin, origin_ref, origin_item,
        tags::jsonb, 0
    FROM unnest(%s::uuid[], %s::text[], %s::bytea[], %s::smallint[], %s::text[], %s::uuid[], %s::float8[],
        %s::text[], %s::text[], %s::uuid[], %s::text[])
        AS new(public_id, signal, value, quality, version, clip, frame_at, origin, origin_ref, origin_item, tags)
"""


def _insert(bank: Bank, entries: Sequence[NewEntry]) -> list[UUID]:
    """Insert new entries column by column, and their public ids: row by row the ORM takes most of a list's time."""
    public_ids = [uuid4() for _entry in entries]
    if not entries:
        return []
    columns: list[list[object]] = [
        list(public_ids),
        [str(entry.signal) for entry in entries],
        [entry.value for entry in entries],
        [entry.quality for entry in entries],
        [entry.version[:60] for entry in entries],
        [entry.clip for entry in entries],
        [entry.frame_at for entry in entries],
        [entry.origin[:200] for entry in entries],
        [entry.origin_ref[:200] for entry in entries],
        [entry.origin_item for entry in entries],
        [json.dumps(_short(entry.tags)) for entry in entries],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [bank.pk, *columns])
    return public_ids


def _short(tags: Sequence[str]) -> list[str]:
    return [tag[:100] for tag in tags[:20]]
