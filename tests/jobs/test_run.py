from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django_q.exceptions import TimeoutException

from casework.jobs import board, tasks
from casework.jobs.actions import Start
from casework.jobs.deadline import Overdue, deadline
from tests.jobs.conftest import make_job, verbs


@pytest.fixture(autouse=True)
def _open_doors() -> Iterator[None]:
    yield
    board.close_doors(False)


def test_a_job_is_done_and_its_progress_shows(db: None, lines: Callable[[], list[str]]) -> None:
    job = make_job()
    before = board.beats()
    tasks.run(str(job.public_id))
    job.refresh_from_db()
    assert job.state == "done"
    assert [line.split()[1] for line in lines()] == [job.args["name"]]
    assert board.beats() == before + 2


def test_ten_deliveries_are_one_execution(db: None, lines: Callable[[], list[str]]) -> None:
    job = make_job()
    for _number in range(10):
        tasks.run(str(job.public_id))
    assert len(lines()) == 1


def test_nothing_is_begun_when_the_doors_are_closed(db: None, lines: Callable[[], list[str]]) -> None:
    job = make_job()
    board.close_doors()
    tasks.run(str(job.public_id))
    job.refresh_from_db()
    assert (job.state, job.starts, lines()) == ("queued", 0, [])


def test_a_kind_that_nobody_knows_is_stopped_in_words(db: None) -> None:
    job = make_job(kind="old.kind")
    tasks.run(str(job.public_id))
    job.refresh_from_db()
    assert (job.state, job.error_class) == ("failed", "unknown_kind")
    assert "old.kind" in job.error
    assert verbs() == ["job.failed"]


def test_a_function_that_raises_fails_its_start_and_nothing_else(db: None) -> None:
    job = make_job("test.fails")
    tasks.run(str(job.public_id))
    job.refresh_from_db()
    assert (job.state, job.starts, job.error_class) == ("queued", 1, "ValueError")


def test_a_function_that_gives_up_is_stopped(db: None) -> None:
    job = make_job("test.hopeless")
    tasks.run(str(job.public_id))
    job.refresh_from_db()
    assert (job.state, job.error_class) == ("failed", "undecodable")


def too_long(name: str, *, start: Start) -> None:
    """What django-q2's alarm raises in the middle of a job."""
    raise TimeoutException("Task exceeded maximum timeout value")


def test_a_function_that_takes_too_long_fails_its_start(committed_db: str, settings: Any) -> None:
    settings.JOB_KINDS = settings.JOB_KINDS | {
        "test.note": settings.JOB_KINDS["test.note"] | {"path": f"{__name__}.too_long"}
    }
    job = make_job()
    tasks.run(str(job.public_id))
    job.refresh_from_db()
    assert (job.state, job.error_class) == ("queued", "TimeoutException")


def test_a_finish_that_does_not_reach_the_ledger_is_told_again(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job()
    told: list[Start] = []
    real = tasks.finish

    def finish_at_second_try(start: Start) -> None:
        told.append(start)
        if len(told) == 1:
            raise OperationalError("the database restarts")
        real(start)

    monkeypatch.setattr(tasks, "finish", finish_at_second_try)
    monkeypatch.setattr(tasks, "TELL_AGAIN", (0, 0))
    tasks.run(str(job.public_id))
    job.refresh_from_db()
    assert (job.state, job.starts, len(told)) == ("done", 1, 2)


def test_nothing_is_raised_when_time_is_up_while_the_end_is_told(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_time(start: Start) -> None:
        raise TimeoutException("Task exceeded maximum timeout value")

    monkeypatch.setattr(tasks, "finish", out_of_time)
    job = make_job()
    tasks.run(str(job.public_id))
    job.refresh_from_db()
    assert job.state == "running"


def test_a_deadline_gives_the_earlier_alarm_back() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
    signal.alarm(30)
    try:
        with pytest.raises(Overdue), deadline(1):
            signal.pause()
        assert heard == []
        assert 20 < signal.alarm(0) <= 30
    finally:
        signal.signal(signal.SIGALRM, before)
