"""That one entry is in the log, shown without the others: its way to the newest signed root."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from casework.privacy.keyring import KeyMissing

from . import identity, merkle
from .log import leaf_hash
from .models import Checkpoint, Entry
from .notes import BadNote, Unverified, Verifier, proof_file, verified_checkpoint
from .reading import newest_checkpoint


@dataclass(frozen=True)
class Proof:
    """An entry's place: leaf *index* (from 0) of a tree of *size*, its siblings up to the root, and the checkpoint.

    ``in_tree``: the entry as it stands now leads to the checkpoint's root. ``signed``: the checkpoint carries the
    key's signature; None where no key was at hand to check it.
    """

    public_id: uuid.UUID
    verb: str
    leaf: bytes
    index: int
    size: int
    path: list[bytes]
    note: str
    in_tree: bool
    signed: bool | None

    @property
    def holds(self) -> bool:
        """Whether it proves what it should, signature included."""
        return self.in_tree and self.signed is True

    @property
    def file(self) -> str:
        """The proof as a C2SP ``.tlog-proof`` text."""
        return proof_file(self.index, self.path, self.note)


def of_case(case: uuid.UUID, verifier: Verifier | None) -> list[Proof]:
    """The proofs of all sealed entries of a case, oldest first."""
    entries = (
        Entry.objects.filter(case_id=case, seal__isnull=False).select_related("seal").order_by("seal__seq")
    )
    return of_entries(entries, verifier)


def of_entry(entry: Entry) -> Proof | None:
    """The proof of one entry, None until it is sealed; its signature is checked where a key is at hand for that."""
    if not hasattr(entry, "seal"):
        return None
    try:
        verifier = identity.verifier(newest_checkpoint())
    except (KeyMissing, BadNote):
        verifier = None
    return next(iter(of_entries([entry], verifier)), None)


def of_entries(entries: Iterable[Entry], verifier: Verifier | None) -> list[Proof]:
    """The proofs of sealed *entries* against the newest checkpoint; entries sealed after it are left out.

    All leaf hashes of the log are read for it: 32 bytes an entry.
    """
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        return []
    signed = _is_signed(checkpoint, verifier)
    ranges = merkle.ranges_of(_leaves(checkpoint.size))
    return [
        _proof(entry, checkpoint, ranges, signed) for entry in entries if entry.seal.seq < checkpoint.size
    ]


def _proof(entry: Entry, checkpoint: Checkpoint, ranges: merkle.Range, signed: bool | None) -> Proof:
    index, size = entry.seal.seq, checkpoint.size
    path = merkle.inclusion_proof(ranges, index, size)
    leaf = leaf_hash(bytes(entry.salt), bytes(entry.body))
    return Proof(
        public_id=entry.public_id,
        verb=entry.verb,
        leaf=leaf,
        index=index,
        size=size,
        path=path,
        note=checkpoint.note,
        in_tree=merkle.verify_inclusion(leaf, index, size, path, bytes(checkpoint.root)),
        signed=signed,
    )


def _is_signed(checkpoint: Checkpoint, verifier: Verifier | None) -> bool | None:
    if verifier is None:
        return None
    try:
        head = verified_checkpoint(checkpoint.note, verifier)
    except (BadNote, Unverified):
        return False
    return (head.size, head.root) == (checkpoint.size, bytes(checkpoint.root))


def _leaves(size: int) -> list[bytes]:
    """The leaf hashes of the first *size* entries; zeros where one is gone, so that others keep their places."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(coalesce(e.leaf_hash, decode(repeat('00', 32), 'hex')), ''::bytea ORDER BY n)"
            " FROM generate_series(0, %s - 1) AS n"
            " LEFT JOIN audit_seal s ON s.seq = n LEFT JOIN audit_entry e ON e.id = s.entry_id"
            " GROUP BY n / 8192 ORDER BY n / 8192",
            [size],
        )
        joined = b"".join(bytes(chunk) for (chunk,) in cursor.fetchall())
    step = merkle.HASH_BYTES
    return [joined[at : at + step] for at in range(0, len(joined), step)]
