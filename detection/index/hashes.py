"""PDQ hashes as numpy holds them: 256 bits as four words of 64, in the byte order of the hex digits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Words = NDArray[np.uint64]

BYTES = 32
HEX_DIGITS = 2 * BYTES
_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Hashes:
    """Hashes with their ids: ``ids`` (n,) int64, ``words`` (n, 4) little-endian uint64. Ids may repeat."""

    ids: Ids
    words: Words

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, str | bytes]]) -> Hashes:
        """From pairs of id and hash (64 hex digits or 32 bytes), read in one pass.

        ValueError names the first hash that is not one.
        """
        rest, parts = iter(pairs), []
        while some := list(islice(rest, _AT_ONCE)):
            ids = np.array([one for one, _hash in some], dtype=np.int64)
            parts.append(cls(ids, to_words([value for _id, value in some])))
        return cls.joined(parts)

    @classmethod
    def from_arrays(cls, ids: Ids, hashes: NDArray[np.uint8]) -> Hashes:
        """From ids (n,) and bytes of the hashes (n, 32); ValueError when the shapes do not fit."""
        if hashes.shape != (ids.size, BYTES) or ids.ndim != 1:
            raise ValueError(f"{ids.shape} ids and {hashes.shape} bytes are not one 32-byte hash for each id")
        words = np.ascontiguousarray(hashes, dtype=np.uint8).view("<u8")
        return cls(np.asarray(ids, dtype=np.int64), words)

    @classmethod
    def joined(cls, parts: Sequence[Hashes]) -> Hashes:
        """All of *parts*, in their order."""
        if not parts:
            return cls(np.empty(0, np.int64), np.empty((0, 4), "<u8"))
        return cls(
            np.concatenate([part.ids for part in parts]), np.concatenate([part.words for part in parts])
        )

    def where(self, wanted: NDArray[np.bool_]) -> Hashes:
        """Those at the places where *wanted* (n,) is true."""
        return Hashes(self.ids[wanted], self.words[wanted])

    def by_id(self) -> Hashes:
        """The same in ascending order of ids; itself when it is in order already."""
        if self.ids.size < 2 or bool(np.all(self.ids[1:] >= self.ids[:-1])):
            return self
        order = np.argsort(self.ids, kind="stable")
        return Hashes(self.ids[order], self.words[order])


def to_words(hashes: Sequence[str | bytes]) -> Words:
    """(n, 4) words of n hashes, each 64 hex digits or 32 bytes; ValueError names the first that is not."""
    raw = b"".join(_raw(one) for one in hashes)
    return np.frombuffer(raw, dtype="<u8").reshape(-1, 4)


def _raw(value: str | bytes) -> bytes:
    try:
        raw = bytes.fromhex(value) if isinstance(value, str) else value
    except ValueError:
        raw = b""
    if len(raw) != BYTES or (isinstance(value, str) and len(value) != HEX_DIGITS):
        raise ValueError(f"not a PDQ hash of {HEX_DIGITS} hex digits or {BYTES} bytes: {value!r}")
    return raw
