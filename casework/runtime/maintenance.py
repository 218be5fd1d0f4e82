"""`database` and `manage`: the embedded database without the rest, and Django's commands beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from casework.runtime import children, cluster, creation
from casework.runtime.installation import CHECKOUT, Installation
from casework.runtime.keys import ensure_keys
from casework.runtime.lock import HomeLock
from casework.runtime.problem import Problem

AS_OWNER = {"migrate", "createcachetable", "sqlmigrate", "sqlflush", "dbshell"}
WITHOUT_DATABASE = {"makemigrations", "check", "help", "version", "makemessages", "compilemessages"}


def run_database(at: Installation) -> int:
    """Start the embedded database and wait for Ctrl-C or SIGTERM."""
    if at.database_url:
        raise Problem("DATABASE_URL names a database of your own; there is none to start here.")
    signals = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    with _own_database(at):
        sys.stdout.write(f"The database of {at.home} runs; see {at.record}. Ctrl-C stops it.\n")
        sys.stdout.flush()
        signal.sigwait(signals)
    return 0


def run_manage(at: Installation, arguments: Sequence[str]) -> int:
    """Run ``manage.py`` with the running database, or with one started for the length of the command."""
    needs_none = not arguments or arguments[0] in WITHOUT_DATABASE
    if at.database_url or needs_none or cluster.answers(at.record):
        return _manage(at, arguments)
    with _own_database(at):
        return _manage(at, arguments)


def make_keys(at: Installation) -> int:
    """Make both key rings in CASEWORK_KEYS, or check the ones that are there."""
    made = ensure_keys(at.keys)
    sys.stdout.write(f"The keys in {at.keys} {'were made' if made else 'are complete'}.\n")
    return 0


def become(command: children.Command) -> NoReturn:
    """Turn this process into one part of the installation; a service manager looks after it from here on."""
    os.chdir(CHECKOUT)
    os.execve(command.argv[0], list(command.argv), dict(command.env))  # noqa: S606 - our own command line


@contextmanager
def _own_database(at: Installation) -> Iterator[None]:
    at.make_directories()
    with HomeLock(at.home, "A Casework command"):
        if at.keys == at.home / "keys":
            ensure_keys(at.keys)
        made = creation.prepare(at.home, mark=f"casework:{at.profile}")
        with cluster.running(made, at.logs / "postgres.log"):
            yield


def _manage(at: Installation, arguments: Sequence[str]) -> int:
    owner = bool(arguments) and arguments[0] in AS_OWNER
    env = at.owner_environment() if owner else at.environment("manage")
    if os.environ.get("CASEWORK_DB_ROLE") == "owner":
        env["CASEWORK_DB_ROLE"] = "owner"
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the command; we wait for it
    try:
        code = subprocess.call(children.manage(*arguments), env=env)  # noqa: S603 - our own command line
    finally:
        signal.signal(signal.SIGINT, before)
    return 128 - code if code < 0 else code
