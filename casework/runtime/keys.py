"""The two key rings of an installation: what the web may hold, and what only workers may hold.

``web/`` and ``worker/`` are directories of small text files. The web can seal an original but not open it:
the identity of the vault is in ``worker/`` only. Key files are made once, together, and never overwritten.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path

import pyrage
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casework.runtime.problem import Problem

SHARED = ("vault.pub", "view.key", "fields.keys", "index.key", "mark.key", "seal.pub", "package.pub")
WEB = ("secret_key", *SHARED)
WORKER = (*SHARED, "queue_key", "vault.key", "seal.key", "package.key")
RINGS = {"web": WEB, "worker": WORKER}
#: Keys of later versions, those that belong together as one: rings that were whole without them get them once.
YOUNGER = (("mark.key",), ("package.key", "package.pub"))


def ensure_keys(directory: Path) -> bool:
    """Make both key rings under ``directory`` unless they are there; true when they were made now.

    Both rings appear by one rename each, complete. A ring that is there but not whole, or whose shared keys
    differ, raises `Problem`: a key that was lost is restored from a backup, for a new one would open
    nothing. Rings of a version that did not know one of ``YOUNGER`` get it.
    """
    if not any((directory / ring).exists() for ring in RINGS):
        _write_rings(directory, _fresh_keys())
        return True
    _add_younger(directory)
    check_rings(directory)
    return False


def check_rings(directory: Path) -> None:
    """Raise `Problem` unless both rings under ``directory`` are whole and share the same keys."""
    every = [f"{ring}/{name}" for ring, names in RINGS.items() for name in names]
    missing = [name for name in every if not _filled(directory / name)]
    if missing:
        raise Problem(
            f"The keys in {directory} are not complete; missing or empty: {', '.join(missing)}.\n"
            "Nothing was changed. Restore these files from your backup. New keys would not open what the old "
            "ones sealed; if there is nothing to keep, move the whole directory away and start again."
        )
    web, worker = directory / "web", directory / "worker"
    different = [name for name in SHARED if _read(web / name) != _read(worker / name)]
    if different:
        raise Problem(
            f"web and worker hold different keys in {directory}: {', '.join(different)}.\n"
            "Nothing was changed. Both rings must come from the same backup."
        )


def _add_younger(directory: Path) -> None:
    """Make what an older version did not know: only in rings that are whole otherwise, and all of a group or none."""
    late = {name for group in YOUNGER for name in group}
    young = {name for group in YOUNGER if not _exists(directory, group) for name in group}
    old = [directory / ring / name for ring, names in RINGS.items() for name in names if name not in late]
    if not young or not all(_filled(path) for path in old):
        return
    fresh = _fresh_keys()
    for ring, names in RINGS.items():
        for name in young.intersection(names):
            _write_private(directory / ring / name, fresh[name] + "\n")
        _sync_directory(directory / ring)


def _exists(directory: Path, group: tuple[str, ...]) -> bool:
    return any((directory / ring / name).exists() for ring in RINGS for name in group)


def _fresh_keys() -> dict[str, str]:
    """New key texts by file name: 256-bit secrets, X25519 identities of age, Ed25519 pairs in hex."""
    vault = pyrage.x25519.Identity.generate()
    view = pyrage.x25519.Identity.generate()
    seal, package = secrets.token_hex(32), secrets.token_hex(32)
    return {
        "secret_key": secrets.token_urlsafe(64),
        "queue_key": secrets.token_urlsafe(64),
        "vault.pub": str(vault.to_public()),
        "vault.key": str(vault),
        "view.key": str(view),
        "fields.keys": Fernet.generate_key().decode(),
        "index.key": secrets.token_hex(32),
        "mark.key": secrets.token_hex(32),
        "seal.key": seal,
        "seal.pub": _public(seal),
        "package.key": package,
        "package.pub": _public(package),
    }


def _public(seed: str) -> str:
    """The public half of an Ed25519 seed, both in hex."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)).public_key().public_bytes_raw().hex()


def _write_rings(directory: Path, keys: dict[str, str]) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
    try:
        for ring, names in (("worker", WORKER), ("web", WEB)):
            (draft / ring).mkdir(mode=0o700)
            (draft / ring).chmod(0o700)
            for name in names:
                _write_private(draft / ring / name, keys[name] + "\n")
            _sync_directory(draft / ring)
        for ring in ("worker", "web"):
            (draft / ring).rename(directory / ring)
        _sync_directory(directory)
    finally:
        shutil.rmtree(draft)


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _read(path: Path) -> bytes:
    return path.read_bytes().strip()
