"""Exact digests of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Digests:
    """Lower-case hex digests and the size in bytes. MD5 is only for lists that know nothing better."""

    sha256: str
    md5: str
    size: int


def of_chunks(chunks: Iterable[bytes]) -> Digests:
    """SHA-256 and MD5 over a stream, in one pass."""
    sha256 = hashlib.sha256()
    md5 = hashlib.md5(usedforsecurity=False)
    size = 0
    for chunk in chunks:
        sha256.update(chunk)
        md5.update(chunk)
        size += len(chunk)
    return Digests(sha256.hexdigest(), md5.hexdigest(), size)


def of_bytes(data: bytes) -> Digests:
    """SHA-256 and MD5 of bytes in memory."""
    return of_chunks((data,))
