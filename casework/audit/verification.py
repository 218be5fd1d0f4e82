"""Checking the whole log against what was signed, and naming what is wrong.

Three memories are compared: the entries as they are now, the leaf hashes in the journal outside the database (they
name the exact entry, also when its hash was recomputed), and the signed checkpoints in database and journal (they
bind both). The database is read from one snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection, transaction

from .inspection import CHUNK, Inspector, Row, sealed_rows
from .journal import Journal
from .merkle import HASH_BYTES, Frontier
from .models import Checkpoint
from .notes import BadNote, TreeHead, Unverified, Verifier, verified_checkpoint

#: So many faults are named; the rest is counted.
NAMED = 100
WAITING_SECONDS = 60
_GONE = bytes(HASH_BYTES)

Heads = dict[int, TreeHead]


@dataclass
class Findings:
    """What a verification found: ``faults`` and ``warnings`` in words, and how much was looked at."""

    entries: int = 0
    checkpoints: int = 0
    erased: int = 0
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def fault(self, sentence: str) -> None:
        """Note one fault; only the first hundred keep their words."""
        self.fault_count += 1
        if len(self.faults) < NAMED:
            self.faults.append(sentence)


def verify(journal: Journal, verifier: Verifier, *, since: int = 0) -> Findings:
    """Check the log, from entry number *since* on; an earlier run has checked up to that checkpoint.

    Not to be called inside a transaction. The journal is read first: what it knows must be in the snapshot that is
    taken afterwards, but for a seal that is being committed at that moment.
    """
    found = Findings()
    outside = _heads(list(journal.notes()), "the journal", verifier, found)
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL cursor_tuple_fraction = 1")
            cursor.execute("SELECT id, public_id::text FROM accounts_user")
            actors = dict(cursor.fetchall())
        inside = _heads(_notes_inside(found), "the database", verifier, found)
        _compare_checkpoints(inside, outside, found)
        heads = outside | inside
        size = _Walk(journal, heads, found, since).run(Inspector(found.fault, actors))
        _check_end(journal, size, inside, outside, found)
        _note_waiting(found)
    found.checkpoints = len(inside)
    return found


# --- checkpoints --------------------------------------------------------------------------------------------------


def _notes_inside(found: Findings) -> list[str]:
    notes = []
    for row in Checkpoint.objects.order_by("size").iterator(chunk_size=CHUNK):
        said = TreeHead(row.note.partition("\n")[0], row.size, bytes(row.root))
        if said.text != row.note.partition("\n\n")[0] + "\n":
            found.fault(f"The checkpoint over {row.size} entries in the database was edited.")
        notes.append(row.note)
    return notes


def _heads(notes: list[str], where: str, verifier: Verifier, found: Findings) -> Heads:
    heads: Heads = {}
    newest = -1
    for number, note in enumerate(notes, 1):
        try:
            head = verified_checkpoint(note, verifier)
        except (BadNote, Unverified) as error:
            found.fault(f"Checkpoint {number} in {where} is not to be believed: {error}")
            continue
        if head.size <= newest:
            found.fault(
                f"Checkpoint {number} in {where} is over {head.size} entries, after one over {newest}."
            )
        newest = max(newest, head.size)
        heads[head.size] = head
    return heads


def _compare_checkpoints(inside: Heads, outside: Heads, found: Findings) -> None:
    for size in sorted(inside.keys() & outside.keys()):
        if inside[size].root != outside[size].root:
            found.fault(f"Two different logs of {size} entries were signed: database and journal disagree.")
    last_inside, last_outside = max(inside, default=0), max(outside, default=0)
    for size in sorted(outside.keys() - inside.keys()):
        if size < last_inside:
            found.fault(f"The checkpoint over {size} entries is missing from the database.")
    for size in sorted(inside.keys() - outside.keys()):
        if size < last_outside:
            found.fault(f"The checkpoint over {size} entries is missing from the journal.")
    if last_inside > last_outside:
        found.fault(
            f"The journal ends at {last_outside} entries, the database at {last_inside}: the end of the journal "
            "was cut off, or it is the journal of another log."
        )


# --- entries ------------------------------------------------------------------------------------------------------


@dataclass
class _Walk:
    """One pass over all places of the tree, with the tree as the journal remembers it and as the entries give it."""

    journal: Journal
    heads: Heads
    found: Findings
    since: int
    #: From the first difference on there are two trees; before that, one.
    _remembered: Frontier = field(default_factory=Frontier)
    _current: Frontier | None = None
    #: Entries that are not what the journal remembers, until the next checkpoint tells which of the two is right.
    _differing: list[Row] = field(default_factory=list)
    _sound: int = 0
    _unsound: bool = False

    def run(self, inspector: Inspector) -> int:
        """Look at every place from ``since`` on; the number of places that the seals in the database reach."""
        if not self._begin():
            return self.since
        known = self.journal.leaf_hashes(self.since)
        for seq, row in _places(self.since):
            original = next(known, None)
            if row is None:
                self.found.fault(f"Entry number {seq} is missing: it was sealed and is no longer there.")
                self._grow(original or _GONE, _GONE)
            else:
                self._look(row, inspector.leaf(row), original)
            if (head := self.heads.get(seq + 1)) is not None:
                self._compare(head)
        inspector.finish()
        self.found.erased = inspector.erased
        for row in self._differing:
            self.found.fault(f"{row.name} is not the entry that the journal remembers under that number.")
        return self._remembered.size

    def _begin(self) -> bool:
        if not self.since:
            return True
        leaves = (
            self.journal.leaf_hashes(0, self.since) if self._journal_reaches() else _leaves_before(self.since)
        )
        self._remembered = Frontier(leaves)
        head = self.heads.get(self.since)
        if head is None or self._remembered.root() != head.root:
            self.found.fault(
                f"There is no sound checkpoint over {self.since} entries to begin from; check everything."
            )
            return False
        self._sound = self.since
        return True

    def _journal_reaches(self) -> bool:
        return self.journal.leaf_count() >= self.since

    def _look(self, row: Row, leaf: bytes, original: bytes | None) -> None:
        self.found.entries += 1
        if leaf != row.stored:
            self.found.fault(f"{row.name} was edited: its content does not give its hash.")
        elif original is not None and original != leaf:
            self._differing.append(row)
        self._grow(leaf if original is None else original, leaf)

    def _grow(self, remembered: bytes, current: bytes) -> None:
        if self._current is None and remembered != current:
            self._current = self._remembered.copy()
        self._remembered.append(remembered)
        if self._current is not None:
            self._current.append(current)

    def _compare(self, head: TreeHead) -> None:
        """At a checkpoint: whoever gives the signed root tells the truth about the entries since the last one."""
        as_remembered = self._remembered.root() == head.root
        as_found = self._current is not None and self._current.root() == head.root
        if as_remembered:
            for row in self._differing:
                self.found.fault(
                    f"{row.name} was edited and its hash recomputed: it is not the entry that was sealed."
                )
            self._sound = head.size
        elif as_found:
            for row in self._differing:
                self.found.fault(
                    f"The leaf file of the journal was edited at number {row.seq}; the entry is sound."
                )
            self._sound = head.size
        elif not self._unsound:
            self._unsound = True
            self.found.fault(
                f"The entries do not give the signed root of {head.size} entries: one of number {self._sound} to "
                f"{head.size - 1} is not what was sealed."
            )
            return
        self._differing.clear()


def _places(since: int) -> Iterator[tuple[int, Row | None]]:
    """Every number from *since* to the last seal, with its entry; None for a hole."""
    place = since
    for row in sealed_rows(since):
        while place < row.seq:
            yield place, None
            place += 1
        yield place, None if row.entry is None else row
        place += 1


def _leaves_before(since: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.leaf_hash FROM audit_seal s JOIN audit_entry e ON e.id = s.entry_id"
            " WHERE s.seq < %s ORDER BY s.seq",
            [since],
        )
        return [bytes(leaf) for (leaf,) in cursor.fetchall()]


# --- the end ------------------------------------------------------------------------------------------------------


def _check_end(journal: Journal, size: int, inside: Heads, outside: Heads, found: Findings) -> None:
    """Whether the seals end where the newest checkpoint ends; a seal being committed just now is only a warning."""
    signed = max([*inside, *outside], default=0)
    if size > signed:
        found.fault(f"There are seals up to {size}, but only {signed} entries were ever signed.")
    if size >= signed:
        return
    waiting = _waiting_leaves()
    leaves = list(journal.leaf_hashes(size, signed))
    lost = [size + at for at, leaf in enumerate(leaves) if leaf not in waiting]
    if not lost and len(leaves) == signed - size and max(inside, default=0) == size:
        found.warnings.append(
            f"The last seal ({len(leaves)} entries) is signed and not yet in the database. The sealer finishes it; "
            "start it if it does not run."
        )
        return
    found.fault(
        f"A log of {signed} entries was signed, the database ends at {size}: its end was cut off, or it was "
        "restored from an earlier state." + (f" Gone: number {lost[0]} to {lost[-1]}." if lost else "")
    )


def _waiting_leaves() -> set[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.leaf_hash FROM audit_entry e"
            " WHERE NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.entry_id = e.id)"
        )
        return {bytes(leaf) for (leaf,) in cursor.fetchall()}


def _note_waiting(found: Findings) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM audit_entry e WHERE at < clock_timestamp() - %s * interval '1 s'"
            " AND NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.entry_id = e.id)",
            [WAITING_SECONDS],
        )
        waiting = cursor.fetchone()[0]
    if waiting:
        found.warnings.append(
            f"{waiting} entries have waited more than {WAITING_SECONDS} s for their seal: is the sealer running?"
        )
