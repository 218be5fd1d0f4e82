"""The sealer: gives entries their place in the tree and signs checkpoints over it.

Only one is active (``single``). It signs nothing that is not an extension of what was signed before, in the
database or in the journal outside it: then it refuses, says why in the log, and goes on refusing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from . import identity
from .journal import Journal
from .log import record
from .merkle import Frontier
from .models import Checkpoint, Entry, Seal
from .notes import BadNote, Signer, TreeHead, Unverified, claimed_checkpoint, verified_checkpoint
from .verbs import Verb

logger = logging.getLogger(__name__)

#: "casework" and "seal" in ASCII; advisory locks are per database.
LOCK = (0x63617365, 0x7365616C)
PAUSE_SECONDS = 0.5
STANDBY_SECONDS = 1.0
REFUSING_SECONDS = 30.0
#: Every so often all entries are looked through, not only those above the floor.
FULL_LOOK_SECONDS = 600.0
BATCH = 10_000


class Refusal(Exception):
    """What is in the database does not extend what was signed. ``code`` is for the log, the text for people."""

    def __init__(self, code: str, sentence: str, **facts: int) -> None:
        super().__init__(sentence)
        self.code = code
        self.facts = facts


@dataclass
class Floor:
    """The id under which nothing unsealed can appear any more, although ids commit out of order.

    An id counts once all transactions that ran half a second after it was seen have ended: whoever held a lower
    number then has committed it (and it was seen) or lost it. ``forget`` starts again from the first entry.
    """

    id: int = 0
    _seen: int = 0
    _ripe: int = 0
    _ripe_at: int = 0

    def note(self, highest: int, *, oldest_running: int, next_transaction: int) -> None:
        """After a look that left nothing unsealed: *highest* id seen, and the two ends of the snapshot (xids)."""
        if self._ripe_at and oldest_running >= self._ripe_at:
            self.id, self._ripe_at = max(self.id, self._ripe), 0
        if not self._ripe_at:
            self._ripe, self._ripe_at = self._seen, next_transaction
        self._seen = max(self._seen, highest)

    def forget(self) -> None:
        """Look through everything once more."""
        self.id = self._seen = self._ripe = self._ripe_at = 0


@dataclass
class Sealer:
    """The state between two seals: the tree so far and what was last signed. Call ``open`` before ``seal``."""

    journal: Journal
    signer: Signer
    batch: int = BATCH
    frontier: Frontier = field(default_factory=Frontier)
    floor: Floor = field(default_factory=Floor)
    _signed: TreeHead | None = None
    _files: tuple[int, int] = (0, 0)

    def open(self) -> None:
        """Read the tree, compare it with both signed ends and finish a seal that a crash cut short.

        Raises ``Refusal`` where the database or the journal is not what was signed.
        """
        outside = self._last_outside()
        self.journal.drop_unfinished(outside.size if outside else 0)
        inside = self._last_inside()
        self._check_journal_reaches(inside, outside)
        self.frontier = self._read_tree(inside)
        if outside and inside and outside.size == inside.size and outside.root != inside.root:
            raise Refusal(
                "fork", f"Two different logs of {inside.size} entries were signed.", size=inside.size
            )
        self._signed = inside
        if outside and outside.size > self.frontier.size:
            self._finish(outside)
        self.floor.forget()
        self._files = self.journal.sizes()

    def seal(self) -> int:
        """Seal what is committed and unsealed, oldest id first, at most one batch; the number of entries sealed.

        Raises ``Refusal`` when the database or the journal has changed under us. After any other error (a lost
        connection) the journal may be ahead of the database: ``open`` again before the next ``seal``.
        """
        with transaction.atomic():
            self._check_unchanged()
            rows = self._unsealed()
            if not rows:
                return 0
            grown = self.frontier.copy()
            leaves = [leaf for _id, leaf in rows]
            for leaf in leaves:
                grown.append(leaf)
            head = TreeHead(self.signer.name, grown.size, grown.root())
            note = self.signer.sign(head.text)
            _insert_seals(self.frontier.size, [entry for entry, _leaf in rows])
            Checkpoint.objects.create(size=head.size, root=head.root, note=note)
            # The files come first: a crash before the commit is finished by ``open``; the other way round a database
            # restored in between would leave no trace of the checkpoint it had already shown to people.
            self.journal.append(leaves, note)
        self.frontier, self._signed, self._files = grown, head, self.journal.sizes()
        return len(rows)

    def _unsealed(self) -> list[tuple[int, bytes]]:
        with connection.cursor() as cursor:
            # The snapshot comes first: what had ended by then is visible to the look that follows.
            cursor.execute(
                "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint"
                " FROM pg_current_snapshot() AS s"
            )
            oldest, following = cursor.fetchone()
            cursor.execute(
                "SELECT e.id, e.leaf_hash FROM audit_entry e"
                " WHERE e.id > %s AND NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.entry_id = e.id)"
                " ORDER BY e.id LIMIT %s",
                [self.floor.id, self.batch],
            )
            rows = [(entry, bytes(leaf)) for entry, leaf in cursor.fetchall()]
        if len(rows) < self.batch:
            self.floor.note(rows[-1][0] if rows else 0, oldest_running=oldest, next_transaction=following)
        return rows

    def _last_outside(self) -> TreeHead | None:
        note = self.journal.last_note()
        return None if note is None else self._verified(note, f"The last checkpoint in {self.journal.path}")

    def _last_inside(self) -> TreeHead | None:
        row = Checkpoint.objects.order_by("-size").first()
        if row is None:
            return None
        head = self._verified(row.note, f"The checkpoint over {row.size} entries in the database")
        if (head.size, head.root) != (row.size, bytes(row.root)):
            raise Refusal(
                "checkpoint_edited", f"The checkpoint over {row.size} entries was edited.", size=row.size
            )
        return head

    def _verified(self, note: str, which: str) -> TreeHead:
        try:
            return verified_checkpoint(note, self.signer.verifier)
        except (BadNote, Unverified) as error:
            sentence = f"{which} does not carry the signature of {self.signer.name}: {error}"
            raise Refusal("signature", sentence) from error

    def _check_journal_reaches(self, inside: TreeHead | None, outside: TreeHead | None) -> None:
        known = min(outside.size if outside else 0, self.journal.leaf_count())
        if inside and known < inside.size:
            raise Refusal(
                "journal_behind",
                f"The database holds a checkpoint over {inside.size} entries; {self.journal.path} and its leaves "
                f"know only {known}. Restore these files from your backup.",
                database=inside.size,
                journal=known,
            )

    def _read_tree(self, inside: TreeHead | None) -> Frontier:
        """The frontier over all seals. Raises ``Refusal`` at the first one that is not what was signed."""
        frontier = Frontier()
        size = inside.size if inside else 0
        remembered = self.journal.leaf_hashes(0, size)
        for seq, leaf in _sealed_leaves():
            if seq != frontier.size or leaf != next(remembered, leaf):
                raise Refusal(
                    "entry_changed",
                    f"Entry number {frontier.size} of the log is missing or is not the one that was sealed.",
                    seq=frontier.size,
                )
            frontier.append(leaf)
        if frontier.size != size or (inside and frontier.root() != inside.root):
            raise Refusal(
                "tree_differs",
                f"The seals in the database ({frontier.size}) are not those of the last checkpoint ({size}).",
                seals=frontier.size,
                signed=size,
            )
        return frontier

    def _finish(self, outside: TreeHead) -> None:
        """Bring the database up to the journal: a crash came between the two. Raises ``Refusal`` if it is older."""
        start = self.frontier.size
        leaves = list(self.journal.leaf_hashes(start, outside.size))
        grown = self.frontier.copy()
        for leaf in leaves:
            grown.append(leaf)
        if grown.size != outside.size or grown.root() != outside.root:
            raise Refusal(
                "database_older",
                f"A log of {outside.size} entries was signed; the database holds {start}, and what stands in "
                "between can't be told from the journal. The database is older than the log, or another log.",
                database=start,
                journal=outside.size,
            )
        with transaction.atomic():
            _insert_seals(start, self._entries_with(leaves, start, outside.size))
            for note in self.journal.notes():
                head = claimed_checkpoint(note)
                if head.size > start:
                    head = self._verified(note, f"A checkpoint in {self.journal.path}")
                    Checkpoint.objects.create(size=head.size, root=head.root, note=note)
        self.frontier, self._signed = grown, outside
        logger.warning("Finished a seal of %s entries that was cut short.", outside.size - start)

    def _entries_with(self, leaves: list[bytes], start: int, size: int) -> list[int]:
        unsealed = Entry.objects.filter(seal__isnull=True).values_list("leaf_hash", "id")
        by_leaf = {bytes(leaf): entry for leaf, entry in unsealed.iterator(chunk_size=10_000)}
        try:
            return [by_leaf[leaf] for leaf in leaves]
        except KeyError:
            raise Refusal(
                "database_older",
                f"A log of {size} entries was signed; the database holds {start} of them and lacks others. "
                "It was restored from an earlier state, or its end was cut off.",
                database=start,
                journal=size,
            ) from None

    def _check_unchanged(self) -> None:
        last = Checkpoint.objects.order_by("-size").values_list("size", "root").first()
        top = Seal.objects.order_by("-seq").values_list("seq", flat=True).first()
        size = self._signed.size if self._signed else 0
        root = self._signed.root if self._signed else None
        known = (last[0], bytes(last[1])) if last else (0, None)
        if known != (size, root) or (-1 if top is None else top) + 1 != size:
            raise Refusal(
                "database_changed", f"The database no longer ends where we signed, at {size}.", signed=size
            )
        if self.journal.sizes() != self._files:
            raise Refusal(
                "journal_changed", f"Somebody else wrote to {self.journal.path} or cut it.", signed=size
            )


def configured(journal: Journal | None = None) -> Sealer:
    """The sealer of this installation, not yet opened. Raises ``KeyMissing`` without the signing key."""
    kept = journal or Journal(settings.CHECKPOINT_FILE)
    return Sealer(kept, identity.signer(kept.last_note()))


@contextmanager
def single(stop: Event) -> Iterator[bool]:
    """Wait as stand-by until no other sealer is active; False when *stop* was set before that."""
    active = _try_lock()
    if not active:
        logger.warning("Another sealer is active; this one stands by.")
    while not active and not stop.wait(STANDBY_SECONDS):
        active = _try_lock()
    yield active
    if active:  # after an error the connection, and the lock with it, goes anyway
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", LOCK)


def run(sealer: Sealer, stop: Event) -> None:
    """Seal until *stop* is set: what is new every half second, a backlog without a pause. Refusals don't end it."""
    told = ""
    while not stop.is_set():
        try:
            sealer.open()
            told = ""
            _seal_until(sealer, stop)
        except Refusal as refusal:
            if refusal.code != told:
                raise_alarm(refusal)
                told = refusal.code
            stop.wait(REFUSING_SECONDS)


