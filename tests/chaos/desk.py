"""One database server and one real `manage.py worker` on it, to be hurt; and the ledger from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from casework.jobs.node import is_alive
from casework.runtime import cluster
from casework.runtime.installation import CHECKOUT

_ADD = """
    INSERT INTO jobs_job (public_id, kind, queue, key, args, state, starts, error_class, error, node)
    VALUES (%s, %s, %s, %s, %s, 'queued', 0, '', '', '')
"""
#: For what takes long: `make chaos` sets CHAOS_LONG=1.
only_long = pytest.mark.skipif(
    os.environ.get("CHAOS_LONG") != "1", reason="NOT TESTED: long chaos (set CHAOS_LONG=1)"
)
READ = "0"  # number of read(2) in /proc/PID/syscall on x86-64


def wait_until(so: Callable[[], Any], seconds: float, what: str) -> float:
    """Wait until *so* is true; how long it took. An assertion names *what* did not happen."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if so():
            return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class Desk:
    """*home* has keys and a running, migrated database; *server* is the pid of its postmaster."""

    home: Path
    env: dict[str, str]
    server: int
    log: Path
    worker: subprocess.Popen[bytes] | None = None

    # --- the worker's processes

    def start_worker(self, **env: str) -> None:
        """Start the steward and wait until its cluster can take work."""
        assert self.worker is None
        with self.log.open("ab") as output:
            self.worker = subprocess.Popen(
                [sys.executable, "manage.py", "worker"],
                cwd=CHECKOUT,
                env=self.env | {"CASEWORK_ROLE": "worker", "CASEWORK_DB_ROLE": "app"} | env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._is_up, 30, "the worker started")

    def _is_up(self) -> bool:
        assert self.worker is not None
        assert self.worker.poll() is None, self.said()
        return len(self.cast()) == 5

    def stop_worker(self) -> int:
        """SIGTERM, and wait; the exit code."""
        assert self.worker is not None
        self.worker.terminate()
        code = self.worker.wait(60)
        self.worker = None
        return code

    def kill_steward(self) -> list[psutil.Process]:
        """`kill -9` the steward alone; the processes that it had."""
        assert self.worker is not None
        children = psutil.Process(self.worker.pid).children(recursive=True)
        self.worker.kill()
        self.worker.wait()
        self.worker = None
        return children

    def end(self) -> None:
        """Whatever the test left behind is killed."""
        if self.worker is not None and self.worker.poll() is not None:
            self.worker = None
        if self.worker is not None:
            children = self.kill_steward()
            wait_until(lambda: not any(is_alive(child.pid) for child in children), 10, "the cluster is gone")

    def leader(self) -> psutil.Process | None:
        """The first process of the cluster."""
        assert self.worker is not None
        found = psutil.Process(self.worker.pid).children()
        return found[0] if found else None

    def cast(self) -> dict[str, psutil.Process]:
        """The processes of a fresh cluster by what they do. (django-q2 starts them in this order.)"""
        try:
            leader = self.leader()
            guards = leader.children() if leader else []
            rest = sorted(guards[0].children(), key=lambda process: process.pid) if guards else []
        except psutil.NoSuchProcess:
            return {}
        names = ("guard", "first", "second", "monitor", "pusher")
        return dict(zip(names, (*guards[:1], *rest), strict=False))

    def idle_holder(self) -> psutil.Process:
        """The idle worker that waits inside the shared queue, and so holds its lock."""
        found: list[psutil.Process] = []

        def look() -> bool:
            workers = [self.cast()["first"], self.cast()["second"]]
            found[:] = [one for one in workers if _syscall(one.pid) == READ]
            return len(found) == 1

        wait_until(look, 10, "one idle worker waits in read()")
        return found[0]

    def said(self) -> str:
        """The end of what the worker printed."""
        return self.log.read_text(errors="replace")[-4000:]

    # --- the ledger

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement, with every right."""
        with cluster.connect(self.home / "postgres.json") as link:
            done = link.execute(statement.encode(), values)
            return done.fetchall() if done.description else []

    def add(self, kind: str, name: str, queue: str = "score", **args: Any) -> str:
        """A committed job, announced as `add_job` does; its public id."""
        from psycopg.types.json import Jsonb

        public_id = str(uuid.uuid4())
        with cluster.connect(self.home / "postgres.json") as link, link.transaction():
            link.execute(_ADD, (public_id, kind, queue, f"{kind}:{name}", Jsonb({"name": name} | args)))
            link.execute("SELECT pg_notify('casework_jobs', %s)", (queue,))
        return public_id

    def add_notes(self, prefix: str, count: int) -> list[str]:
        """*count* jobs that only write a line."""
        names = [f"{prefix}{number}" for number in range(count)]
        for name in names:
            self.add("test.note", name)
        return names

    def wait_for_rest(self, seconds: float = 60) -> float:
        """Wait until no job waits or runs; how long it took. Every job then has one to three starts."""
        open_jobs = "SELECT count(*) FROM jobs_job WHERE state IN ('queued', 'running')"
        try:
            took = wait_until(lambda: self.sql(open_jobs) == [(0,)], seconds, "all jobs came to rest")
        except AssertionError as error:
            rows = self.sql(
                "SELECT key, state, starts FROM jobs_job WHERE state IN ('queued', 'running') LIMIT 5"
            )
            raise AssertionError(f"{error}; {rows}\n{self.said()}") from None
        assert self.sql("SELECT count(*) FROM jobs_job WHERE starts NOT BETWEEN 1 AND 3") == [(0,)]
        return took

    def state(self, name: str) -> tuple[str, int]:
        """The state of a job by its name, and how often it was started."""
        ((state, starts),) = self.sql("SELECT state, starts FROM jobs_job WHERE args ->> 'name' = %s", name)
        return state, starts

    def entries(self, verb: str) -> int:
        """How many entries of *verb* the log holds."""
        ((count,),) = self.sql("SELECT count(*) FROM audit_entry WHERE verb = %s", verb)
        return int(count)

    def diary(self, word: str = "note") -> list[list[str]]:
        """The lines that the jobs wrote and that begin with *word*, split."""
        path = self.home / "diary"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line.split() for line in lines if line.startswith(f"{word} ")]

    def forget(self) -> None:
        """An empty ledger and queue for the next test."""
        self.sql("TRUNCATE jobs_job, jobs_pulse, django_q_ormq")
        (self.home / "diary").unlink(missing_ok=True)

    # --- the server

    def freeze_server(self, seconds: float) -> None:
        """Stop every process of PostgreSQL for a while."""
        everything = [psutil.Process(self.server), *psutil.Process(self.server).children()]
        for one in everything:
            one.suspend()
        time.sleep(seconds)
        for one in everything:
            if one.is_running():
                one.resume()

    def crash_server(self) -> None:
        """`kill -9` one backend: PostgreSQL ends every connection and goes through recovery."""
        record = self.home / "postgres.json"
        witness = cluster.connect(record)
        with cluster.connect(record) as link:
            os.kill(link.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            wait_until(lambda: not witness.execute("SELECT 1"), 10, "PostgreSQL crashed")
        wait_until(lambda: cluster.answers(record), 30, "PostgreSQL came back")


def _syscall(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/syscall").read_text().split()[0]
    except (OSError, IndexError):
        return ""
