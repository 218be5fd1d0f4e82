"""What the tests let a cluster do. Each execution leaves a line in a file, so that nothing runs unseen."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from django.conf import settings

from casework.jobs.actions import GiveUp, Start
from tests.detection import dying


def diary() -> Path:
    """Where executions are written down."""
    return Path(os.environ.get("JOB_DIARY") or settings.CASEWORK_HOME / "diary")


def write(line: str) -> None:
    """Append one line; short appends to one file do not mix."""
    handle = os.open(diary(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, f"{line}\n".encode())
    finally:
        os.close(handle)


def note(name: str, *, start: Start) -> None:
    """Write down that it ran, and when (seconds since the epoch)."""
    write(f"note {name} {start.number} {time.time():.4f}")


def slow(name: str, seconds: float, *, start: Start) -> None:
    """Take *seconds*; written down at both ends."""
    write(f"begin {name} {start.number} {os.getpid()}")
    time.sleep(seconds)
    write(f"note {name} {start.number} {time.time():.4f}")


def poison(name: str, *, start: Start) -> None:
    """End the process that opens it."""
    write(f"poison {name} {start.number}")
    os.kill(os.getpid(), signal.SIGKILL)


def fails(name: str, *, start: Start) -> None:
    """Raise, with words that must not be kept."""
    write(f"fails {name} {start.number}")
    raise ValueError("the picture of a lighthouse called secret.jpg")


def hopeless(name: str, *, start: Start) -> None:
    """Give up at once."""
    write(f"hopeless {name} {start.number}")
    raise GiveUp("undecodable", "This file cannot be opened.")


def mourn(name: str, *, reason: str) -> None:
    """What a kind does about a job that was stopped for good."""
    write(f"mourned {name} {reason}")


def examine_beside_a_killer(item: str, *, start: Start) -> None:
    """The product's own examination, whose child dies at the sight of ``dying.KILLER``."""
    from casework.evidence import tasks
    from detection import looking

    looking.work = dying.at_the_sight_of_a_killer
    tasks.examine_item(item, start=start)
