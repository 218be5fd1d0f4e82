"""Starting child processes that cannot outlive us."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1  # prctl(2)
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with_parent(with_signal: signal.Signals, parent: int) -> Callable[[], None]:
    """A function for the child, between fork and exec: the kernel sends ``with_signal`` when ``parent`` ends.

    It must run after a change of user, which clears the setting; `subprocess` calls it last.
    """

    def set_it() -> None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)

    return set_it


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    output: IO[bytes] | int,
    on_our_death: signal.Signals = signal.SIGTERM,
    uid: int | None = None,
    gid: int | None = None,
    cwd: Path | str | None = None,
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, so that `end_group` reaches its descendants too.

    Call it from the main thread only: the kernel ties the death signal to the thread that forked.
    """
    return subprocess.Popen(  # noqa: S603 - our own command lines
        list(command),
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
        start_new_session=True,
        preexec_fn=die_with_parent(on_our_death, os.getpid()),  # noqa: PLW1509 - we have one thread
    )


def signal_group(pid: int, what: signal.Signals) -> bool:
    """Send ``what`` to the process group that ``pid`` leads or led; false when nobody is left in it."""
    try:
        os.killpg(pid, what)
    except ProcessLookupError:
        return False
    return True
