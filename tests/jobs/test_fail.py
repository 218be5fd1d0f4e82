from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled

from casework.jobs.actions import Start, claim, fail, give_up
from casework.jobs.models import Job
from casework.jobs.rows import NotAllDone
from tests.jobs.conftest import make_job, make_ready, verbs


def raised() -> ValueError:
    """An error as a job's function would raise it."""
    try:
        raise ValueError("the picture of a lighthouse called secret.jpg")
    except ValueError as error:
        return error


def last_start(job: Job) -> Start:
    """The third start of *job*, after two failures."""
    for _number in range(2):
        start = claim(job.public_id)
        assert start
        fail(start, raised(), retry_in=0)
        make_ready(job)
    start = claim(job.public_id)
    assert start
    return start


def test_a_job_that_raised_waits_and_keeps_no_words_of_the_error(db: None, settings: Any) -> None:
    settings.JOB_RETRY_AFTER = (60.0, 60.0)
    job = make_job("test.fails")
    start = claim(job.public_id)
    assert start
    fail(start, raised())
    job.refresh_from_db()
    assert (job.state, job.error_class, job.token) == ("queued", "ValueError", None)
    assert "test_fail.py" in job.error
    assert "lighthouse" not in job.error
    assert claim(job.public_id) is None, "it is not due before the pause is over"
    assert verbs() == []


def test_a_job_that_left_rows_undone_keeps_which(db: None) -> None:
    job = make_job("test.fails")
    start = claim(job.public_id)
    assert start
    row = "6f0c7a52-6a0e-4b0f-9d5c-2f3a1f1f7b11: KeyError"
    fail(start, NotAllDone("; ".join([row] * 20)))
    job.refresh_from_db()
    assert job.error_class == "NotAllDone"
    assert job.error.startswith(f"{row}; {row}")


def test_after_the_third_failure_it_is_failed_and_its_kind_is_told(
    db: None, lines: Callable[[], list[str]]
) -> None:
    job = make_job("test.fails")
    fail(last_start(job), raised())
    job.refresh_from_db()
    assert (job.state, job.starts) == ("failed", 3)
    assert lines() == [f"mourned {job.args['name']} It failed at each of its 3 starts."]
    assert verbs() == ["job.failed"]
    assert claim(job.public_id) is None


def test_giving_up_is_final_at_the_first_start(db: None, lines: Callable[[], list[str]]) -> None:
    job = make_job("test.hopeless")
    start = claim(job.public_id)
    assert start
    give_up(start, "undecodable", "This file cannot be opened.")
    job.refresh_from_db()
    assert (job.state, job.error_class, job.error) == ("failed", "undecodable", "This file cannot be opened.")
    assert lines() == [f"mourned {job.args['name']} This file cannot be opened."]
    assert verbs() == ["job.failed"]


def test_a_hook_that_breaks_does_not_keep_the_job_alive(db: None, settings: Any) -> None:
    settings.JOB_KINDS = settings.JOB_KINDS | {
        "test.hopeless": settings.JOB_KINDS["test.hopeless"] | {"on_quarantine": f"{__name__}.broken_hook"}
    }
    job = make_job("test.hopeless")
    start = claim(job.public_id)
    assert start
    give_up(start, "undecodable", "This file cannot be opened.")
    job.refresh_from_db()
    assert job.state == "failed"
    assert verbs() == ["job.failed"]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM jobs_job WHERE key = 'half a hook'")
        assert cursor.fetchone() == (0,), "what the hook wrote before it broke is undone"


def broken_hook(name: str, *, reason: str) -> None:
    """Write something, then break."""
    Job.objects.create(kind="test.note", queue="score", key="half a hook")
    raise RuntimeError(reason)


@pytest.mark.parametrize("number", [1, 2])
def test_the_pause_grows_with_the_starts(db: None, settings: Any, number: int) -> None:
    settings.JOB_RETRY_AFTER = (100.0, 200.0)
    job = make_job("test.fails", starts=number - 1)
    start = claim(job.public_id)
    assert start
    fail(start, raised())
    with connection.cursor() as cursor:
        cursor.execute("SELECT round(extract(epoch FROM not_before - now())) FROM jobs_job")
        assert number * 100 <= int(cursor.fetchone()[0]) < number * 100 + 50


def busy(cause: type[psycopg.Error]) -> OperationalError:
    error = OperationalError("canceling statement due to lock timeout")
    error.__cause__ = cause()
    return error


@pytest.mark.parametrize("cause", [LockNotAvailable, DeadlockDetected])
def test_a_start_that_others_were_in_the_way_of_is_given_back(db: None, cause: type[psycopg.Error]) -> None:
    job = make_job("test.fails")
    start = last_start(job)
    fail(start, busy(cause), retry_in=0)
    job.refresh_from_db()
    assert (job.state, job.starts, job.error_class) == ("queued", 2, "OperationalError")
    assert verbs() == []
    make_ready(job)
    again = claim(job.public_id)
    assert again
    assert again.number == 3
    fail(again, raised())
    job.refresh_from_db()
    assert job.state == "failed"


def test_another_error_of_the_database_uses_its_start_up(db: None) -> None:
    job = make_job("test.fails")
    fail(last_start(job), busy(QueryCanceled))
    job.refresh_from_db()
    assert (job.state, job.starts) == ("failed", 3)
