"""The long-running children: their command lines, and one running child with its restarts."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from casework.runtime import process
from casework.runtime.guard import Guard
from casework.runtime.installation import CHECKOUT, Installation

LONGEST_PAUSE = 30.0
STEADY_SECONDS = 60.0
"""A child that lived this long starts again without a pause."""


@dataclass(frozen=True)
class Command:
    """What to start, in which role, and how long it may take to stop (seconds)."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    stop_seconds: float


def web(at: Installation) -> Command:
    """gunicorn with read deadlines, on loopback unless CASEWORK_BIND says otherwise."""
    memory = "/dev/shm"  # noqa: S108 - the heartbeat file of a worker must not wait for a disk
    argv = [
        *(sys.executable, "-m", "gunicorn", "casework.wsgi"),
        *("--bind", f"{at.bind}:{at.port}", "--worker-class", "casework.runtime.webworker.DeadlineWorker"),
        *("--workers", os.environ.get("WEB_CONCURRENCY", "2"), "--threads", "4", "--preload"),
        *("--timeout", "60", "--graceful-timeout", "20", "--keep-alive", "5"),
        *("--limit-request-line", "4094", "--limit-request-fields", "60"),
        *("--limit-request-field_size", "8190"),
        *("--max-requests", "5000", "--max-requests-jitter", "500", "--no-control-socket"),
        # Django reads X-Forwarded-* itself, from TRUSTED_PROXIES only; gunicorn must believe nobody.
        *("--forwarded-allow-ips", "", "--error-logfile", "-", "--log-level", "warning"),
        *(("--worker-tmp-dir", memory) if os.access(memory, os.W_OK) else ()),
    ]
    return Command("web", argv, at.environment("web"), 25)


def worker(at: Installation) -> Command:
    """The task cluster with its bell, reaper and watchdog."""
    return Command("worker", manage("worker"), at.environment("worker"), 45)


def sealer(at: Installation) -> Command:
    """The one process that signs the log."""
    return Command("sealer", manage("seal"), at.environment("worker"), 15)


PARTS = {"web": web, "worker": worker, "sealer": sealer}


def manage(*arguments: str) -> list[str]:
    """The command line of one management command."""
    return [sys.executable, str(CHECKOUT / "manage.py"), *arguments]


class Stopped(Exception):
    """A person or the system asked us to stop."""


class Output:
    """The one stream: lines of all children, each with the child's name before it.

    Waiting happens here too, so here a request to stop is noticed: `pump` raises `Stopped` until `stopping`
    is set.
    """

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.stop_requests = 0
        self.stopping = False

    def say(self, text: str) -> None:
        """A line of the supervisor's own."""
        _write(f"{text}\n".encode())

    def attach(self, name: str, pipe: IO[bytes], log: Path) -> None:
        """Follow ``pipe`` until it ends, line by line, on our stdout and in ``log``."""
        os.set_blocking(pipe.fileno(), False)
        self.selector.register(pipe, selectors.EVENT_READ, _Follower(name, pipe, log.open("ab", buffering=0)))

    def pump(self, seconds: float) -> None:
        """Pass on what arrives, for at most ``seconds``; raises `Stopped` when we were asked to stop."""
        if self.stop_requests and not self.stopping:
            raise Stopped
        for key, _events in self.selector.select(seconds):
            follower = key.data
            if follower is None:
                os.read(key.fd, 4096)  # the signal pipe: it only had to wake us
                if self.stop_requests and not self.stopping:
                    raise Stopped
            elif not follower.read():
                self.selector.unregister(key.fileobj)
                follower.close()


@dataclass
class _Follower:
    name: str
    pipe: IO[bytes]
    log: IO[bytes]
    rest: bytes = b""

    def read(self) -> bool:
        try:
            data = os.read(self.pipe.fileno(), 65536)
        except BlockingIOError:
            return True
        *lines, self.rest = (self.rest + data).split(b"\n")
        if not data and self.rest:
            lines, self.rest = [*lines, self.rest], b""
        for line in lines:
            self.log.write(line + b"\n")
            _write(f"{self.name:<8}| ".encode() + line + b"\n")
        return bool(data)

    def close(self) -> None:
        self.pipe.close()
        self.log.close()


def _write(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever read our output has gone; the logs still have it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass
class Child:
    """One child that is started again, with growing pauses, when it ends by itself."""

    command: Command
    logs: Path
    output: Output
    guard: Guard
    popen: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    failures: int = 0

    def start(self) -> None:
        """Start it now."""
        command = self.command
        self.popen = process.start(command.argv, env=command.env, output=subprocess.PIPE, cwd=CHECKOUT)
        self.started = time.monotonic()
        self.guard.watch(self.popen.pid)
        assert self.popen.stdout is not None
        self.output.attach(self.command.name, self.popen.stdout, self.logs / f"{self.command.name}.log")

    def look_after(self) -> None:
        """Notice an end, clear its remains, and start again when the pause is over."""
        now = time.monotonic()
        if self.popen is not None and (code := self.popen.poll()) is not None:
            # Its own children lost their head and still hold memory and connections: they go first.
            process.signal_group(self.popen.pid, signal.SIGKILL)
            self.guard.forget(self.popen.pid)
            self.popen = None
            self.failures = 0 if now - self.started > STEADY_SECONDS else self.failures + 1
            pause = 0.0 if self.failures == 0 else min(LONGEST_PAUSE, 0.5 * 2 ** (self.failures - 1))
            self.due = now + pause
            self.output.say(f"{self.command.name} ended ({_how(code)}); it starts again in {pause:.1f} s.")
        elif self.popen is None and now >= self.due:
            self.start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM to its leader, which knows how to end its own children in order."""
        if self.popen is not None:
            self.popen.terminate()

    def running(self) -> bool:
        """Whether it still runs."""
        return self.popen is not None and self.popen.poll() is None

    def finish(self) -> None:
        """Kill what is left of it and of its descendants."""
        if self.popen is not None:
            process.signal_group(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
            self.guard.forget(self.popen.pid)
            self.popen = None


def _how(code: int) -> str:
    return f"by signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
