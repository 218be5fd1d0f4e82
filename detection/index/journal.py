"""What was added and removed since the base was written: fixed records, appended, each with a checksum.

The first page counts the records that are on disk; it is raised after they are. What a crash left beyond the count was
never acknowledged, is never read, and is written over by the next append.
"""

from __future__ import annotations

import os
import weakref
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detection.index import files, pages
from detection.index.answers import IndexDamaged
from detection.index.hashes import Hashes, Ids

MAGIC = b"PDQJRNL1"
RECORD = np.dtype([("id", "<i8"), ("words", "<u8", (4,)), ("kind", "<u4"), ("check", "<u4")])
"""48 bytes; a removal has no hash."""

ADDED, REMOVED = 1, 2
_CHECKED = RECORD.itemsize - 4

Records = NDArray[np.void]


class Journal:
    """The journal of one generation, open for reading and appending."""

    def __init__(self, directory: Path, generation: int) -> None:
        """FileNotFoundError when it is not there, IndexDamaged when it is torn or not ours."""
        self.path, self.generation = files.journal_path(directory, generation), generation
        self._page = pages.Page(self.path, MAGIC, salt=generation)
        self._file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._file)  # when no thread asks it any more

    def count(self) -> int:
        """Records that are on disk."""
        return self._page.read()

    def read(self, first: int, after: int) -> Records:
        """Records *first* up to but not including *after*; IndexDamaged when one is torn."""
        size = (after - first) * RECORD.itemsize
        raw = os.pread(self._file, size, pages.SIZE + first * RECORD.itemsize)
        if len(raw) != size:
            raise IndexDamaged(self.path, f"ends before record {after}")
        records = np.frombuffer(raw, dtype=RECORD)
        if not np.array_equal(records["check"], _checks(records, self.generation)):
            raise IndexDamaged(self.path, f"has a torn record between {first} and {after}")
        return records

    def append(self, records: Records) -> None:
        """Append and acknowledge; the caller holds the writer's lock. OSError leaves the journal as it was."""
        count = self.count()
        data = checked(records, self.generation).tobytes()
        files.write_at(self._file, data, pages.SIZE + count * RECORD.itemsize)
        os.fdatasync(self._file)
        self._page.write(count + len(records))


def create(directory: Path, generation: int, records: Records) -> None:
    """Write a journal that begins with *records*, whole or not at all."""
    page = pages.first_page(MAGIC, len(records), salt=generation)
    with files.written_whole(files.journal_path(directory, generation)) as file:
        files.write_at(file, page + checked(records, generation).tobytes(), 0)


def additions(hashes: Hashes) -> Records:
    """Records that add *hashes*."""
    records = np.zeros(hashes.ids.size, RECORD)
    records["id"], records["words"], records["kind"] = hashes.ids, hashes.words, ADDED
    return records


def removals(ids: Ids) -> Records:
    """Records that remove whatever is stored under *ids* so far."""
    records = np.zeros(ids.size, RECORD)
    records["id"], records["kind"] = ids, REMOVED
    return records


def surviving(records: Records) -> Hashes:
    """What *records* add and do not remove again later."""
    added, removed = (np.flatnonzero(records["kind"] == kind) for kind in (ADDED, REMOVED))
    hashes = Hashes(records["id"][added], records["words"][added])
    if not removed.size:
        return hashes
    gone, reverse_first = np.unique(records["id"][removed][::-1], return_index=True)
    last_removed = removed[::-1][reverse_first]
    place = np.minimum(np.searchsorted(gone, hashes.ids), gone.size - 1)
    return hashes.where((gone[place] != hashes.ids) | (last_removed[place] < added))


def checked(records: Records, generation: int) -> Records:
    """A copy of *records* with checksums that tie them to the generation."""
    copy = records.copy()
    copy["check"] = _checks(copy, generation)
    return copy


def _checks(records: Records, generation: int) -> NDArray[np.uint32]:
    raw = memoryview(records.tobytes())
    starts = range(0, len(raw), RECORD.itemsize)
    return np.array([zlib.crc32(raw[at : at + _CHECKED], generation) for at in starts], dtype=np.uint32)
