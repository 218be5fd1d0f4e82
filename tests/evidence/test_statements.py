"""How often the database is asked for one picture on its way in and through a worker: bounded, so that it stays so."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from casework.audit.models import Entry
from casework.evidence import tasks
from casework.evidence.models import Item, SignalRecord
from casework.jobs.actions import claim, finish
from casework.jobs.models import Job
from casework.reports.actions import create_api_key
from tests.evidence.making import picture

pytestmark = pytest.mark.django_db

#: Savepoints and commits count too: each is a way to the server and back. A few to spare for a rule that comes anew.
MOST_A_REPORT = 54
MOST_AN_EXAMINATION = 42


@pytest.fixture(autouse=True)
def no_models(tmp_path: Any, settings: Any) -> Any:
    settings.MODELS_DIR = tmp_path / "models"
    tasks._shelf.cache_clear()
    yield
    tasks._shelf.cache_clear()


@pytest.fixture
def platform() -> Client:
    """A platform with its key, which has filed a report before."""
    _key, secret = create_api_key(actor=None, name="uploads", organisation="Example Platform")
    client = Client(headers={"authorization": f"Bearer {secret}"})
    file_report(client, 1)
    return client


def file_report(client: Client, *seeds: int) -> None:
    files = [SimpleUploadedFile(f"{seed}.png", picture(seed), "image/png") for seed in seeds]
    answer = client.post(
        "/api/v1/reports/",
        {"role": "somebody_else", "links": f"https://e.example/{seeds[0]}", "files": files},
    )
    assert answer.status_code == 201, answer.content


def asked(work: Any) -> list[str]:
    with CaptureQueriesContext(connection) as seen:
        work()
    return [one["sql"] for one in seen.captured_queries]


def examine(job: Job) -> None:
    start = claim(str(job.public_id))
    assert start is not None
    tasks.examine_item(**start.args, start=start)
    finish(start)


def test_a_report_with_a_picture_asks_the_database_a_bounded_number_of_times(platform: Client) -> None:
    statements = asked(lambda: file_report(platform, 2))
    assert Entry.objects.filter(verb="evidence.received").count() == 2
    assert len(statements) <= MOST_A_REPORT, "\n".join(statements)


def test_each_further_picture_of_a_report_costs_four_more(platform: Client) -> None:
    one = asked(lambda: file_report(platform, 2))
    three = asked(lambda: file_report(platform, 3, 4, 5))
    assert Item.objects.count() == 5
    # the staged blob with its wrap, the item, its entry with the name of the file, its job
    assert len(three) - len(one) == 2 * 4, "\n".join(three)


def test_an_examination_asks_the_database_a_bounded_number_of_times(platform: Client) -> None:
    file_report(platform, 2)
    first, second = Job.objects.filter(kind="evidence.examine").order_by("pk")
    examine(first)
    statements = asked(lambda: examine(second))
    item = Item.objects.order_by("pk")[1]
    assert item.state == Item.State.EXAMINED
    assert item.examined_at is not None
    assert item.assessment.made_at >= item.received_at
    assert SignalRecord.objects.filter(item=item).count() > 10
    assert Entry.objects.filter(verb="evidence.assessed").count() == 2
    assert len(statements) <= MOST_AN_EXAMINATION, "\n".join(statements)
