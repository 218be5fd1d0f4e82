from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from casework.jobs.actions import LostLease, claim, confirm_start, fail, finish, give_up
from casework.jobs.actions.reaping import lose_start
from casework.jobs.models import Job
from tests.jobs.conftest import end_lease, make_job, verbs


def test_a_finished_job_is_done(db: None) -> None:
    job = make_job()
    start = claim(job.public_id)
    assert start
    finish(start)
    job.refresh_from_db()
    assert (job.state, job.lease_until) == ("done", None)
    assert job.finished_at


def test_finishing_twice_with_the_same_token_is_one_finish(db: None) -> None:
    job = make_job()
    start = claim(job.public_id)
    assert start
    finish(start)
    first = Job.objects.get().finished_at
    finish(start)
    assert Job.objects.get().finished_at == first


def test_whoever_comes_late_changes_nothing_and_is_told(db: None) -> None:
    job = make_job()
    late = claim(job.public_id)
    end_lease(job)
    current = claim(job.public_id)
    assert late
    assert current
    for say in (lambda: finish(late), lambda: fail(late, ValueError()), lambda: give_up(late, "x", "x")):
        with pytest.raises(LostLease):
            say()
    job.refresh_from_db()
    assert (job.state, job.token, job.error_class) == ("running", current.token, "")
    assert verbs() == []


def test_results_are_stored_only_while_the_start_is_the_latest(db: None) -> None:
    job = make_job()
    late = claim(job.public_id)
    assert late
    with transaction.atomic():
        confirm_start(late)
    end_lease(job)
    assert claim(job.public_id)
    with pytest.raises(LostLease), transaction.atomic():
        confirm_start(late)


def test_a_start_that_stores_its_results_is_not_taken_away_meanwhile(committed_db: str) -> None:
    job = make_job()
    start = claim(job.public_id)
    assert start

    def reap() -> bool:
        try:
            return lose_start(job.pk, start.token)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as reaper:
        with transaction.atomic():
            confirm_start(start)
            assert reaper.submit(reap).result() is False
        assert reaper.submit(reap).result() is True
