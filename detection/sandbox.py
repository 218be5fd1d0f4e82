"""Run a function on hostile bytes in a disposable child that may only compute and answer once over a pipe.

``os.fork`` costs a few milliseconds where a new interpreter costs seventy. The child inherits the input by
the fork, is confined (``confinement``), and answers with JSON and byte strings, never with a pickle: whoever
takes the child over gains no code in the parent. The answer's *content* must still be validated
(``wire.from_wire``).

The child can open no file, so everything it needs must be imported before the fork: call the same function
once on a small known input (a warm-up) when a worker starts. Database connections and sockets of the parent
are closed in the child before the function runs and are never finalised there.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn

from detection.confinement import confine
from detection.findings import Failure
from detection.limits import DEFAULT, Limits
from detection.opening import Unopenable

Work = Callable[[], tuple[Mapping[str, Any], Sequence[bytes]]]
"""What runs in the child: gives a JSON-able mapping and byte strings beside it. It may raise Unopenable."""

_PIPE = 3
_HEADER = struct.Struct(">4sIQ")
_MAGIC = b"CWa1"
_READY = b"R"
"""Sent once the child is confined and before it sees hostile bytes: without it, the kernel refused."""


class Lock(StrEnum):
    """How far the child is confined. WEAK has limits but no call filter; it is only for kernels that refuse
    one.
    """

    FULL = "full"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Usage:
    """What the child cost: seconds of wall clock and CPU, and its largest resident size in bytes (with
    inherited pages).
    """

    wall_seconds: float
    cpu_seconds: float
    max_rss_bytes: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The function returned. ``document`` is parsed JSON; its content is not yet to be trusted."""

    document: dict[str, Any]
    parts: tuple[bytes, ...]
    usage: Usage


@dataclass(frozen=True, slots=True)
class Refused:
    """The function gave up in an orderly way: final, no second try would end differently."""

    failure: Failure
    usage: Usage


@dataclass(frozen=True, slots=True)
class ChildDied:
    """The child ended without a whole answer. Counts as one start; the caller's ledger makes three a
    quarantine.

    ``cause`` is ``cpu``, ``wall``, ``answer`` (malformed or too large), ``exit`` or a signal's name such as
    ``SIGSEGV``.
    """

    cause: str
    sentence: str
    usage: Usage


Outcome = Answer | Refused | ChildDied


class Unconfined(Exception):
    """The kernel refused to confine the child; nothing was run."""


def run(work: Work, limits: Limits = DEFAULT, *, lock: Lock = Lock.FULL) -> Outcome:
    """Run ``work`` in a confined child and wait for it, at most ``limits.wall_seconds``.

    Raises Unconfined when the kernel refuses the confinement, OSError when no process or pipe can be made.
    """
    started = time.monotonic()
    reading, writing = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        raise
    if pid == 0:
        _child(work, limits, lock, writing)
    os.close(writing)
    try:
        raw, cause = _receive(reading, limits, started + limits.wall_seconds)
    finally:
        os.close(reading)
        status, cpu_seconds, rss = _end(pid)
    if cause == "unconfined":
        raise Unconfined("the child could not be confined, so nothing was run")
    usage = Usage(time.monotonic() - started, cpu_seconds, rss)
    return _outcome(raw, cause, status, usage)


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


def _attempts() -> tuple[dict[str, int], list[bytes]]:
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


def _child(work: Work, limits: Limits, lock: Lock, writing: int) -> NoReturn:
    """Everything after the fork, in the child. Leaves by ``os._exit``: no handler of the parent may run
    here.
    """
    try:
        gc.disable()  # a finaliser of the parent's objects (a database connection, say) must not run here
        _only_pipe(writing)
        _default_signals()
        confine(limits, filter_calls=lock is Lock.FULL)
        os.write(_PIPE, _READY)
        _send(*_worked(work))
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


