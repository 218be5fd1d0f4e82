"""The embedded PostgreSQL: made, started, reached and stopped.

The server listens on a Unix socket in a private directory and on nothing else. Who may connect as whom is
decided by the kernel's word on the caller (`peer`): only the account that runs Casework is let in.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from casework.runtime import binaries, process
from casework.runtime.problem import Problem

DATABASE = "casework"
OWNER = "casework_owner"
APP = "casework_app"
SUPERUSER = "postgres"
PORT = 5432  # part of the socket's name only; the directory is ours alone
START_SECONDS = 60
STOP_SECONDS = 30

SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "96MB",
    "max_parallel_workers_per_gather": "0",
    "max_wal_size": "512MB",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_min_duration_statement": "2000",
    "log_parameter_max_length": "0",  # parameters are evidence and people; the server's log gets neither
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "idle_in_transaction_session_timeout": "'5min'",
}
# Synchronous commit stays on: tests kill the server, and what it acknowledged must still be there.
SCRATCH_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "autovacuum": "off",
}


@dataclass(frozen=True)
class Cluster:
    """One embedded server: its record in the home directory and its own directory.

    ``directory`` holds ``data/`` and, for root, ``socket/``. ``scratch`` clusters belong to a test run:
    they give up durability for speed, and their owner role may create databases.
    """

    record: Path
    directory: Path
    scratch: bool

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.directory / "data"


def describe(record: Path) -> dict[str, Any] | None:
    """The contents of ``postgres.json``, or None when there is no embedded database in this home."""
    try:
        loaded = json.loads(record.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise Problem(
            f"{record} cannot be read as JSON. The data is untouched; restore the file from a backup."
        ) from None
    if not isinstance(loaded, dict):
        raise Problem(
            f"{record} does not describe a database. The data is untouched; restore the file from a backup."
        )
    return loaded


@contextmanager
def running(cluster: Cluster, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server of ``cluster`` for the length of a with-block."""
    server = start(cluster, log)
    try:
        yield server
    finally:
        stop(cluster, server)


def start(cluster: Cluster, log: Path) -> subprocess.Popen[bytes]:
    """Start the server and wait until it answers. The caller holds the lock of the home directory.

    Raises `Problem` with the end of the server's log when it does not come up.
    """
    _clear_remains(cluster)
    user = binaries.server_user()
    socket = _make_socket_directory(cluster, user)
    _write_record(cluster, socket)
    settings = [f"-c{name}={value.strip(chr(39))}" for name, value in _settings(cluster).items()]
    command = [
        str(binaries.programs() / "postgres"),
        "-D",
        str(cluster.data),
        "-k",
        str(socket),
        f"-p{PORT}",
        *settings,
    ]
    with log.open("ab") as output:
        server = process.start(
            command,
            env=server_environment(),
            output=output,
            on_our_death=signal.SIGINT,  # "fast": roll back, write a checkpoint, go
            uid=user.uid,
            gid=user.gid,
            cwd="/",
        )
    _await_answer(cluster, server, log)
    return server


def stop(cluster: Cluster, server: subprocess.Popen[bytes]) -> None:
    """Stop the server in its "fast" way, then harder, and remove its socket directory."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is not None:
            break
        server.send_signal(how)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
    known = describe(cluster.record)
    if known is not None:
        shutil.rmtree(known["socket"], ignore_errors=True)


def remove(cluster: Cluster) -> None:
    """Delete a stopped cluster with all its data."""
    shutil.rmtree(cluster.directory, ignore_errors=True)
    cluster.record.unlink(missing_ok=True)


def connect(
    record: Path, *, role: str = SUPERUSER, database: str = DATABASE
) -> psycopg.Connection[tuple[Any, ...]]:
    """An autocommit connection to the running server, by default with every right."""
    known = describe(record)
    if known is None:
        raise Problem(f"There is no embedded database: {record} does not exist.")
    return psycopg.connect(
        host=known["socket"],
        port=known["port"],
        user=role,
        dbname=database,
        autocommit=True,
        connect_timeout=10,
    )


def answers(record: Path) -> bool:
    """Whether the embedded server of this home accepts connections now."""
    try:
        connect(record).close()
    except (Problem, psycopg.OperationalError):
        return False
    return True


def _settings(cluster: Cluster) -> dict[str, str]:
    return SETTINGS | SCRATCH_SETTINGS if cluster.scratch else SETTINGS


def server_environment() -> dict[str, str]:
    """The environment of the server and its tools: nothing of ours."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _make_socket_directory(cluster: Cluster, user: binaries.ServerUser) -> Path:
    """A fresh private directory for the socket, with a path far below the kernel's limit of 107 bytes."""
    known = describe(cluster.record)
    if known is not None:
        shutil.rmtree(known["socket"], ignore_errors=True)
    if binaries.is_root():
        socket = cluster.directory / "socket"
        socket.mkdir(mode=0o700)
    else:
        socket = Path(tempfile.mkdtemp(prefix="casework-", dir="/tmp"))  # noqa: S108 - mkdtemp is private; TMPDIR may be long
    give(socket, user)
    return socket


def _write_record(cluster: Cluster, socket: Path) -> None:
    text = json.dumps(
        {
            "socket": str(socket),
            "port": PORT,
            "database": DATABASE,
            "owner": OWNER,
            "app": APP,
            "directory": str(cluster.directory),
        },
        indent=1,
    )
    draft = cluster.record.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.chmod(0o600)
    draft.write_text(text + "\n")
    draft.rename(cluster.record)


def _await_answer(cluster: Cluster, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            connect(cluster.record, database="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
            continue
        return
    if server.poll() is None:
        server.send_signal(signal.SIGQUIT)
        server.wait(STOP_SECONDS)
    raise Problem(f"The embedded database did not start. The end of {log}:\n{_tail(log)}")


def _clear_remains(cluster: Cluster) -> None:
    """After a crash: end a server that still runs on this data; forget a pid file that names none of ours.

    PostgreSQL itself refuses to start when the stale pid now belongs to any other process of the same user.
    """
    lock = cluster.data / "postmaster.pid"
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return
    if serves(pid, cluster.data):
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while serves(pid, cluster.data):
            if time.monotonic() > deadline:
                raise Problem(
                    f"Another PostgreSQL (process {pid}) still runs on {cluster.data} and does not stop."
                )
            time.sleep(0.1)
        return
    lock.unlink(missing_ok=True)


def serves(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is a PostgreSQL whose working directory is ``data``."""
    try:
        return Path(os.readlink(f"/proc/{pid}/cwd")) == data.resolve()
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return False


def give(path: Path, user: binaries.ServerUser) -> None:
    """Make ``path`` the server user's own, closed to all others."""
    path.chmod(0o700)
    if user.uid is not None and user.gid is not None:
        os.chown(path, user.uid, user.gid)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:].strip()
