from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

from casework.jobs.actions import UnknownKind, add_job
from casework.jobs.models import Job
from casework.runtime.installation import CHECKOUT
from tests.jobs.conftest import verbs

FORBIDDEN = (
    "django_q.tasks",
    "django_q.brokers",
    "django_q.cluster",
    "casework.jobs.broker",
    "casework.jobs.bell",
)


def test_a_job_is_added_once_per_key(db: None) -> None:
    first = add_job("test.note", key="k", args={"name": "lighthouse"})
    again = add_job("test.note", key="k", args={"name": "another"})
    assert first.pk == again.pk
    assert Job.objects.get().args == {"name": "lighthouse"}
    assert (first.state, first.queue, first.starts) == ("queued", "score", 0)


def test_a_job_of_an_unknown_kind_is_refused(db: None) -> None:
    with pytest.raises(UnknownKind):
        add_job("os.system", key="k", args={})
    assert not Job.objects.exists()
    assert verbs() == []


def test_the_database_itself_bounds_the_starts(db: None) -> None:
    from django.db import IntegrityError

    job = add_job("test.note", key="k", args={})
    with pytest.raises(IntegrityError):
        Job.objects.filter(pk=job.pk).update(starts=4)


def test_a_web_process_never_loads_what_can_enqueue() -> None:
    code = (
        "import sys, django; django.setup(); import casework.urls, casework.wsgi\n"
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    env = os.environ | {"CASEWORK_ROLE": "web", "CASEWORK_HOME": str(settings.CASEWORK_HOME)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
