"""The two files outside the database that remember what was signed: ``checkpoints.log`` and ``checkpoints.leaves``.

The first holds every checkpoint as its full signed note, one after the other. The second holds 32 bytes for each
sealed entry, its leaf hash, in the order of the tree. Whoever edits the database can't reach these, so they tell
which entry is not what it was, and that a database is older than the last checkpoint.

Both are written and synced before the seal is committed. A crash in between leaves the files ahead of the database;
the sealer then finishes exactly that seal, for the leaves say which entries it held and in which order.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .merkle import HASH_BYTES
from .notes import SIGNATURE_MARK

_MARK = SIGNATURE_MARK.encode()
_TAIL_BYTES = 65_536
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Journal:
    """The pair of files at *path* and beside it."""

    path: Path

    @property
    def leaves_path(self) -> Path:
        """The file of leaf hashes."""
        return self.path.with_suffix(".leaves")

    def notes(self) -> Iterator[str]:
        """Every checkpoint in the order of signing; an unfinished last one (a crash while writing) is left out."""
        if self.path.exists():
            with self.path.open("rb") as file:
                yield from _finished_notes(file)

    def last_note(self) -> str | None:
        """The newest finished checkpoint, read from the end of the file; None when there is none."""
        return next(reversed(list(_finished_notes(self._tail().splitlines(keepends=True)))), None)

    def leaf_hashes(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Leaf hashes from number *start* up to *stop* (exclusive), as far as the file goes."""
        if not self.leaves_path.exists():
            return
        left = None if stop is None else max(stop - start, 0)
        with self.leaves_path.open("rb") as file:
            file.seek(start * HASH_BYTES)
            while left is None or left > 0:
                wanted = _CHUNK // HASH_BYTES if left is None else min(left, _CHUNK // HASH_BYTES)
                data = file.read(wanted * HASH_BYTES)
                whole = len(data) // HASH_BYTES
                for at in range(whole):
                    yield data[at * HASH_BYTES : (at + 1) * HASH_BYTES]
                if whole < wanted:
                    return
                left = None if left is None else left - whole

    def leaf_count(self) -> int:
        """How many whole leaf hashes the file holds."""
        return _bytes_in(self.leaves_path) // HASH_BYTES

    def sizes(self) -> tuple[int, int]:
        """Bytes of the checkpoint file and of the leaf file: they change when somebody else writes or cuts."""
        return _bytes_in(self.path), _bytes_in(self.leaves_path)

    def drop_unfinished(self, size: int) -> None:
        """Cut what a crash left behind the checkpoint over *size* leaves: it was never signed, or not to its end."""
        if _bytes_in(self.leaves_path) > size * HASH_BYTES:
            _truncate(self.leaves_path, size * HASH_BYTES)
        if cut := _unfinished_bytes(self._tail()):
            _truncate(self.path, _bytes_in(self.path) - cut)

    def append(self, leaves: Sequence[bytes], note: str) -> None:
        """Add the leaves of one seal and its checkpoint; both are on the disk when this returns."""
        _append(self.leaves_path, b"".join(leaves))
        _append(self.path, note.encode())

    def _tail(self) -> bytes:
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - _TAIL_BYTES, 0))
            return file.read()


def _bytes_in(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _finished(block: list[bytes]) -> bool:
    return bool(block) and block[-1].startswith(_MARK) and block[-1].endswith(b"\n")


def _unfinished_bytes(tail: bytes) -> int:
    """How many bytes stand behind the last finished signature line."""
    lines = tail.splitlines(keepends=True)
    cut = 0
    while lines and not _finished(lines):
        cut += len(lines.pop())
    return cut


def _finished_notes(lines: Iterable[bytes]) -> Iterator[str]:
    block: list[bytes] = []
    for line in lines:
        if _finished(block) and not line.startswith(_MARK):
            yield b"".join(block).decode(errors="replace")
            block = []
        block.append(line)
    if _finished(block):
        yield b"".join(block).decode(errors="replace")


def _append(path: Path, data: bytes) -> None:
    new = not path.exists()
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if new:
        _sync_directory(path.parent)


def _truncate(path: Path, size: int) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        os.ftruncate(handle, size)
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
