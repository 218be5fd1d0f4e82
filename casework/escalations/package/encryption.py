"""Encryption to a recipient's age keys while the archive is written: the clear text is never on a disk.

age draws a new key for every file, so an encryption that was cut off begins again, under another key; what is resumed
is the transport of the finished file, which is cipher text and can lie on a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

import pyrage

Progress = Callable[[int], None]


class BadRecipient(ValueError):
    """What should be an age recipient (``age1…``) is none."""


class NotEncrypted(Exception):
    """The encrypted file could not be written, or its source could not be read; what was written is of no use."""


def encrypt(
    chunks: Iterable[bytes], recipients: Sequence[str], into: BinaryIO, progress: Progress | None = None
) -> int:
    """Encrypt *chunks* to all *recipients* and write the age file to *into*; the number of clear bytes read.

    *progress* is told that number after every piece. Raises ``BadRecipient``, ``NotEncrypted``, and whatever *chunks*
    raises. Memory is bounded by one chunk and age's own (64 KiB) pieces.
    """
    if not recipients:
        raise BadRecipient("A package is encrypted to at least one recipient.")
    known = [_recipient(text) for text in recipients]
    source = _Source(iter(chunks), progress)
    try:
        pyrage.encrypt_io(source, into, known)
    except (pyrage.EncryptError, OSError, ValueError) as error:
        if source.failure is not None:
            raise source.failure from error
        raise NotEncrypted(f"The package could not be encrypted ({error}).") from error
    if source.failure is not None:
        raise source.failure
    return source.seen


class _Source:
    """What pyrage reads from: it asks for bytes, the archive gives pieces. An error is kept, for Rust wraps it."""

    def __init__(self, chunks: Iterator[bytes], progress: Progress | None) -> None:
        self._chunks = chunks
        self._progress = progress
        self._rest = memoryview(b"")
        self.seen = 0
        self.failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        while not self._rest:
            try:
                piece = next(self._chunks)
            except StopIteration:
                return b""
            except Exception as error:
                self.failure = error
                raise
            self._rest = memoryview(piece)
        count = len(self._rest) if size < 0 else size
        taken, self._rest = bytes(self._rest[:count]), self._rest[count:]
        self.seen += len(taken)
        if self._progress is not None:
            self._progress(self.seen)
        return taken


def _recipient(text: str) -> object:
    try:
        return pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError as error:
        raise BadRecipient(f"“{text}” is not an age recipient. It begins with age1.") from error
