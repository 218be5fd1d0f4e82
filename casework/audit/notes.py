"""Signed notes and checkpoints as C2SP defines them (c2sp.org/signed-note, c2sp.org/tlog-checkpoint), Ed25519 only.

A note is a text that ends in a newline, an empty line, and signature lines; a checkpoint is a note whose text says
origin, tree size and root. A proof file (c2sp.org/tlog-proof) carries one leaf's way to a checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .merkle import HASH_BYTES

ED25519 = b"\x01"
SIGNATURE_MARK = "\u2014 "
MOST_SIGNATURES = 100
ID_BYTES = 4


class BadNote(Exception):
    """A note, key or checkpoint is not of the form that its specification asks for."""


class Unverified(Exception):
    """No known key signed the note, or a known key's signature does not fit it."""


@dataclass(frozen=True)
class Verifier:
    """A name and a public key (32 bytes) whose signatures are believed."""

    name: str
    public_key: bytes

    @classmethod
    def from_vkey(cls, vkey: str) -> Verifier:
        """Read ``name+hex id+base64 key``; raises ``BadNote`` unless it is an Ed25519 key with its own id."""
        parts = vkey.strip().split("+", 2)
        if len(parts) != 3:
            raise BadNote("A verifier key reads name+id+key.")
        name, key_id, encoded = parts
        typed = _from_base64(encoded)
        if typed[:1] != ED25519 or len(typed) != 33:
            raise BadNote(f"The key of {name} is not an Ed25519 key.")
        verifier = cls(checked_name(name), typed[1:])
        if verifier.key_id.hex() != key_id:
            raise BadNote(f"The key of {name} does not have the id {key_id}.")
        return verifier

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name || newline || type || key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as one line that other tools read."""
        return f"{self.name}+{self.key_id.hex()}+{_to_base64(ED25519 + self.public_key)}"

    def fits(self, text: bytes, signature: bytes) -> bool:
        """Whether *signature* (64 bytes) is this key's over *text*."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A name and an Ed25519 seed (32 bytes) that sign notes."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return Verifier(checked_name(self.name), public)

    def sign(self, text: str) -> str:
        """The whole note: *text*, an empty line, one signature line. Raises ``BadNote`` for a text no note may hold."""
        _check_text(text)
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"{text}\n{SIGNATURE_MARK}{self.name} {_to_base64(self.verifier.key_id + signature)}\n"


@dataclass(frozen=True)
class TreeHead:
    """What a checkpoint says: whose log, how many leaves, which root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{_to_base64(self.root)}\n"

    @classmethod
    def from_text(cls, text: str) -> TreeHead:
        """Read the signed text of a checkpoint, extension lines ignored; raises ``BadNote``."""
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:-1]) or lines[-1]:
            raise BadNote("A checkpoint has an origin, a size, a root and no empty line.")
        size = lines[1]
        if not (size.isascii() and size.isdecimal()) or (size != "0" and size.startswith("0")):
            raise BadNote(f"“{size}” is not a tree size.")
        root = _from_base64(lines[2])
        if len(root) != HASH_BYTES:
            raise BadNote("The root of a checkpoint has 32 bytes.")
        return cls(lines[0], int(size), root)


def checked_name(name: str) -> str:
    """*name*, if a key may be called that: not empty, no space of any kind, no plus sign; else ``BadNote``."""
    if not name or "+" in name or any(letter.isspace() for letter in name):
        raise BadNote(f"A key can't be called “{name}”.")
    return name


def verified_text(note: str, verifiers: Iterable[Verifier]) -> str:
    """The text of *note*, once at least one of *verifiers* has signed it.

    Signatures of unknown keys are ignored; one of a known key that does not fit refuses the note (``Unverified``).
    Raises ``BadNote`` for what is no note.
    """
    text, signatures = _parts(note)
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    found = False
    for name, key_id, signature in signatures:
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.fits(text.encode(), signature):
            raise Unverified(f"The signature of {name} does not fit the note.")
        found = True
    if not found:
        raise Unverified("None of the known keys has signed the note.")
    return text


def verified_checkpoint(note: str, verifier: Verifier) -> TreeHead:
    """The tree head that *verifier* signed; its origin is the key's name. Raises ``Unverified`` and ``BadNote``."""
    head = TreeHead.from_text(verified_text(note, [verifier]))
    if head.origin != verifier.name:
        raise Unverified(f"A checkpoint of {head.origin} was signed by the key of {verifier.name}.")
    return head


def claimed_checkpoint(note: str) -> TreeHead:
    """What a checkpoint says about itself, its signature unread; raises ``BadNote``."""
    return TreeHead.from_text(_parts(note)[0])


def proof_file(index: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """A ``.tlog-proof`` file: the leaf's number (from 0), its inclusion proof, the checkpoint verbatim."""
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *(_to_base64(sibling) for sibling in proof), ""]
    return "\n".join(lines) + "\n" + checkpoint


def _parts(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Text and (name, key id, signature) of each signature line."""
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise BadNote("A note has a text, an empty line and signature lines.")
    text = head + "\n"
    _check_text(text)
    lines = tail[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise BadNote("A note with more than a hundred signatures is not read.")
    return text, [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(SIGNATURE_MARK).partition(" ")
    if not line.startswith(SIGNATURE_MARK) or not space:
        raise BadNote("A signature line reads: dash, name, signature.")
    blob = _from_base64(encoded)
    if len(blob) <= ID_BYTES:
        raise BadNote("A signature is missing from its line.")
    return checked_name(name), blob[:ID_BYTES], blob[ID_BYTES:]


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(letter) < 0x20 and letter != "\n" for letter in text):
        raise BadNote("The text of a note ends in a newline and has no other control character.")


def _to_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote("A part that should be base64 is not.") from error
