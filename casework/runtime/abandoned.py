"""Clusters whose home directory is gone.

Root's clusters lie outside the home they belong to, so `rm -r var` leaves them behind. A scratch cluster
goes as soon as nobody runs it; any other only when its home has been missing for a week, for a home may
have been moved or its disk not be mounted.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path

from casework.runtime import binaries, cluster

WEEK = 7 * 24 * 3600


def remove_abandoned() -> list[Path]:
    """Delete abandoned clusters and name them. Does nothing unless we are root."""
    clusters = binaries.SHARED / "clusters"
    if not binaries.is_root() or not clusters.is_dir():
        return []
    gone = [directory for directory in sorted(clusters.iterdir()) if _is_abandoned(directory)]
    for directory in gone:
        _end_server(directory)
        shutil.rmtree(directory, ignore_errors=True)
    return gone


def _is_abandoned(directory: Path) -> bool:
    note = directory / "home.json"
    try:
        said = json.loads(note.read_text())
        age = time.time() - note.stat().st_mtime
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False  # being made this moment, or not ours
    home = Path(said["home"])
    known = cluster.describe(home / "postgres.json") if home.is_dir() else None
    if known is not None and known.get("directory") == str(directory):
        return bool(said["scratch"]) and not _runs(said["pid"]) and not _has_server(directory)
    return not _runs(said["pid"]) and (bool(said["scratch"]) or age > WEEK)


def _runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").is_dir()


def _server_pid(directory: Path) -> int | None:
    try:
        pid = int((directory / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if cluster.serves(pid, directory / "data") else None


def _has_server(directory: Path) -> bool:
    return _server_pid(directory) is not None


def _end_server(directory: Path) -> None:
    pid = _server_pid(directory)
    if pid is not None:
        os.kill(pid, signal.SIGQUIT)