def _worked(work: Work) -> tuple[str, Mapping[str, Any], Sequence[bytes]]:
    try:
        document, parts = work()
    except Unopenable as error:
        return "refused", _failure(error.failure), ()
    except MemoryError:
        return "refused", _failure(Failure("memory", "The file needs more memory than allowed.", True)), ()
    except Exception as error:  # noqa: BLE001 - hostile input may raise anything; the class alone leaves the child
        sentence = f"The file could not be examined ({type(error).__name__})."
        return "refused", _failure(Failure("unexpected", sentence)), ()
    return "answer", document, parts


def _failure(failure: Failure) -> dict[str, Any]:
    return {"code": failure.code, "sentence": failure.sentence, "quarantine": failure.quarantine}


def _send(kind: str, document: Mapping[str, Any], parts: Sequence[bytes]) -> None:
    envelope = {"kind": kind, "document": document, "parts": [len(part) for part in parts]}
    text = json.dumps(envelope, allow_nan=False).encode()
    for piece in (_HEADER.pack(_MAGIC, len(text), sum(map(len, parts))), text, *parts):
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(_PIPE, rest) :]


def _receive(fd: int, limits: Limits, deadline: float) -> tuple[bytes, str]:
    """Read one whole answer, or say why not: ``wall``, ``answer``, ``ended``, or ``unconfined`` when not even
    the ready sign came.
    """
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    received = bytearray()
    wanted = start = len(_READY) + _HEADER.size
    while len(received) < wanted:
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return b"", "wall"
        chunk = os.read(fd, min(wanted - len(received), 1 << 20))
        if not chunk:
            return b"", "ended" if received else "unconfined"
        received += chunk
        if len(received) == wanted == start:
            magic, text, parts = _HEADER.unpack_from(received, len(_READY))
            wanted += text + parts
            if magic != _MAGIC or wanted > limits.max_answer_bytes:
                return b"", "answer"
    return bytes(memoryview(received)[len(_READY) :]), ""


def _end(pid: int) -> tuple[int | None, float, int]:
    """Kill the child, who has nothing left to say, and collect its status (None when somebody else did) and
    usage.
    """
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    try:
        _, status, usage = os.wait4(pid, 0)
    except ChildProcessError:
        return None, 0.0, 0
    return status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def _outcome(raw: bytes, cause: str, status: int | None, usage: Usage) -> Outcome:
    if not cause:
        try:
            return _parsed(raw, usage)
        except (ValueError, KeyError, TypeError, RecursionError):
            cause = "answer"
    if cause == "ended":
        cause = _how_it_ended(status)
    return ChildDied(cause, _SENTENCES.get(cause, f"The reader was stopped ({cause})."), usage)


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


def _parsed(raw: bytes, usage: Usage) -> Outcome:
    _, length, _ = _HEADER.unpack_from(raw)
    start = _HEADER.size + length
    envelope = json.loads(raw[_HEADER.size : start], parse_constant=_no_constant)
    document = envelope["document"]
    if not isinstance(document, dict):
        raise ValueError("not an object")
    if envelope["kind"] == "refused":
        return Refused(_read_failure(document), usage)
    parts = []
    for size in envelope["parts"]:
        if not isinstance(size, int) or not 0 <= size <= len(raw) - start:
            raise ValueError("parts do not fit")
        parts.append(raw[start : start + size])
        start += size
    if start != len(raw):
        raise ValueError("bytes left over")
    return Answer(document, tuple(parts), usage)


def _read_failure(document: Mapping[str, Any]) -> Failure:
    code, sentence, quarantine = document["code"], document["sentence"], document["quarantine"]
    if not (isinstance(code, str) and isinstance(sentence, str) and isinstance(quarantine, bool)):
        raise ValueError("not a failure")
    if not code.isidentifier() or len(code) > 40 or len(sentence) > 500:
        raise ValueError("not a failure")
    return Failure(code, sentence, quarantine)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
