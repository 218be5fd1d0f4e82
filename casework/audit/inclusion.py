"""Entries of the log as they leave the house: each with its bytes and a proof that anybody can check without us.

One checkpoint serves all of them. The data of a leaf is ``salt || body``: 16 random bytes, then the RFC 8785 text. Its
hash and its way to the root are RFC 6962's; a proof file is c2sp.org/tlog-proof, version 1.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass

from . import merkle, proofs
from .models import Entry
from .notes import BadNote, TreeHead, Unverified, Verifier, verified_checkpoint

FIRST_LINE = "c2sp.org/tlog-proof@v1"


class NotProven(Exception):
    """The log does not prove one of its entries, so nothing of it should leave the house."""


@dataclass(frozen=True, slots=True)
class Included:
    """A sealed entry: leaf *index* (from 0), the exact bytes that were hashed, and its ``.tlog-proof`` text."""

    public_id: uuid.UUID
    verb: str
    index: int
    data: bytes
    proof: str


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Entries under one checkpoint, oldest first; ``waiting``: how many had no place in it yet."""

    checkpoint: str
    entries: tuple[Included, ...]
    waiting: int


def of_case(case: uuid.UUID, verifier: Verifier) -> Inclusion:
    """All entries of a case under the newest checkpoint, each proof checked before it is given.

    Raises ``NotProven`` when an entry does not lead to the root, or *verifier* has not signed the checkpoint.
    """
    entries = list(Entry.objects.filter(case_id=case).select_related("seal").order_by("id"))
    found = proofs.of_entries([entry for entry in entries if hasattr(entry, "seal")], verifier)
    wrong = [proof for proof in found if not proof.holds]
    if wrong:
        raise NotProven(f"Entry {wrong[0].public_id} of the log is not proven by the newest checkpoint.")
    data = {entry.public_id: bytes(entry.salt) + bytes(entry.body) for entry in entries}
    ordered = sorted(found, key=lambda proof: proof.index)
    return Inclusion(
        checkpoint=ordered[0].note if ordered else "",
        entries=tuple(
            Included(proof.public_id, proof.verb, proof.index, data[proof.public_id], proof.file)
            for proof in ordered
        ),
        waiting=len(entries) - len(ordered),
    )


def verified(proof: str, data: bytes, verifier: Verifier) -> tuple[int, TreeHead]:
    """The place of the leaf *data* and the tree head that it was proven to be in.

    Raises ``BadNote`` for what is no proof file, ``Unverified`` when it proves something else or was signed by another.
    """
    lines, blank, checkpoint = proof.partition("\n\n")
    first, *rest = lines.split("\n")
    if first != FIRST_LINE or not blank:
        raise BadNote(f"A proof begins with “{FIRST_LINE}” and has a checkpoint after an empty line.")
    if rest and rest[0].startswith("extra "):
        rest = rest[1:]
    number = rest[0].removeprefix("index ") if rest else ""
    if not (number.isascii() and number.isdecimal()) or (number != "0" and number.startswith("0")):
        raise BadNote("The proof does not say which leaf it is about.")
    head = verified_checkpoint(checkpoint, verifier)
    path = [_sibling(line) for line in rest[1:]]
    if not merkle.verify_inclusion(merkle.leaf_hash(data), int(number), head.size, path, head.root):
        raise Unverified(f"The proof does not lead from leaf {number} to the root of the checkpoint.")
    return int(number), head


def _sibling(line: str) -> bytes:
    try:
        sibling = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("A hash of the proof is not base64.") from error
    if len(sibling) != merkle.HASH_BYTES:
        raise BadNote("A hash of the proof has 32 bytes.")
    return sibling
