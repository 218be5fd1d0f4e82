from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from casework.audit.models import Entry
from casework.jobs.actions import add_job
from casework.jobs.models import Job
from tests.chaos.settings import JOB_KINDS, JOB_RETRY_AFTER


@pytest.fixture(autouse=True)
def kinds(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kinds of work that write into a diary; its path."""
    settings.JOB_KINDS = JOB_KINDS
    settings.JOB_RETRY_AFTER = JOB_RETRY_AFTER
    diary = tmp_path / "diary"
    monkeypatch.setenv("JOB_DIARY", str(diary))
    return diary


@pytest.fixture
def lines(kinds: Path) -> Callable[[], list[str]]:
    """What the jobs wrote so far."""
    return lambda: kinds.read_text().splitlines() if kinds.exists() else []


def make_job(of: str = "test.note", **changed: Any) -> Job:
    """A waiting job; *changed* are columns, set past the actions."""
    name = uuid.uuid4().hex[:8]
    job = add_job(of, key=f"{of}:{name}", args={"name": name})
    if changed:
        Job.objects.filter(pk=job.pk).update(**changed)
    job.refresh_from_db()
    return job


def end_lease(job: Job) -> None:
    """The lease of *job* was over a second ago, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_job SET lease_until = clock_timestamp() - interval '1 second' WHERE id = %s",
            [job.pk],
        )


def make_ready(job: Job) -> None:
    """The pause of *job* is over."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_job SET not_before = clock_timestamp() WHERE id = %s", [job.pk])


def verbs() -> list[str]:
    """The log's verbs, in order."""
    return list(Entry.objects.order_by("id").values_list("verb", flat=True))
