"""Under which name and key this log is signed.

A log keeps the origin of its first checkpoint, whatever the settings say later: under another name it would be
another log to everybody who remembers it.
"""

from __future__ import annotations

from django.conf import settings

from casework.privacy.keyring import holds_key, read_key

from .notes import BadNote, Signer, Verifier, claimed_checkpoint


def origin(note: str | None) -> str:
    """The name of the log whose newest checkpoint is *note*; for a log without one, ``LOG_ORIGIN``."""
    try:
        return claimed_checkpoint(note).origin if note else str(settings.LOG_ORIGIN)
    except BadNote:
        return str(settings.LOG_ORIGIN)


def signer(note: str | None) -> Signer:
    """Name and signing key; raises ``KeyMissing`` where this process does not hold ``seal.key``."""
    return Signer(origin(note), bytes.fromhex(read_key("seal.key")))


def verifier(note: str | None) -> Verifier:
    """Name and public key: of ``LOG_VKEY``, else of ``seal.pub`` or ``seal.key``.

    Raises ``KeyMissing`` where this process holds none of them, ``BadNote`` for a ``LOG_VKEY`` that is none.
    """
    if settings.LOG_VKEY:
        return Verifier.from_vkey(settings.LOG_VKEY)
    if holds_key("seal.pub"):
        return Verifier(origin(note), bytes.fromhex(read_key("seal.pub")))
    return signer(note).verifier
