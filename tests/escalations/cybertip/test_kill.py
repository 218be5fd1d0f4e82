"""Kill -9 at every step of the flow: NCMEC ends up with one finished report and the right files in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from casework.escalations.cybertip.progress import State
from casework.runtime.installation import CHECKOUT
from tests.escalations.cybertip.keeping import InFile
from tests.escalations.cybertip.pictures import PICTURES
from tests.escalations.cybertip.server import Tipline

Send = Callable[..., list[int]]
FINISHED, KILLED = 0, -9
#: Moments before and after each write, call and chunk of a report with two files.
STEPS = 44
LONG = bool(os.environ.get("CHAOS_LONG"))


@pytest.fixture(scope="module")
def tipline_of_all() -> Iterator[Tipline]:
    with Tipline() as server:
        yield server


@pytest.fixture
def server(tipline_of_all: Tipline) -> Tipline:
    tipline_of_all.forget()
    return tipline_of_all


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.escalations.cybertip.sender"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sender:
        yield sender
        assert sender.stdin is not None
        sender.stdin.close()


@pytest.fixture
def send(process: subprocess.Popen[str], server: Tipline, tmp_path: Path) -> Send:
    """Run one process per point on the same report, at the same time; their exit codes."""

    def run(*points: int) -> list[int]:
        assert process.stdin is not None
        assert process.stdout is not None
        print(tmp_path / "report", server.base, *points, file=process.stdin, flush=True)
        return [int(code) for code in process.stdout.readline().split()]

    return run


@pytest.fixture
def state(tmp_path: Path) -> Callable[[], State]:
    return lambda: InFile(tmp_path / "report").load()


def assert_one_finished(server: Tipline, state: State) -> None:
    """One finished report with both files and their details; of the others none can ever be finished."""
    (report,) = server.finished()
    assert server.reports[state.report_id or 0] is report
    assert sorted(report.files.values()) == sorted(b"".join(chunks) for chunks in PICTURES.values())
    assert report.details.keys() == report.files.keys()
    assert {file.file_id for file in state.files} == report.files.keys()
    others = {key: one for key, one in server.reports.items() if one is not report}
    assert set(state.retracted) <= {key for key, one in others.items() if one.state == "retracted"}
    lost = [one for one in others.values() if one.state == "open"]
    assert [one.files for one in lost] == [{}] * len(lost)
    assert len(lost) <= state.unanswered


def test_the_steps_counted_here_are_all_there_are(
    send: Send, server: Tipline, tmp_path: Path, state: Callable[[], State]
) -> None:
    assert send(0) == [FINISHED]
    assert int((tmp_path / "report.steps").read_text()) == STEPS
    assert server.calls == ["submit", "upload", "fileinfo", "upload", "fileinfo", "finish"]
    assert_one_finished(server, state())


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_worker_killed_at_any_step_leaves_one_report(
    step: int, send: Send, server: Tipline, state: Callable[[], State]
) -> None:
    assert send(step) == [KILLED]
    assert len(server.finished()) <= 1
    assert send(0) == [FINISHED]
    assert_one_finished(server, state())
    assert send(0) == [FINISHED]  # a late second delivery of the same job
    assert_one_finished(server, state())


@pytest.mark.parametrize("first", range(1, STEPS + 1, 1 if LONG else 6))
@pytest.mark.parametrize("second", range(2, STEPS + 1, 1 if LONG else 11))
def test_the_worker_that_carries_on_is_killed_as_well(
    first: int, second: int, send: Send, server: Tipline, state: Callable[[], State]
) -> None:
    assert send(first) == [KILLED]
    send(second)
    assert send(0) == [FINISHED]
    assert_one_finished(server, state())


@pytest.mark.parametrize("point", [0, 3, 11, 19, 27])
def test_of_many_workers_at_once_one_finishes(
    point: int, send: Send, server: Tipline, state: Callable[[], State]
) -> None:
    send(0, point, 0, point, 0, 0)
    while FINISHED not in send(0):
        assert len(server.finished()) <= 1
    assert_one_finished(server, state())
