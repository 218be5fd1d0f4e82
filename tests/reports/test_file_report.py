"""Filing is all or nothing, once, and the sender learns which."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client

from casework.cases.models import Case, CaseTerm
from casework.privacy.blind import blind_index
from casework.reports import actions, limits, tasks
from casework.reports.actions import Filed, create_api_key, file_report
from casework.reports.models import Report

from .conftest import entries, facts


@pytest.mark.django_db
def test_nothing_is_stored_when_the_last_step_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the database went away")

    monkeypatch.setattr("casework.reports.actions.filing._remember", fails)
    with pytest.raises(RuntimeError):
        file_report(channel=Report.Channel.FORM, facts=facts(), uploads=[])
    assert not Case.objects.exists()
    assert not Report.objects.exists()
    assert not entries("report.filed")


@pytest.mark.django_db
def test_what_names_somebody_is_unreadable_in_the_database(file_one: Callable[..., Filed]) -> None:
    file_one(statement="canary-statement", description="canary-description", authorisation="canary-mandate")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(r)::text FROM reports_report r")
        row = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(row_to_json(l)::text, ' ') FROM cases_locator l")
        places = cursor.fetchone()[0]
    for canary in ("canary", "Noor", "noor@mail.example", "pictures.example"):
        assert canary not in row + places


@pytest.mark.django_db
def test_a_report_is_found_by_its_reference(file_one: Callable[..., Filed]) -> None:
    report = file_one().report
    blind = blind_index(CaseTerm.Kind.REFERENCE, report.reference)
    assert CaseTerm.objects.get(blind=blind).case == report.case


@pytest.mark.django_db
def test_the_log_names_nobody(file_one: Callable[..., Filed]) -> None:
    file_one(statement="canary")
    [(_, data)] = entries("report.filed")
    said = json.dumps(data)
    assert not any(word in said for word in ("Noor", "noor", "canary", "pictures.example"))


def race(number: int, run: Callable[[int], Any]) -> list[Any]:
    """*number* threads at once, each on its own connection; what each returned or raised."""
    barrier, results = threading.Barrier(number), [None] * number

    def each(place: int) -> None:
        try:
            barrier.wait()
            results[place] = run(place)
        except Exception as error:  # noqa: BLE001 - handed to the test
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=each, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_sixteen_equal_requests_at_once_file_one_report(
    committed_db: str, settings: Any, tmp_path: Any
) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    _, secret = create_api_key(actor=None, name="P", organisation="P")

    def send(place: int) -> Any:
        headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "same"}
        body = json.dumps({"links": ["https://example.org/1"]})
        return Client(headers=headers).post("/api/v1/reports/", body, content_type="application/json")

    answers = race(16, send)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert Report.objects.count() == 1


def test_a_draft_sent_from_eight_tabs_at_once_is_filed_once(committed_db: str) -> None:
    draft, _ = actions.begin_draft()
    filed = race(8, lambda place: actions.file_draft(draft, facts()))
    assert len({each.report.pk for each in filed}) == 1
    assert len({each.access_code for each in filed}) == 1
    assert sum(not each.repeated for each in filed) == 1
    assert Report.objects.count() == 1


def test_the_receipt_is_shown_to_one_of_eight(committed_db: str) -> None:
    draft, _ = actions.begin_draft()
    actions.file_draft(draft, facts())
    shown = race(8, lambda place: actions.show_receipt(draft))
    assert sum(isinstance(each, Filed) for each in shown) == 1
    assert sum(isinstance(each, actions.DraftGone) for each in shown) == 7


@pytest.mark.django_db
def test_counters_of_a_past_window_are_forgotten_and_the_present_one_counts_on() -> None:
    tight = limits.Limit("tight", 1, 3600)
    limits.count(tight, "key")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shared_cache (cache_key, value, expires) VALUES ('past', '1', now() - interval '1 second')"
        )
    start: Any = None
    tasks.reap(start=start)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM shared_cache WHERE cache_key = 'past'")
        assert cursor.fetchone() == (0,)
    with pytest.raises(limits.TooOften):
        limits.count(tight, "key")


def test_twenty_tries_at_once_are_counted_one_by_one(committed_db: str) -> None:
    tight = limits.Limit("tight", 5, 3600)
    tries = race(20, lambda place: limits.count(tight, "key"))
    assert sum(each is None for each in tries) == 5
    assert sum(isinstance(each, limits.TooOften) for each in tries) == 15
