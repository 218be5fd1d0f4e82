from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from casework.jobs.actions import claim, give_up
from casework.jobs.models import Job
from tests.jobs.conftest import make_job, verbs


def stopped_job() -> Job:
    """A job that gave up."""
    job = make_job("test.hopeless")
    start = claim(job.public_id)
    assert start
    give_up(start, "undecodable", "This file cannot be opened.")
    job.refresh_from_db()
    return job


def say(*arguments: str) -> str:
    """What `manage.py jobs` prints."""
    out = StringIO()
    call_command("jobs", *arguments, stdout=out)
    return out.getvalue()


def test_the_list_names_what_was_stopped_and_why(db: None) -> None:
    job = stopped_job()
    make_job()
    said = say()
    assert f"{job.public_id}  test.hopeless  failed" in said
    assert "This file cannot be opened." in said
    assert "waiting: 1" in said


def test_ada_gives_a_stopped_job_three_new_starts(db: None) -> None:
    job = stopped_job()
    say("--requeue", str(job.public_id))
    job.refresh_from_db()
    assert (job.state, job.starts) == ("queued", 0)
    assert verbs() == ["job.failed", "job.requeued"]
    assert claim(job.public_id)


def test_a_job_that_is_not_stopped_is_not_queued_again(db: None) -> None:
    job = make_job()
    with pytest.raises(CommandError, match="waiting"):
        say("--requeue", str(job.public_id))
    assert verbs() == []


@pytest.mark.parametrize("text", ["nonsense", "00000000-0000-4000-8000-000000000000"])
def test_a_job_that_does_not_exist_is_said_so(db: None, text: str) -> None:
    with pytest.raises(CommandError, match="There is no job"):
        say("--requeue", text)
