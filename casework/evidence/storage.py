"""Where evidence bytes lie, and nothing else: age files under random names, written once.

Every blob is an age v1 file (age-encryption.org/v1, X25519 recipient) encrypted to an identity made for it alone
(``sealing.py``). No name here comes from anybody's input, and no function takes a path.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

_WHOLE, _PART = ".age", ".part"


class NotStored(Exception):
    """The store holds no blob under this key."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One thing found in the store. ``key`` is None for what has no business there; ``part`` was never committed.

    ``size`` in bytes, ``age`` in seconds since it was last written to.
    """

    key: uuid.UUID | None
    name: str
    size: int
    age: float
    part: bool


class Part(Protocol):
    """A blob being written. It exists for readers only after ``commit``."""

    stream: BinaryIO

    def commit(self) -> int:
        """Make it durable and visible, whole; its size in bytes. Raises OSError and then nothing is visible."""

    def discard(self) -> None:
        """Forget it. Safe to call twice and after a failure."""


class EvidenceStore(Protocol):
    """What a store of evidence must do. Keys are random and used once: a blob is never overwritten."""

    def open_part(self, key: uuid.UUID) -> Part:
        """Begin a blob. Raises OSError, among others when the store is full."""

    def read(self, key: uuid.UUID) -> BinaryIO:
        """The committed bytes from the start. Raises NotStored."""

    def size(self, key: uuid.UUID) -> int | None:
        """Bytes of a committed blob, None where there is none."""

    def delete(self, key: uuid.UUID) -> None:
        """Remove a blob; one that is not there is no error."""

    def iterate(self) -> Iterator[Stored]:
        """Everything that lies in the store, parts and strangers included, in no order."""

    def discard_part(self, key: uuid.UUID) -> None:
        """Remove what ``iterate`` called a part; one that is not there is no error."""


def evidence_store() -> EvidenceStore:
    """The store that the settings name."""
    made: EvidenceStore = import_string(settings.EVIDENCE_STORE)()
    return made


def also_kept() -> set[uuid.UUID]:
    """Keys of files that belong to no blob and are no orphans; the apps of ``EVIDENCE_ALSO_KEPT`` say which."""
    return {key for path in settings.EVIDENCE_ALSO_KEPT for key in import_string(path)()}


class FileStore:
    """Files in one directory, fanned out over 256 x 256 folders by the key; 0700 and 0600.

    A crash leaves at most ``.part`` files, or a whole file whose row was never committed; the reaper removes both.
    """

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or Path(settings.EVIDENCE_DIR)

    def open_part(self, key: uuid.UUID) -> _FilePart:
        return _FilePart(self._path(key), self.root)

    def read(self, key: uuid.UUID) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as error:
            raise NotStored(str(key)) from error

    def size(self, key: uuid.UUID) -> int | None:
        try:
            return self._path(key).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, key: uuid.UUID) -> None:
        path = self._path(key)
        if path.exists():
            path.unlink(missing_ok=True)
            _sync_directory(path.parent)

    def iterate(self) -> Iterator[Stored]:
        now = time.time()
        for folder, _folders, names in os.walk(self.root):
            for name in names:
                path = Path(folder) / name
                try:
                    seen = path.stat()
                except FileNotFoundError:
                    continue  # committed or removed while we walked
                key = self._key(path)
                yield Stored(
                    key,
                    path.relative_to(self.root).as_posix(),
                    seen.st_size,
                    now - seen.st_mtime,
                    path.suffix == _PART,
                )

    def discard_part(self, key: uuid.UUID) -> None:
        self._path(key).with_suffix(_PART).unlink(missing_ok=True)

    def _path(self, key: uuid.UUID) -> Path:
        text = key.hex
        return self.root / text[:2] / text[2:4] / f"{text}{_WHOLE}"

    def _key(self, path: Path) -> uuid.UUID | None:
        try:
            key = uuid.UUID(hex=path.stem)
        except ValueError:
            return None
        return key if path in (self._path(key), self._path(key).with_suffix(_PART)) else None


class _FilePart:
    """Write ``.part``, fsync, rename, fsync the directory: after ``commit`` a power cut loses nothing."""

    def __init__(self, path: Path, root: Path) -> None:
        _make_folders(path.parent, root)
        self._path = path
        self._part = path.with_suffix(_PART)
        mode = 0o640 if _is_shared(root) else 0o600
        handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        self.stream: BinaryIO = os.fdopen(handle, "wb", buffering=0)

    def commit(self) -> int:
        try:
            os.fsync(self.stream.fileno())
            size = os.fstat(self.stream.fileno()).st_size
            self.stream.close()
            # link and unlink would refuse to overwrite, but not every file system has links; keys are 122 random bits
            self._part.rename(self._path)
            _sync_directory(self._path.parent)
        except OSError:
            self.discard()
            raise
        return size

    def discard(self) -> None:
        self.stream.close()
        self._part.unlink(missing_ok=True)


def _make_folders(folder: Path, root: Path) -> None:
    """Make *folder* below *root*, closed to others, and make each new name durable in its parent."""
    if folder.is_dir():
        return
    for each in (root, folder.parent, folder):
        try:
            each.mkdir(mode=0o770 if root.exists() and _is_shared(root) else 0o700)
        except FileExistsError:
            continue
        _sync_directory(each.parent)


def _is_shared(root: Path) -> bool:
    """Whether the administrator opened *root* to its group, for two users (docs/deploy.md)."""
    return bool(root.stat().st_mode & 0o020)


def _sync_directory(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
