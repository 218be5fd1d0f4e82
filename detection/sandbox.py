"""Run a function on hostile bytes in a disposable child that may only compute and answer over a pipe.

``os.fork`` costs a few milliseconds where a new interpreter costs seventy. The child is confined
(``confinement``) before it looks at its input, and answers with JSON and byte strings (``answers``).

The child can open no file, so everything it needs must be imported before the fork: call the same function
once on a small known input (a warm-up) first. Connections and sockets of the parent are closed in the child
before the function runs and are never finalised there.

``run`` forks the calling process. A worker that holds models and keys asks ``zygote`` instead, whose children
come from a small process that holds neither.
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NoReturn, Protocol

from detection.answers import (
    READY,
    Answer,
    ChildDied,
    Outcome,
    Refused,
    Silence,
    Usage,
    parsed,
    receive,
    receive_ready,
    send,
    send_failure,
)
from detection.confinement import confine
from detection.findings import Failure
from detection.limits import DEFAULT, Limits
from detection.opening import Unopenable

__all__ = [
    "Answer",
    "Child",
    "ChildDied",
    "Given",
    "Lock",
    "Outcome",
    "Refused",
    "Talk",
    "Unconfined",
    "Usage",
    "Work",
    "be_a_child",
    "probe",
    "run",
]

Given = tuple[Mapping[str, Any], Sequence[bytes]]
"""One answer: a JSON-able mapping, and byte strings beside it."""

Work = Callable[[], Given | Iterable[Given]]
"""What runs in the child: gives one answer, or several as they are ready. It may raise Unopenable."""

_PIPE = 3


class Lock(StrEnum):
    """How far the child is confined. WEAK has limits but no call filter; it is only for kernels that refuse
    one.
    """

    FULL = "full"
    WEAK = "weak"


class Unconfined(Exception):
    """The kernel refused to confine the child; nothing was run."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended: its wait status (None when nobody can say), CPU seconds and largest resident bytes."""

    status: int | None
    cpu_seconds: float = 0.0
    max_rss_bytes: int = 0


class Child(Protocol):
    """A living child of this process or of a zygote."""

    def end(self) -> Ending:
        """Kill it, who has nothing left to say, and collect what it cost."""

    def let_go(self) -> None:
        """See to it that it ends, without waiting for that where somebody else does."""


class Talk:
    """One child as its listener sees it. A context manager that ends the child; ``hear`` gives its next answer."""

    def __init__(self, pipe: int, child: Child, limits: Limits) -> None:
        self._pipe = pipe
        self._child = child
        self._limits = limits
        self._began = time.monotonic()
        self._is_ready = False
        self._ending: Ending | None = None

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *error: object) -> None:
        if self._ending is None:
            os.close(self._pipe)
            self._ending = Ending(None)
            self._child.let_go()

    @property
    def deadline(self) -> float:
        """When the limits' wall clock is over, as a time of the monotonic clock."""
        return self._began + self._limits.wall_seconds

    def hear(self, *, until: float | None = None, most_bytes: int | None = None) -> Outcome:
        """The child's next answer. After a Refused or ChildDied there is none.

        *until* is a time of the monotonic clock (by default the limits' wall clock from the child's start),
        *most_bytes* bounds the answer. Raises Unconfined when the kernel refused to confine the child.
        """
        deadline = self.deadline if until is None else until
        most = self._limits.max_answer_bytes if most_bytes is None else most_bytes
        try:
            if not self._is_ready:
                receive_ready(self._pipe, deadline)
                self._is_ready = True
            return parsed(*receive(self._pipe, most, deadline), self._usage())
        except Silence as silence:
            return self._died(silence.cause)
        except (ValueError, KeyError, TypeError, RecursionError):
            return self._died("answer")

    def end(self) -> Usage:
        """End the child, if it still lives; what it cost."""
        if self._ending is None:
            os.close(self._pipe)
            self._ending = self._child.end()
        return self._usage()

    def _usage(self) -> Usage:
        wall = time.monotonic() - self._began
        if self._ending is None:
            return Usage(wall)
        return Usage(wall, self._ending.cpu_seconds, self._ending.max_rss_bytes)

    def _died(self, cause: str) -> ChildDied:
        usage = self.end()
        status = self._ending.status if self._ending is not None else None
        if cause == "ended":
            cause = _how_it_ended(status)
            if not self._is_ready and status is not None and os.WIFEXITED(status):
                raise Unconfined("the child could not be confined, so nothing was run")
        return ChildDied(cause, _SENTENCES.get(cause, f"The reader was stopped ({cause})."), usage)


