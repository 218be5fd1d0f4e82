"""Reports through the API until they are examined: how many a second, what each process pays, how soon work starts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from casework.runtime import cluster
from tests.bench import machine, pictures
from tests.bench.visitor import Visitor
from tests.running import RunningInstallation

#: Programs that send at the same time, each its next report when the last one is acknowledged.
SENDERS = 4
PATIENCE = 120.0
#: What the ledger announces whenever something in it changes (casework.jobs.actions.CHANNEL, without Django here).
CHANNEL = "casework_jobs"
_JOBS = """
    SELECT avg(took)::float8, (sum(took) / greatest(max(finished) - min(started), 0.001))::float8 FROM (
        SELECT extract(epoch FROM finished_at - started_at) AS took, extract(epoch FROM finished_at) AS finished,
            extract(epoch FROM started_at) AS started
        FROM jobs_job WHERE kind = 'evidence.examine' ORDER BY id DESC LIMIT %s) AS latest
"""
_WAITING = "SELECT count(*) FROM jobs_job WHERE kind = 'evidence.examine' AND state IN ('queued', 'running')"


@dataclass
class Load:
    """What one load gave: seconds of the clock until all was acknowledged and until all was examined, seconds of
    processor time by part, seconds each report took to be acknowledged, the peak of all memory in MiB, how long a job
    ran by the clock (seconds), and how many ran at once on average.
    """

    pictures: int
    acknowledged: float
    examined: float
    cpu: dict[str, float]
    answers: list[float]
    peak: float
    job: float
    at_once: float


def load(running: RunningInstallation, key: str, data: Sequence[bytes], senders: int = SENDERS) -> Load:
    """Send each of *data* as a report of its own and wait until all are examined."""
    sent = [pictures.unlike(one) for one in data]
    with _ledger(running) as left, machine.Peak(running) as peak:
        cpu = _cpu(running)
        began = time.monotonic()
        answers = send(running, key, sent, senders)
        acknowledged = time.monotonic() - began
        _wait_until_done(left)
        examined = time.monotonic() - began
        after = _cpu(running)
    spent = {part: after[part] - cpu.get(part, 0.0) for part in after}
    [(job, at_once)] = running.psql(_JOBS, len(sent))
    return Load(len(sent), acknowledged, examined, spent, answers, peak.mib, job, at_once)


def send(running: RunningInstallation, key: str, data: Sequence[bytes], senders: int) -> list[float]:
    """Send reports from so many programs at once; the seconds until each answer."""
    waiting = list(enumerate(data))
    lock = threading.Lock()

    def program(_number: int) -> list[float]:
        visitor, took = Visitor(running.port), []
        while True:
            with lock:
                if not waiting:
                    return took
                number, one = waiting.pop()
            link = f"https://bench.example/{time.time_ns()}/{number}"
            took.append(visitor.file_report(key, one, link).seconds)

    with ThreadPoolExecutor(senders) as pool:
        return [seconds for took in pool.map(program, range(senders)) for seconds in took]


@dataclass
class Single:
    """Reports one at a time: seconds to the answer, from commit to the start of the work, to the examined picture."""

    answers: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    examined: list[float] = field(default_factory=list)


def one_by_one(running: RunningInstallation, key: str, data: Sequence[bytes]) -> Single:
    """Each report alone on an idle installation."""
    found, visitor = Single(), Visitor(running.port)
    visitor.get("/healthz")
    for number, one in enumerate(data):
        link = f"https://bench.example/one/{time.time_ns()}"
        with _ledger(running) as left, _commits(running) as seen:
            _wait_until_done(left)
            began = time.time()
            found.answers.append(visitor.file_report(key, pictures.unlike(one), link).seconds)
            _wait_until_done(left)
        [(started, finished)] = running.psql(
            "SELECT extract(epoch FROM started_at)::float8, extract(epoch FROM finished_at)::float8"
            " FROM jobs_job WHERE kind = 'evidence.examine' ORDER BY id DESC LIMIT 1"
        )
        committed = next((at for at in seen if at >= began), None)
        if committed is not None and number:  # the first report of a process also loads what it needs
            found.starts.append(max(0.0, started - committed))
            found.examined.append(finished - committed)
    return found


@contextmanager
def _commits(running: RunningInstallation) -> Iterator[list[float]]:
    """The times at which the ledger announced something: PostgreSQL delivers that when the transaction commits."""
    seen: list[float] = []
    link = cluster.connect(running.home / "postgres.json")
    link.execute(f"LISTEN {CHANNEL}")  # type: ignore[arg-type]

    def hear() -> None:
        for _said in link.notifies(timeout=PATIENCE, stop_after=1):
            seen.append(time.time())

    thread = threading.Thread(target=hear, daemon=True)
    thread.start()
    try:
        yield seen
        thread.join(5)
    finally:
        link.close()


def _cpu(running: RunningInstallation) -> dict[str, float]:
    return {part: machine.cpu_seconds(pids) for part, pids in machine.trees(running).items()}


@contextmanager
def _ledger(running: RunningInstallation) -> Iterator[Callable[[], int]]:
    """Tells how many pictures wait for their examination or are in it."""
    with cluster.connect(running.home / "postgres.json") as link:
        yield lambda: int(link.execute(_WAITING).fetchall()[0][0])


def wait_until_idle(running: RunningInstallation) -> None:
    """Wait until nothing is left to examine. Raises TimeoutError."""
    with _ledger(running) as left:
        _wait_until_done(left)


def _wait_until_done(left: Callable[[], int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while left():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left()} pictures were not examined in {PATIENCE:g} s")
        time.sleep(0.05)
