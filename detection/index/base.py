"""The unchanging part of a generation: one file with ids, hashes, and buckets of every band.

A page with a header (JSON under a SHA-256), then five sections, each from a page boundary on, each with its SHA-256:

- ``ids`` (n,) int64, ascending, and ``words`` (n, 4) uint64: row r is hash r and its id;
- ``rows`` (11 x n,) uint32: band after band, the rows in the order of their key;
- ``starts`` (11 x 2^width + 1,) uint32: the bucket of key k of band b is ``rows[starts[i]:starts[i + 1]]``
  with ``i = b x 2^width + k``.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detection.index import bands, files
from detection.index.answers import IndexDamaged
from detection.index.hashes import Hashes, Ids, Words

MAGIC = b"PDQBASE1"
PAGE = 4096
_DIGEST_BYTES = 32
_JSON_AT = len(MAGIC) + _DIGEST_BYTES
MOST_ROWS = (2**32 - 1) // bands.BANDS
"""Places in the buckets of all bands together are counted in 32 bits: 390 million hashes."""


class _Section(NamedTuple):
    """Where a section is: first byte and number of bytes."""

    at: int
    size: int


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A base file, mapped: pages are shared with every process that maps it. See the module for the arrays."""

    path: Path
    width: int
    ids: Ids
    words: Words
    rows: NDArray[np.uint32]
    starts: NDArray[np.uint32]
    digests: dict[str, str]

    @property
    def hashes(self) -> Hashes:
        """Ids and hashes, in the order of ids."""
        return Hashes(self.ids, self.words)

    def verify(self) -> None:
        """Read everything and compare the digests (1 s per GB); IndexDamaged when one does not fit."""
        for name, digest in self.digests.items():
            if hashlib.sha256(getattr(self, name)).hexdigest() != digest:
                raise IndexDamaged(self.path, f"was changed after it was written (section {name})")

    def rows_of(self, ids: Ids) -> NDArray[np.intp]:
        """All rows stored under any of *ids*."""
        wanted = np.unique(ids)
        first = np.searchsorted(self.ids, wanted, side="left")
        after = np.searchsorted(self.ids, wanted, side="right")
        return ranges(first, after - first)


def ranges(first: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """``first[i], first[i] + 1, ...`` (``counts[i]`` of them) for every i, in one array."""
    after = np.cumsum(counts)
    total = int(after[-1]) if after.size else 0
    return np.repeat(first - (after - counts), counts) + np.arange(total)


def write(path: Path, hashes: Hashes, generation: int) -> None:
    """Write a base file whole or not at all; OverflowError beyond ``MOST_ROWS``.

    Needs 8 bytes of memory for each hash and 8 for each bucket of one band, beside the hashes given.
    """
    count, width = hashes.ids.size, bands.width_for(hashes.ids.size)
    if count > MOST_ROWS:
        raise OverflowError(f"an index holds at most {MOST_ROWS} hashes, not {count}")
    ordered, places = hashes.by_id(), _places(count, width)
    digests = {name: hashlib.sha256() for name in places}
    with files.written_whole(path) as file:
        ends = {name: place.at for name, place in places.items()}

        def append(name: str, array: NDArray[Any]) -> None:
            data = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
            digests[name].update(data)
            files.write_at(file, data, ends[name])
            ends[name] += array.nbytes

        os.ftruncate(file, _end(places))
        append("ids", ordered.ids)
        append("words", ordered.words)
        append("starts", np.zeros(1, np.uint32))
        for band in range(bands.BANDS):
            rows, ends_of_buckets = _buckets(ordered.words, band, width)
            append("rows", rows)
            append("starts", (ends_of_buckets + band * count).astype(np.uint32))
        digested = {name: digest.hexdigest() for name, digest in digests.items()}
        files.write_at(file, _header(generation, count, width, digested), 0)


def open_base(path: Path, generation: int) -> Base:
    """Map a base file; FileNotFoundError when it is not there, IndexDamaged when it is torn or not ours.

    Pages are mapped in advance: a question that met its own page faults would take many times as long.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(file).st_size
        header = _read_header(path, os.pread(file, PAGE, 0), generation)
        places = _places(header["count"], header["width"])
        if size != _end(places):
            raise IndexDamaged(path, f"has {size} bytes and should have {_end(places)}")
        flags = mmap.MAP_SHARED | mmap.MAP_POPULATE
        whole = np.frombuffer(mmap.mmap(file, size, flags, mmap.PROT_READ), dtype=np.uint8)
    finally:
        os.close(file)
    parts = {name: whole[place.at : place.at + place.size] for name, place in places.items()}
    return Base(
        path=path,
        width=header["width"],
        ids=parts["ids"].view("<i8"),
        words=parts["words"].view("<u8").reshape(-1, 4),
        rows=parts["rows"].view("<u4"),
        starts=parts["starts"].view("<u4"),
        digests=header["sha256"],
    )


def _buckets(words: Words, band: int, width: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Rows in the order of their key, and for each key how many rows have it or a smaller one.

    Key and row share a word, so that one plain sort orders both.
    """
    packed = bands.keys(words, band, width)
    packed <<= np.uint64(32)
    packed |= np.arange(len(words), dtype=np.uint64)
    packed.sort()
    rows = packed.astype(np.uint32)
    packed >>= np.uint64(32)
    return rows, np.cumsum(np.bincount(packed.view(np.int64), minlength=1 << width))


def _places(count: int, width: int) -> dict[str, _Section]:
    sizes = {
        "ids": 8 * count,
        "words": 32 * count,
        "rows": 4 * bands.BANDS * count,
        "starts": 4 * ((bands.BANDS << width) + 1),
    }
    places, at = {}, PAGE
    for name, size in sizes.items():
        places[name] = _Section(at, size)
        at += -(-size // PAGE) * PAGE
    return places


def _end(places: dict[str, _Section]) -> int:
    return max(place.at + place.size for place in places.values())


def _header(generation: int, count: int, width: int, digests: dict[str, str]) -> bytes:
    described = {"generation": generation, "count": count, "width": width, "sha256": digests}
    text = json.dumps(described).encode().ljust(PAGE - _JSON_AT)
    return MAGIC + hashlib.sha256(text).digest() + text


def _read_header(path: Path, page: bytes, generation: int) -> dict[str, Any]:
    if page[: len(MAGIC)] != MAGIC:
        raise IndexDamaged(path, "is of another kind or version")
    text = page[_JSON_AT:]
    if hashlib.sha256(text).digest() != page[len(MAGIC) : _JSON_AT]:
        raise IndexDamaged(path, "has a damaged header")
    header: dict[str, Any] = json.loads(text)
    if header["generation"] != generation:
        raise IndexDamaged(path, f"is of generation {header['generation']}, not {generation}")
    return header