@dataclass(frozen=True, slots=True)
class _Own:
    """A child of this very process."""

    pid: int

    def end(self) -> Ending:
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        try:
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:  # somebody else collected it
            return Ending(None)
        return Ending(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)

    def let_go(self) -> None:
        self.end()


def run(work: Work, limits: Limits = DEFAULT, *, lock: Lock = Lock.FULL) -> Outcome:
    """Run ``work`` in a confined fork of this process and wait for its (first) answer, at most
    ``limits.wall_seconds``.

    Raises Unconfined when the kernel refuses the confinement, OSError when no process or pipe can be made.
    """
    reading, writing = os.pipe()
    parent = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if pid == 0:
        be_a_child(work, limits, lock, writing, parent)
    os.close(writing)
    with Talk(reading, _Own(pid), limits) as talk:
        outcome = talk.hear()
        return replace(outcome, usage=talk.end())


def probe() -> str:
    """Why this machine cannot confine a child, in words; empty when it can. To be asked when a worker
    starts.
    """
    try:
        outcome = run(_attempts, Limits(wall_seconds=5.0, cpu_seconds=2))
    except (Unconfined, OSError) as error:
        return f"the kernel refuses the sandbox: {error}"
    if not isinstance(outcome, Answer):
        return f"the sandbox's own check did not answer: {outcome}"
    open_doors = [name for name, number in outcome.document.items() if number != errno.EPERM]
    return f"the sandbox lets through: {', '.join(open_doors)}" if open_doors else ""


def _attempts() -> Given:
    """Try what must not work; gives the error number of each attempt, 0 where it worked."""
    doors: dict[str, Callable[[], object]] = {
        "sockets": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "files": lambda: os.open("/", os.O_RDONLY),
        "programs": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        "signals": lambda: os.kill(os.getppid(), 0),
        "forks": os.fork,
    }
    return {name: _error_number(door) for name, door in doors.items()}, []


def _error_number(door: Callable[[], object]) -> int:
    try:
        door()
    except OSError as error:
        return error.errno or -1
    return 0


def be_a_child(work: Work, limits: Limits, lock: Lock, writing: int, parent: int) -> NoReturn:
    """Everything after the fork, in the child: confined, it answers on the pipe *writing* and ends.

    *parent* is who forked; should it be gone, nothing is run. Leaves by ``os._exit``: no handler of the parent
    may run here.
    """
    try:
        gc.disable()  # a finaliser of the parent's objects (a database connection, say) must not run here
        _only_pipe(writing)
        _default_signals()
        confine(limits, filter_calls=lock is Lock.FULL)
        if os.getppid() == parent:  # else it ended before its death could have been this one's
            os.write(_PIPE, READY)
            _answer(work)
    finally:
        os._exit(0)


def _only_pipe(writing: int) -> None:
    """Close every inherited file but the pipe (which becomes 3); 0 to 2 lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    pipe = os.dup(writing) if writing <= _PIPE else writing
    for fd in (0, 1, 2):
        os.dup2(nowhere, fd)
    if pipe != _PIPE:
        os.dup2(pipe, _PIPE)
    os.closerange(_PIPE + 1, os.sysconf("SC_OPEN_MAX"))


def _default_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGALRM,
        signal.SIGXCPU,
        signal.SIGCHLD,
    ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _answer(work: Work) -> None:
    """Send what the work gives, or why it gave up. A part that JSON cannot say ends the child."""
    try:
        for document, parts in _given(work):
            send(_PIPE, "answer", document, parts)
    except _GaveUp as error:
        send_failure(_PIPE, error.failure)


class _GaveUp(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.code)
        self.failure = failure


def _given(work: Work) -> Iterable[Given]:
    """The work's answers. Raises _GaveUp for whatever it raises, and only for that."""
    try:
        given = work()
        yield from [given] if isinstance(given, tuple) else given
    except Unopenable as error:
        raise _GaveUp(error.failure) from None
    except MemoryError:
        raise _GaveUp(Failure("memory", "The file needs more memory than allowed.", True)) from None
    except Exception as error:  # noqa: BLE001 - hostile input may raise anything; the class alone leaves the child
        sentence = f"The file could not be examined ({type(error).__name__})."
        raise _GaveUp(Failure("unexpected", sentence)) from None


_SENTENCES = {
    "cpu": "Reading the file took more computing time than allowed.",
    "wall": "Reading the file took longer than allowed.",
    "answer": "The reader gave an answer that is not well formed or too large.",
    "exit": "The reader ended without an answer.",
}


def _how_it_ended(status: int | None) -> str:
    if status is None or os.WIFEXITED(status):
        return "exit"
    number = os.WTERMSIG(status)
    return "cpu" if number == signal.SIGXCPU else signal.Signals(number).name
