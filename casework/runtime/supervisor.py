"""`run`: one process that prepares an installation, starts its parts, looks after them and stops them."""

from __future__ import annotations

import http.client
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from casework.runtime import abandoned, children, cluster, creation, preparation, schema
from casework.runtime.children import Child, Output, Stopped
from casework.runtime.guard import Guard, post_guard
from casework.runtime.installation import Installation
from casework.runtime.lock import HomeLock
from casework.runtime.preparation import Task
from casework.runtime.problem import Problem

HEALTH_SECONDS = 0.3
#: The one password of everybody in the demo (staff/management/commands/demo.py sets it): public by intent.
DEMO_PASSWORD = "casework-demo-2026"  # noqa: S105
DEMO_SIGN_INS = (
    ("mona", "moderator"),
    ("milo", "moderator"),
    ("sena", "senior moderator, cleared"),
    ("lena", "supervisor, cleared"),
    ("lex", "legal liaison"),
    ("audra", "auditor"),
    ("ada", "administrator"),
    ("nia", "NGO partner"),
    ("stan", "no role"),
)


def run(at: Installation) -> int:
    """Start everything and stay until Ctrl-C or SIGTERM; the exit code.

    Raises `Problem` when it cannot start.
    """
    at.make_directories()
    with HomeLock(at.home, f"Casework at {at.public_url}"):
        _require_free_port(at)
        guard = post_guard()
        output = Output()
        try:
            with _signals(output):
                return Supervisor(at, output, guard).run()
        finally:
            guard.dismiss()


