from __future__ import annotations

from django.db import connection
from django_q.brokers import get_broker
from django_q.models import OrmQ

from casework.jobs import envelope
from casework.jobs.actions.ringing import ring
from casework.jobs.broker import Doorbell
from tests.jobs.conftest import make_job, verbs


def test_the_configured_broker_is_ours_and_has_no_cache() -> None:
    broker = get_broker("bell")
    assert isinstance(broker, Doorbell)
    assert broker.cache is None


def test_announcements_come_in_order_once_and_only_from_our_bell(committed_db: str) -> None:
    jobs = [make_job() for _number in range(2)]
    ring("bell", ("score",), most=9)
    stranger = Doorbell("another bell")
    assert not stranger.dequeue()
    broker = Doorbell("bell")
    taken = [broker.dequeue(), broker.dequeue()]
    assert [envelope.read(task) for some in taken for _pk, task in some or []] == [
        job.public_id for job in jobs
    ]
    assert not broker.dequeue()


def test_what_was_taken_is_not_taken_again_until_the_retry_is_over(committed_db: str) -> None:
    make_job()
    ring("bell", ("score",), most=9)
    assert Doorbell("bell").dequeue()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM lock - clock_timestamp()) > 60 FROM django_q_ormq")
        assert cursor.fetchone() == (True,)
        cursor.execute("UPDATE django_q_ormq SET lock = clock_timestamp() - interval '1 second'")
    assert Doorbell("bell").dequeue()


def test_a_foreign_row_is_removed_and_told_to_the_log(committed_db: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_q_ormq (key, payload, lock) VALUES ('bell', 'noise', clock_timestamp())"
        )
    assert not Doorbell("bell").dequeue()
    assert not OrmQ.objects.exists()
    assert verbs() == ["job.task_refused"]


def test_acknowledging_removes_the_announcement(committed_db: str) -> None:
    make_job()
    ring("bell", ("score",), most=9)
    broker = Doorbell("bell")
    ((pk, _payload),) = broker.dequeue() or []
    broker.acknowledge(pk)
    assert not OrmQ.objects.exists()
