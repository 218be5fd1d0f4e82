from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from casework.jobs.actions.regular import add_regular
from casework.jobs.models import Job


@pytest.fixture(autouse=True)
def _regular(settings: Any) -> None:
    settings.JOB_KINDS = {
        "test.tick": {"path": "tests.chaos.work.note", "queue": "maintain", "lease": 150, "every": 86_400}
    }


def test_regular_work_is_added_once_per_slot_whoever_looks(db: None) -> None:
    assert [add_regular(), add_regular()] == [1, 1]
    assert [(job.kind, job.queue) for job in Job.objects.all()] == [("test.tick", "maintain")]


def test_old_rows_of_regular_work_go_and_stopped_ones_stay(db: None) -> None:
    add_regular()
    job = Job.objects.get()
    for number, state in enumerate(["done", "quarantined", "done"]):
        Job.objects.create(kind="test.tick", queue="maintain", key=f"test.tick@{number}", state=state)
    Job.objects.create(kind="test.note", queue="score", key="another", state="done")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET finished_at = now() - interval '2 hours' WHERE id <> %s", [job.pk]
        )
    add_regular()
    assert set(Job.objects.values_list("key", flat=True)) == {job.key, "test.tick@1", "another"}


def test_work_that_was_done_early_in_a_long_slot_is_not_done_again_in_it(db: None) -> None:
    """The row of the slot says that its work is done, however long ago: a monthly job would else run every hour."""
    add_regular()
    Job.objects.update(state="done")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_job SET finished_at = now() - interval '5 hours'")
    add_regular()
    add_regular()
    assert [job.state for job in Job.objects.all()] == ["done"]
