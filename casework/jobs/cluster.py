"""One django-q2 cluster as a process group of its own, forked from its steward: they share their memory.

Every process in it dies with its parent, by the kernel's word: a steward that was killed leaves no worker
behind that would go on with a lease nobody watches.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

from django.db import connections
from django_q.cluster import Cluster as QCluster
from django_q.conf import Conf

from casework.jobs.broker import Doorbell
from casework.jobs.node import members_of

_PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None, use_errno=True)
_BROKEN = 70  # sysexits.h: EX_SOFTWARE


class Cluster:
    """The cluster of one bell. ``leader`` is its first process and its group's number, or 0."""

    def __init__(self, bell: str) -> None:
        self.bell = bell
        self.leader = 0

    def start(self) -> None:
        """Fork it. Closes this process's connections first: a child must not share them."""
        connections.close_all()
        sys.stdout.flush()
        sys.stderr.flush()
        steward = os.getpid()
        pid = os.fork()
        if pid == 0:
            code = _BROKEN
            try:
                code = _lead(self.bell, steward)
            finally:
                sys.stderr.flush()
                os._exit(code)
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # the child does the same; whoever comes first
        self.leader = pid

    def members(self) -> dict[int, str]:
        """Its living processes: pid -> state letter of proc(5)."""
        return members_of(self.leader) if self.leader else {}

    def has_ended(self) -> bool:
        """Whether the leader ended; what is left of the group is killed then."""
        if self.leader == 0:
            return True
        ended, _status = os.waitpid(self.leader, os.WNOHANG)
        if ended:
            self._kill_rest()
        return bool(ended)

    def kill(self) -> None:
        """End all of it at once."""
        if self.leader:
            self._kill_rest(but_first=True)

    def stop(self, seconds: float) -> bool:
        """Let running jobs finish for at most *seconds*, then kill; whether it ended by itself."""
        if self.leader == 0:
            return True
        with suppress(ProcessLookupError):
            os.kill(self.leader, signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.has_ended():
                return True
            time.sleep(0.05)
        self.kill()
        return False

    def _kill_rest(self, *, but_first: bool = False) -> None:
        group = self.leader
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        if but_first:
            with suppress(ChildProcessError):
                os.waitpid(group, 0)
        while members_of(group):  # a lease may be released only when its holder is really gone
            time.sleep(0.01)
        self.leader = 0


def _lead(bell: str, steward: int) -> int:
    os.setpgid(0, 0)
    _die_with(steward)
    parents: list[int] = [os.getpid()]
    os.register_at_fork(
        before=lambda: parents.__setitem__(0, os.getpid()), after_in_child=lambda: _die_with(parents[0])
    )
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    Conf.CLUSTER_NAME = bell
    cluster = QCluster(broker=Doorbell(bell))
    cluster.start()
    cluster.sentinel.join()
    return cluster.sentinel.exitcode or 0


def _die_with(parent: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it ended before the line above
        os._exit(1)
