from __future__ import annotations

import os
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from casework.jobs.actions import Start, claim, finish
from casework.jobs.models import Job
from casework.jobs.node import this_node
from tests.jobs.conftest import end_lease, make_job


def test_claiming_counts_the_start_and_hands_out_a_token(db: None) -> None:
    job = make_job()
    start = claim(job.public_id)
    job.refresh_from_db()
    assert start == Start(job.public_id, "test.note", job.args, 1, job.token)
    assert (job.state, job.starts, job.pid, job.node) == ("running", 1, os.getpid(), this_node())


def test_a_job_that_runs_is_not_handed_out_again(db: None) -> None:
    job = make_job()
    assert claim(job.public_id)
    assert claim(job.public_id) is None
    job.refresh_from_db()
    assert job.starts == 1


def test_a_job_whose_lease_is_over_is_handed_out_with_a_new_token(db: None) -> None:
    job = make_job()
    first = claim(job.public_id)
    end_lease(job)
    second = claim(job.public_id)
    assert first
    assert second
    assert second.number == 2
    assert second.token != first.token


def test_a_job_that_is_not_due_waits(db: None) -> None:
    job = make_job()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_job SET not_before = clock_timestamp() + interval '1 minute'")
    assert claim(job.public_id) is None


@pytest.mark.parametrize("state", ["done", "failed", "quarantined"])
def test_a_job_at_rest_is_not_started(db: None, state: str) -> None:
    assert claim(make_job(state=state).public_id) is None


def test_a_fourth_start_is_never_given(db: None) -> None:
    job = make_job()
    for _number in range(3):
        assert claim(job.public_id)
        end_lease(job)
    assert claim(job.public_id) is None


def test_the_lease_is_that_of_the_kind_by_the_databases_clock(db: None) -> None:
    job = make_job()
    assert claim(job.public_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM lease_until - clock_timestamp()) FROM jobs_job")
        left = float(cursor.fetchone()[0])
    assert 0 < left <= 30


def test_a_clock_that_is_an_hour_off_changes_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = datetime.now(UTC) + timedelta(hours=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: wrong)
    monkeypatch.setattr("time.time", wrong.timestamp)
    job = make_job()
    start = claim(job.public_id)
    assert start
    assert claim(job.public_id) is None, "by our clock the lease has long been over"
    finish(start)


def test_sixteen_claimants_of_fifty_jobs_get_each_job_exactly_once(committed_db: str) -> None:
    jobs = [make_job().public_id for _number in range(50)]
    won: list[Start] = []
    barrier = threading.Barrier(16)

    def take_all() -> None:
        try:
            barrier.wait()
            won.extend(start for job in jobs if (start := claim(job)))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take_all) for _number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(start.job for start in won) == dict.fromkeys(jobs, 1)
    assert set(Job.objects.values_list("starts", flat=True)) == {1}
