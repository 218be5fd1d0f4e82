from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections
from django_q.models import OrmQ

from casework.jobs.actions import claim
from casework.jobs.actions.reaping import LOCK, Reaped, reap, release_dead
from casework.jobs.actions.ringing import ring, show_pulse
from casework.jobs.models import Job, Pulse
from casework.jobs.node import this_node
from tests.jobs.conftest import end_lease, make_job, verbs


def pulse(bell: str = "here") -> None:
    """A steward of this process shows its pulse."""
    show_pulse(bell, node=this_node(), queues=("score",), sandbox="strict", moved=False)


def dead_pid() -> int:
    """The number of a process that is gone."""
    with subprocess.Popen(["true"]) as gone:
        pass
    return gone.pid


def test_a_lease_that_is_over_puts_the_job_back(db: None) -> None:
    job = make_job()
    assert claim(job.public_id)
    end_lease(job)
    assert reap() == Reaped(lost=1, swept=0)
    job.refresh_from_db()
    assert (job.state, job.starts, job.token) == ("queued", 1, None)
    assert verbs() == []


def test_a_lease_that_is_not_over_is_left_alone(db: None) -> None:
    job = make_job()
    assert claim(job.public_id)
    assert reap() == Reaped()
    job.refresh_from_db()
    assert job.state == "running"


def test_after_three_lost_starts_the_job_is_quarantined(db: None, lines: Callable[[], list[str]]) -> None:
    job = make_job("test.poison", starts=2)
    assert claim(job.public_id)
    end_lease(job)
    reap()
    job.refresh_from_db()
    assert (job.state, job.starts) == ("quarantined", 3)
    assert lines() == [f"mourned {job.args['name']} Each of its 3 starts ended without an answer."]
    assert verbs() == ["job.quarantined"]


def test_a_job_whose_process_is_gone_need_not_wait_for_its_lease(db: None) -> None:
    gone, alive, elsewhere = make_job(), make_job(), make_job()
    for job in (gone, alive, elsewhere):
        assert claim(job.public_id)
    Job.objects.filter(pk=gone.pk).update(pid=dead_pid())
    Job.objects.filter(pk=elsewhere.pk).update(pid=dead_pid(), node="another machine")
    assert release_dead(this_node()) == 1
    assert Job.objects.get(pk=gone.pk).state == "queued"
    assert Job.objects.get(pk=alive.pk).state == "running"
    assert Job.objects.get(pk=elsewhere.pk).state == "running"


def test_announcements_of_a_steward_that_is_gone_are_swept(db: None) -> None:
    pulse("here")
    pulse("gone")
    Pulse.objects.filter(bell="gone").update(pid=dead_pid())
    make_job()
    ring("gone", ("score",), most=5)
    assert reap() == Reaped(lost=0, swept=1)
    assert ring("here", ("score",), most=5) == 1, "the job is rung by who is there"


def test_announcements_that_speak_of_nothing_are_swept(db: None) -> None:
    pulse()
    make_job()
    ring("here", ("score",), most=5)
    Job.objects.update(bell_row=None)
    assert reap() == Reaped(lost=0, swept=1)
    assert not OrmQ.objects.exists()


@pytest.mark.usefixtures("committed_db")
def test_one_node_at_a_time_reaps() -> None:
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
                locked.set()
                done.wait(10)
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        finally:
            connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    locked.wait(10)
    assert reap() is None
    done.set()
    other.join()
    assert reap() == Reaped()
