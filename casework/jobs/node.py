"""Where a process id means something, and whether its process lives."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

STOPPED = "T"
GONE = ("Z", "X", "")


@cache
def this_node() -> str:
    """The machine, its boot and its pid namespace: processes of one node can look each other up by number."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii")[:8]
    namespace = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    return f"{socket.gethostname()[:60]}/{boot}/{namespace}"


def state_of(pid: int) -> str:
    """The kernel's letter for what *pid* does (proc(5)), "" when there is no such process."""
    return _fields(pid)[0]


def is_alive(pid: int) -> bool:
    """Whether *pid* can still do something; a zombie cannot."""
    return state_of(pid) not in GONE


def members_of(group: int) -> dict[int, str]:
    """The living processes of a process group: pid -> state letter."""
    found: dict[int, str] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            state, its_group = _fields(int(entry.name))
            if its_group == group and state not in GONE:
                found[int(entry.name)] = state
    return found


def _fields(pid: int) -> tuple[str, int]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except (FileNotFoundError, ProcessLookupError):
        return "", 0
    # The name is in parentheses and may hold anything, so what follows counts from the last one.
    state, _parent, group = text.rpartition(")")[2].split()[:3]
    return state, int(group)