def raise_alarm(refusal: Refusal) -> None:
    """Say why nothing is signed: to the operator, and in the log, once per reason since the last checkpoint."""
    logger.error("The log is not sealed. %s", refusal)
    last = Checkpoint.objects.order_by("-size").first()
    earlier = Entry.objects.filter(verb=Verb.LOG_ALARM.value)
    if last is not None:
        earlier = earlier.filter(at__gt=last.signed_at)
    said = earlier.order_by("-id").first()
    if said is not None and b'"code":"%s"' % refusal.code.encode() in bytes(said.body):
        return
    with transaction.atomic():
        facts: dict[str, Any] = {"code": refusal.code, **refusal.facts}
        record(Verb.LOG_ALARM, actor=None, subject=last or Checkpoint(pk=0), **facts)


def _seal_until(sealer: Sealer, stop: Event) -> None:
    waited = 0.0
    while not stop.is_set():
        if sealer.seal() == sealer.batch:
            continue
        stop.wait(PAUSE_SECONDS)
        waited += PAUSE_SECONDS
        if waited >= FULL_LOOK_SECONDS:
            sealer.floor.forget()
            waited = 0.0


def _try_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", LOCK)
        return bool(cursor.fetchone()[0])


def _insert_seals(start: int, entries: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_seal (seq, entry_id)"
            " SELECT %s + n - 1, id FROM unnest(%s::bigint[]) WITH ORDINALITY AS given(id, n)",
            [start, entries],
        )


def _sealed_leaves() -> Iterator[tuple[int, bytes]]:
    """(sequence number, leaf hash) of all seals in order; one whose entry is gone is left out."""
    rows = Seal.objects.order_by("seq").values_list("seq", "entry__leaf_hash")
    for seq, leaf in rows.iterator(chunk_size=10_000):
        yield seq, bytes(leaf)