class Supervisor:
    """The children of one installation, from first start to orderly stop."""

    def __init__(self, at: Installation, output: Output, guard: Guard) -> None:
        self.at = at
        self.output = output
        self.guard = guard
        self.began = time.monotonic()
        self.server: cluster.Cluster | None = None
        self.postgres: subprocess.Popen[bytes] | None = None
        self.children: list[Child] = []
        self.downloads: list[Task] = []
        self.current: Task | None = None
        self.answered = False
        self.asked_at = 0.0
        self.working = False
        self.demo_ended = False

    def run(self) -> int:
        """Prepare, start, look after, stop."""
        try:
            self._start()
            while True:
                self.output.pump(0.2)
                self._look_after()
        except Stopped:
            return 0
        finally:
            self._stop()

    def _start(self) -> None:
        for directory in abandoned.remove_abandoned():
            self.output.say(f"Removed the database in {directory}, whose home directory is gone.")
        if preparation.prepare_keys(self.at):
            self.output.say(f"Made new keys in {self.at.keys}. Back them up: nothing else opens evidence.")
        self.downloads = [
            Task(name, argv, self.at.environment("manage"), self.at, self.output, self.guard)
            for name, argv in preparation.artefact_commands(self.at)
        ]
        if not self.at.database_url:
            self._start_database()
        self._run_in_turn(preparation.catalogue_commands(), self.at.environment("manage"))
        self._prepare_schema()
        self._start_child(children.web(self.at))
        self._start_child(children.sealer(self.at))

    def _prepare_schema(self) -> None:
        if self.server is not None and schema.is_current(self.at):
            return
        self._run_in_turn(preparation.schema_commands(self.at), self.at.owner_environment())
        if self.server is not None:
            schema.remember(self.at)

    def _run_in_turn(self, commands: Sequence[tuple[str, list[str]]], env: Mapping[str, str]) -> None:
        for name, argv in commands:
            self.current = Task(name, argv, env, self.at, self.output, self.guard)
            while (code := self.current.poll()) is None:
                self.output.pump(0.1)
            self.current = None
            self.output.pump(0)
            if code:
                raise preparation.failure(self.at, name, argv, code)

    def _start_database(self) -> None:
        mark = f"casework:{self.at.profile}"
        self.server = creation.prepare(self.at.home, mark=mark)
        self.postgres = cluster.start(self.server, self.at.logs / "postgres.log")
        self.guard.watch(self.postgres.pid, signal.SIGINT)

    def _start_child(self, command: children.Command) -> None:
        child = Child(command, self.at.logs, self.output, self.guard)
        self.children.append(child)
        child.start()

    def _look_after(self) -> None:
        if self.postgres is not None and self.server is not None and self.postgres.poll() is not None:
            self.output.say("The database ended; it starts again. It recovers what was committed.")
            self.guard.forget(self.postgres.pid)
            self.postgres = cluster.start(self.server, self.at.logs / "postgres.log")
            self.guard.watch(self.postgres.pid, signal.SIGINT)
        for child in self.children:
            child.look_after()
        self._look_after_downloads()
        if not self.answered and time.monotonic() - self.asked_at > HEALTH_SECONDS:
            self.asked_at = time.monotonic()
            self.answered = _web_answers(self.at)
            if self.answered:
                self._welcome()
        self._look_after_demo()

    def _look_after_downloads(self) -> None:
        """The worker starts when the model weights are there, or cannot be had."""
        for task in list(self.downloads):
            code = task.poll()
            if code is not None:
                self.downloads.remove(task)
            if code:
                self.output.say(
                    f"“{task.name}” could not be fetched (see {self.at.logs / task.name}.log). All else "
                    "runs; what needs it is marked “not scored”. Start again when the network is back."
                )
        if not self.downloads and not self.working:
            self.working = True
            self._start_child(children.worker(self.at))

    def _look_after_demo(self) -> None:
        """Demo data takes the real way in, so it waits for web and worker."""
        if not self.at.is_demo or self.demo_ended or not self.answered or not self.working:
            return
        if self.current is None:
            env = self.at.environment("manage")
            self.output.say("demo data is being filed…")
            self.current = Task("demo", children.manage("demo"), env, self.at, self.output, self.guard)
        elif (code := self.current.poll()) is not None:
            self.current = None
            self.demo_ended = True
            self.output.pump(0)
            self.output.say(
                f"The demo data was not filed completely (see {self.at.logs / 'demo.log'}). "
                "Everything else runs; the next start files the rest."
                if code
                else f"ready in {time.monotonic() - self.began:.1f} s"
            )

    def _welcome(self) -> None:
        seconds = time.monotonic() - self.began
        self.output.say(f"\nCasework is at {self.at.public_url}  (after {seconds:.1f} s)")
        if not self.at.is_demo:
            self.output.say(f"ready in {seconds:.1f} s")
            return
        self.output.say(f"A demo on this machine only. Sign in with the password “{DEMO_PASSWORD}” as:")
        for name, role in DEMO_SIGN_INS:
            self.output.say(f"  {name + '@demo.test':<18} {role}")
        self.output.say("Stop with Ctrl-C.\n")

    def _stop(self) -> None:
        """End the children in order: doors first, then work in hand, then the log, then the database."""
        self.output.stopping = True
        asked = self.output.stop_requests
        self.output.say("stopping…")
        for task in [*self.downloads, *([self.current] if self.current else [])]:
            task.end()
        order = {"web": 0, "worker": 1, "sealer": 2}
        for child in sorted(self.children, key=lambda child: order[child.command.name]):
            child.ask_to_stop()
            deadline = time.monotonic() + child.command.stop_seconds
            while child.running() and time.monotonic() < deadline and self.output.stop_requests < asked + 2:
                self.output.pump(0.05)
            child.finish()
        self.output.pump(0)
        if self.postgres is not None and self.server is not None:
            cluster.stop(self.server, self.postgres)
            self.guard.forget(self.postgres.pid)
        self.output.say("stopped; everything is kept.")


@contextmanager
def _signals(output: Output) -> Iterator[None]:
    """Let SIGINT and SIGTERM ask ``output`` to stop, and let these and a child's end wake it.

    Nothing is raised inside a handler: between the fork of a child and the note of its pid that would lose
    it.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        output.stop_requests += 1

    wake_read, wake_write = socket.socketpair()
    wake_read.setblocking(False)
    wake_write.setblocking(False)
    output.selector.register(wake_read, selectors.EVENT_READ, None)
    signal.set_wakeup_fd(wake_write.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        yield
    finally:
        signal.set_wakeup_fd(-1)


def _require_free_port(at: Installation) -> None:
    family = socket.AF_INET6 if ":" in at.bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((at.bind, at.port))
        except OSError as error:
            raise Problem(
                f"Port {at.port} on {at.bind} cannot be used: {os.strerror(error.errno or 0)}.\n"
                f"Nothing was started. Stop what uses it, or choose another: make run PORT={at.port + 1}"
            ) from None


def _web_answers(at: Installation) -> bool:
    link = http.client.HTTPConnection(at.bind, at.port, timeout=2)
    with suppress(OSError, http.client.HTTPException):
        link.request("GET", "/healthz", headers={"Host": f"localhost:{at.port}"})
        return link.getresponse().status > 0
    return False
