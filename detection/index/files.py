"""Names, locks and durable writing in the directory of an index."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODE = 0o600
"""Hashes of intimate pictures are nobody else's business."""

_UNFINISHED = ".unfinished"


def base_path(directory: Path, generation: int) -> Path:
    """Where the unchanging part of a generation is."""
    return directory / f"base-{generation}.pdq"


def journal_path(directory: Path, generation: int) -> Path:
    """Where additions and removals since are."""
    return directory / f"journal-{generation}.pdq"


def generations(directory: Path) -> set[int]:
    """Numbers of all generations of which any file is there."""
    found = (path.stem.partition("-")[2] for path in directory.glob("*-*.pdq"))
    return {int(number) for number in found if number.isdecimal()}


def delete_others(directory: Path, generation: int) -> None:
    """Delete all generations but this one, and what a crash left unfinished. Readers keep what they have mapped."""
    for number in generations(directory) - {generation}:
        journal_path(directory, number).unlink(missing_ok=True)
        base_path(directory, number).unlink(missing_ok=True)
    for path in directory.glob(f"*{_UNFINISHED}"):
        path.unlink()


@contextmanager
def locked(directory: Path, name: str) -> Iterator[None]:
    """Hold the lock *name* of the directory, waiting for it; a process that dies lets go of it."""
    file = os.open(directory / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


@contextmanager
def written_whole(path: Path) -> Iterator[int]:
    """A descriptor to write to; *path* exists only when everything is on disk, and stays as it was otherwise."""
    unfinished = path.with_name(path.name + _UNFINISHED)
    file = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE)
    try:
        yield file
        os.fsync(file)
        unfinished.replace(path)
    finally:
        os.close(file)
        unfinished.unlink(missing_ok=True)
    _sync_directory(path.parent)


def write_at(file: int, data: memoryview | bytes, at: int) -> None:
    """All of *data* (single bytes) from byte *at* on; a single call may write less (2 GiB at most)."""
    rest = memoryview(data)
    while rest:
        done = os.pwrite(file, rest, at)
        rest, at = rest[done:], at + done


def _sync_directory(directory: Path) -> None:
    """Make names in the directory durable."""
    file = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
