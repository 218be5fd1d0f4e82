"""One supervisor per home directory. The kernel holds the lock; it ends with its last holder."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from casework.runtime.problem import Problem

CLEAN_UP_SECONDS = 40


class HomeLock:
    """An advisory lock on ``supervisor.lock`` in the home directory; a context manager.

    After a supervisor was killed, its guard (`guard.py`) holds the lock until the remaining processes have
    ended; a new start waits for that. A living supervisor is named in the `Problem` that is raised.
    """

    def __init__(self, home: Path, says: str) -> None:
        self.path = home / "supervisor.lock"
        self.says = says
        self.handle = -1

    def __enter__(self) -> HomeLock:
        self.handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + CLEAN_UP_SECONDS
        while not self._take():
            holder, words = _holder(self.path)
            if holder or time.monotonic() > deadline:
                os.close(self.handle)
                raise Problem(
                    f"{words or 'Another process'} is already using {self.path.parent}.\n"
                    "Nothing was changed. Stop it first, or set CASEWORK_HOME (and PORT) to other values."
                )
            time.sleep(0.1)
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, f"{os.getpid()}\n{self.says}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.ftruncate(self.handle, 0)
        os.close(self.handle)

    def _take(self) -> bool:
        try:
            fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _holder(path: Path) -> tuple[bool, str]:
    """Whether the process named in the lock file lives, and what it said about itself."""
    lines = path.read_text().splitlines()
    if len(lines) < 2 or not lines[0].isdecimal():
        return False, ""
    return Path(f"/proc/{lines[0]}").is_dir(), f"{lines[1]} (process {lines[0]})"
