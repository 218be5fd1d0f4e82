"""What a page of an exchange changes in its bank. Part of the caller's transaction and entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from casework.hashbanks.actions import drop_entries, keep_entries, note_outside_verdicts
from casework.hashbanks.exchanges.base import ACTIVE, Update
from casework.hashbanks.exchanges.models import EntryRef, Exchange
from casework.hashbanks.models import Entry
from casework.hashbanks.values import NewEntry

Key = tuple[str, bytes, UUID | None]


@dataclass(slots=True)
class _Said:
    """What a page says in the end: the last word on each hash, and on each name that the exchange has for one."""

    last: dict[Key, Update] = field(default_factory=dict)
    #: Names whose earlier hashes are taken back, and the hashes of this page that went with them.
    cleared: set[str] = field(default_factory=set)
    let_go: set[Key] = field(default_factory=set)
    links: dict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))


def store_updates(exchange: Exchange, updates: Sequence[Update]) -> dict[str, int]:
    """Keep, delete and link what *updates* say, in their order; counts by what became of it."""
    said = _last_words(updates)
    active = {key: update for key, update in said.last.items() if update.status == ACTIVE}
    origin = exchange.get_kind_display()
    kept = keep_entries(exchange.bank, (_entry(key, update, origin) for key, update in active.items()))
    rows = _rows(exchange, said.last)
    orphans = _link(exchange, said, rows)
    gone = [rows[key].pk for key in said.last if key not in active and key in rows]
    deleted = drop_entries([*gone, *orphans], to=Entry.Status.DELETED)
    note_outside_verdicts(
        (rows[key], who, verdict)
        for key, update in active.items()
        if key in rows
        for who, verdict in update.verdicts
    )
    return {
        "added": kept.added,
        "known": kept.known,
        "revived": kept.revived,
        "withdrawn_here": kept.withdrawn,
        "flat": kept.flat,
        "deleted": deleted,
    }


def _last_words(updates: Iterable[Update]) -> _Said:
    said = _Said()
    for update in updates:
        if update.value is None:
            for ref in update.refs:
                said.cleared.add(ref)
                said.let_go |= said.links.pop(ref, set())
            continue
        clip = update.listed.clip if update.listed else None
        key = (update.signal, update.value, clip)
        said.last[key] = update
        if update.status == ACTIVE:
            for ref in update.refs:
                said.links[ref].add(key)
    return said


def _entry(key: Key, update: Update, origin: str) -> NewEntry:
    if update.listed is not None:
        return update.listed
    return NewEntry(key[0], key[1], origin=origin, origin_ref=next(iter(update.refs), ""), tags=update.tags)


def _rows(exchange: Exchange, keys: Collection[Key]) -> dict[Key, Entry]:
    found = Entry.objects.filter(bank=exchange.bank, value__in=[value for _signal, value, _clip in keys])
    rows = {(entry.signal, bytes(entry.value or b""), entry.clip): entry for entry in found}
    return {key: entry for key, entry in rows.items() if key in keys}


def _link(exchange: Exchange, said: _Said, rows: dict[Key, Entry]) -> set[int]:
    """Write down under which names the exchange knows its hashes; the entries that are left without any."""
    cleared = EntryRef.objects.filter(exchange=exchange, ref__in=said.cleared)
    loose = set(cleared.values_list("entry_id", flat=True))
    loose |= {rows[key].pk for key in said.let_go if key in rows}
    cleared.delete()
    EntryRef.objects.bulk_create(
        (
            EntryRef(exchange=exchange, entry=rows[key], ref=ref)
            for ref, keys in said.links.items()
            for key in keys
            if key in rows
        ),
        ignore_conflicts=True,
    )
    held = EntryRef.objects.filter(exchange=exchange, entry__in=loose).values_list("entry_id", flat=True)
    return loose - set(held)
