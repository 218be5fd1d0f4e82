from __future__ import annotations

from django.db import connection
from django_q.models import OrmQ

from casework.jobs import envelope
from casework.jobs.actions import claim
from casework.jobs.actions.ringing import leave, note_restart, ring, ring_again, show_pulse, unacknowledged
from casework.jobs.models import Job, Pulse
from tests.jobs.conftest import make_job, verbs


def fetched() -> None:
    """A cluster fetched everything that hangs there, ten minutes ago, and nothing came of it."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_q_ormq SET lock = clock_timestamp() + interval '1 hour'")
        cursor.execute("UPDATE jobs_job SET rung_at = clock_timestamp() - interval '10 minutes'")


def test_ready_jobs_are_rung_oldest_first_and_once(db: None) -> None:
    jobs = [make_job() for _number in range(3)]
    assert ring("bell", ("score",), most=2) == 2
    assert ring("bell", ("score",), most=2) == 0, "there is no room"
    assert ring("bell", ("score",), most=9) == 1
    assert ring("bell", ("score",), most=9) == 0
    rung = [envelope.read(row.payload) for row in OrmQ.objects.order_by("id")]
    assert rung == [job.public_id for job in jobs]


def test_only_the_queues_that_are_served_are_rung(db: None) -> None:
    make_job(queue="deliver")
    assert ring("bell", ("score", "maintain"), most=9) == 0


def test_a_job_whose_announcement_vanished_is_rung_again(db: None) -> None:
    make_job()
    ring("bell", ("score",), most=9)
    OrmQ.objects.all().delete()
    assert ring("bell", ("score",), most=9) == 1


def test_an_announcement_that_led_to_nothing_is_taken_back(db: None) -> None:
    make_job()
    ring("bell", ("score",), most=9)
    assert ring_again("bell", seconds=3) == 0
    fetched()
    assert ring_again("another bell", seconds=3) == 0
    assert ring_again("bell", seconds=3) == 1
    assert ring("bell", ("score",), most=9) == 1


def test_a_job_that_runs_is_neither_rung_nor_taken_back(db: None) -> None:
    job = make_job()
    ring("bell", ("score",), most=9)
    fetched()
    assert claim(job.public_id)
    assert ring_again("bell", seconds=3) == 0
    OrmQ.objects.all().delete()
    assert ring("bell", ("score",), most=9) == 0


def test_finished_work_that_still_hangs_there_is_counted(db: None) -> None:
    make_job()
    ring("bell", ("score",), most=9)
    assert unacknowledged("bell", seconds=5) == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET state = 'done', finished_at = clock_timestamp() - interval '9 seconds'"
        )
    assert unacknowledged("bell", seconds=5) == 1


def test_a_restart_silences_the_bell_and_is_in_the_log(db: None) -> None:
    show_pulse("bell", node="node", queues=("score",), sandbox="strict", moved=True)
    make_job()
    ring("bell", ("score",), most=9)
    note_restart("bell", why="nothing moved")
    assert not OrmQ.objects.exists()
    assert verbs() == ["job.cluster_restarted"]


def test_a_steward_that_leaves_takes_its_bell_along(db: None) -> None:
    show_pulse("bell", node="node", queues=("score",), sandbox="strict", moved=False)
    make_job()
    ring("bell", ("score",), most=9)
    leave("bell")
    assert not OrmQ.objects.exists()
    assert not Pulse.objects.exists()
    assert Job.objects.get().state == "queued"
