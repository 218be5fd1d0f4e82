"""What the environment says about this installation: where it lives, on which port, on which database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from casework.runtime.problem import Problem

CHECKOUT = Path(__file__).resolve().parent.parent.parent
LOG_BYTES = 10_000_000


@dataclass(frozen=True)
class Installation:
    """One installation, as the variables in docs/deploy.md describe it. Paths are absolute."""

    home: Path
    keys: Path
    port: int
    bind: str
    database_url: str
    owner_url: str
    profile: str
    public_url: str

    @property
    def record(self) -> Path:
        """The description of the embedded database."""
        return self.home / "postgres.json"

    @property
    def logs(self) -> Path:
        """Where the output of each child is kept."""
        return self.home / "logs"

    @property
    def is_demo(self) -> bool:
        """Whether demo people and demo data belong here."""
        return self.profile == "demo"

    def make_directories(self) -> None:
        """Make the home and its log directory, closed to others. A home that exists keeps its mode."""
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Problem(
                f"The home directory {self.home} cannot be made or written: {error.strerror}.\n"
                "Set CASEWORK_HOME to a directory that you may write to."
            ) from None
        for log in self.logs.glob("*.log"):
            if log.stat().st_size > LOG_BYTES:
                log.replace(log.with_suffix(".log.1"))

    def environment(self, role: str, **more: str) -> dict[str, str]:
        """The environment of a child process in ``role``; the child finds the same installation in it."""
        kept = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
        said = {
            "CASEWORK_HOME": str(self.home),
            "CASEWORK_KEYS": str(self.keys),
            "CASEWORK_PROFILE": self.profile,
            "CASEWORK_PUBLIC_URL": self.public_url,
            "CASEWORK_ROLE": role,
            "CASEWORK_DB_ROLE": "app",
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            "OMP_NUM_THREADS": "1",
        }
        return kept | said | more

    def owner_environment(self) -> dict[str, str]:
        """The environment of a command that changes the schema."""
        more = {"CASEWORK_DB_ROLE": "owner"}
        if self.owner_url:
            more["DATABASE_URL"] = self.owner_url
        return self.environment("manage", **more)


def from_environment(environ: Mapping[str, str]) -> Installation:
    """Read the installation from ``environ``; raises `Problem` in words for values that make no sense."""
    home = Path(environ.get("CASEWORK_HOME") or CHECKOUT / "var").absolute()
    port = _port(environ.get("PORT") or "8000")
    database_url = environ.get("DATABASE_URL", "").strip()
    profile = environ.get("CASEWORK_PROFILE") or ("production" if database_url else "demo")
    bind = environ.get("CASEWORK_BIND") or "127.0.0.1"
    if profile == "demo" and database_url:
        raise Problem("The demo runs on its own database only. Unset DATABASE_URL or CASEWORK_PROFILE.")
    if profile == "demo" and bind not in ("127.0.0.1", "::1"):
        raise Problem(
            "The demo's sign-ins are public, so it listens on this machine only. Unset CASEWORK_BIND."
        )
    public_url = (environ.get("CASEWORK_PUBLIC_URL") or f"http://localhost:{port}").rstrip("/")
    if profile == "production" and urlsplit(public_url).scheme != "https":
        raise Problem(
            "With DATABASE_URL this is a real desk, and its cookies need https.\n"
            "Set CASEWORK_PUBLIC_URL to the https:// address of your TLS proxy (docs/deploy.md)."
        )
    return Installation(
        home=home,
        keys=Path(environ.get("CASEWORK_KEYS") or home / "keys").absolute(),
        port=port,
        bind=bind,
        database_url=database_url,
        owner_url=environ.get("DATABASE_OWNER_URL", "").strip(),
        profile=profile,
        public_url=public_url,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Problem(f"PORT is “{text}”; it must be a number from 1 to 65535.")
    return int(text)
