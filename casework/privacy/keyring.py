"""The keys this process may read: files in ``CASEWORK_KEYS``, one folder per role (docs/deploy.md).

A web process reads ``keys/web``, a worker ``keys/worker``. Asking for a key that the role does not hold
raises ``KeyMissing``, and the caller says "not checked", never "clean".
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


class KeyMissing(Exception):
    """This process does not hold the key that was asked for."""


def key_directory() -> Path:
    """The folder of the current role; ``manage`` uses the worker's, which holds more, where it can read it."""
    base = Path(settings.CASEWORK_KEYS)
    if settings.CASEWORK_ROLE == "web":
        return base / "web"
    worker = base / "worker"
    return worker if settings.CASEWORK_ROLE == "worker" or worker.is_dir() else base / "web"


@lru_cache(maxsize=16)
def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except OSError as error:
        raise KeyMissing(f"This process holds no key “{path.name}” ({error.strerror}).") from error


def read_key(name: str) -> str:
    """The text of the key file *name* (``vault.pub``, ``view.key``, ``vault.key``, ``seal.key`` ...).

    Raises ``KeyMissing`` where this role does not hold it.
    """
    return _read(key_directory() / name)


def holds_key(name: str) -> bool:
    """Whether this process could use the key *name*."""
    try:
        read_key(name)
    except KeyMissing:
        return False
    return True


def fields_cipher() -> MultiFernet:
    """The cipher of encrypted columns: it writes with the newest key and reads with all of them."""
    return MultiFernet([Fernet(line) for line in read_key("fields.keys").split()])


def index_key() -> bytes:
    """The 32-byte key of blind indexes."""
    return bytes.fromhex(read_key("index.key"))


def mark_key() -> bytes:
    """The 32-byte secret under our invisible marks: whoever knows it can find and remove them."""
    return bytes.fromhex(read_key("mark.key"))
