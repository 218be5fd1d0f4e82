"""The guard: a small process that ends the children of a supervisor that was killed.

The kernel tells each child that its parent ended, but not the children's children. The guard is forked
first, hears from the supervisor over a pipe which process groups there are, and acts when the pipe closes
without a farewell. It holds the lock of the home directory until nothing is left, so that a new start
cannot meet the remains.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

from casework.runtime.process import signal_group

GRACE_SECONDS = 10.0


@dataclass
class Guard:
    """The supervisor's end: tell it which groups to end. Groups are named by the pid of their leader."""

    pid: int
    pipe: int
    groups: set[int] = field(default_factory=set)

    def watch(self, group: int, how: signal.Signals = signal.SIGTERM) -> None:
        """End ``group`` with ``how`` if we are killed."""
        self.groups.add(group)
        self._tell(f"+{group} {int(how)}\n")

    def forget(self, group: int) -> None:
        """``group`` has ended."""
        if group in self.groups:
            self.groups.discard(group)
            self._tell(f"-{group} 0\n")

    def _tell(self, line: str) -> None:
        # Without a guard (somebody killed it) the kernel's death signal remains; no reason to end the work.
        with suppress(BrokenPipeError):
            os.write(self.pipe, line.encode())

    def dismiss(self) -> None:
        """All is ended; the guard goes too."""
        os.close(self.pipe)
        os.waitpid(self.pid, 0)


def post_guard() -> Guard:
    """Fork the guard. Call it while this process is small and has one thread."""
    listen, tell = os.pipe()
    pid = os.fork()
    if pid:
        os.close(listen)
        return Guard(pid, tell)
    try:
        os.close(tell)
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _end_all(_listen(listen))
    finally:
        sys.stdout.flush()
        os._exit(0)


def _listen(pipe: int) -> dict[int, signal.Signals]:
    groups: dict[int, signal.Signals] = {}
    with os.fdopen(pipe) as lines:
        for line in lines:
            group, how = line[1:].split()
            if line.startswith("+"):
                groups[int(group)] = signal.Signals(int(how))
            else:
                groups.pop(int(group), None)
    return groups


def _end_all(groups: dict[int, signal.Signals]) -> None:
    left = {group for group, how in groups.items() if signal_group(group, how)}
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = {group for group in left if _alive(group)}
    for group in left:
        signal_group(group, signal.SIGKILL)


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
