"""The line of steps on the status page: what has happened, where it stands, and no promise of what has not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from casework.accounts.models import User
from casework.cases import actions as cases
from casework.cases.actions.decisions import hear_reporter
from casework.cases.models import Effect
from casework.reports.actions import Filed, withdraw_report
from casework.reports.models import Report
from casework.reports.progress import Reached, way_of
from casework.reports.wording import Standing, standing_of

from .test_status_words import decide

FileOne = Callable[..., Filed]
DONE, NOW, AHEAD = Reached.DONE, Reached.NOW, Reached.AHEAD


def way(filed: Filed) -> list[tuple[str, Reached]]:
    report = Report.objects.select_related("case").get(pk=filed.report.pk)
    return [(step.name, step.reached) for step in way_of(standing_of(report), handed=False)]


@pytest.mark.django_db
def test_a_new_report_is_received_and_nothing_else_is_said_to_be_done(file_one: FileOne, mona: User) -> None:
    filed = file_one()
    assert way(filed) == [("Received", NOW), ("Looked at by a person", AHEAD), ("Decided", AHEAD)]
    cases.claim_case(filed.report.case, actor=mona)
    assert way(filed) == [("Received", DONE), ("Looked at by a person", NOW), ("Decided", AHEAD)]


@pytest.mark.django_db
def test_removal_is_no_step_before_every_place_is_confirmed(file_one: FileOne, mona: User) -> None:
    filed = file_one(links=("https://a.example/1",))
    decide(filed, mona, "remove")
    assert way(filed)[2:] == [("Decided", NOW), ("Confirmed for every place", AHEAD)]
    effect = Effect.objects.get(decision__case=filed.report.case, kind="take_down")
    cases.settle_effect(effect, actor=mona, confirmed=True)
    assert way(filed)[2:] == [("Decided", DONE), ("It has been removed", NOW)]


@pytest.mark.django_db
def test_a_decision_to_keep_ends_the_way_and_draws_no_removal(file_one: FileOne, mona: User) -> None:
    filed = file_one()
    decide(filed, mona, "keep", policy="not_intimate")
    assert way(filed)[-1] == ("We decided not to have it removed", NOW)
    assert len(way(filed)) == 3


@pytest.mark.django_db
def test_a_withdrawn_report_has_nothing_ahead(file_one: FileOne) -> None:
    filed = file_one()
    withdraw_report(filed.report)
    assert way(filed) == [("Received", DONE), ("You withdrew this report", NOW)]


@pytest.mark.parametrize(
    "code",
    ["received", "in_review", "second_person", "need_more", "decided", "kept", "removed", "restricted", "withdrawn"],
)  # fmt: skip
def test_wherever_it_stands_one_step_is_the_present_and_all_before_it_are_taken(code: str) -> None:
    reached = [step.reached for step in way_of(Standing(code, "Title", "Text"), handed=False)]
    assert reached.count(NOW) == 1
    here = reached.index(NOW)
    assert set(reached[:here]) <= {DONE}
    assert set(reached[here + 1 :]) <= {AHEAD}


def test_what_was_passed_on_is_a_step_that_is_done_and_stands_before_what_is_ahead() -> None:
    steps: list[Any] = way_of(Standing("in_review", "We are working on it", ""), handed=True)
    assert [(step.name, step.reached) for step in steps[1:]] == [
        ("Looked at by a person", NOW), ("Passed on", DONE), ("Decided", AHEAD)
    ]  # fmt: skip


def test_what_was_passed_on_before_a_report_was_taken_back_does_not_read_as_done_in_spite_of_it() -> None:
    steps = way_of(Standing("withdrawn", "You withdrew this report", ""), handed=True)
    assert [step.name for step in steps] == ["Received", "Passed on", "You withdrew this report"]


@pytest.mark.django_db
def test_a_report_that_waits_once_more_is_not_said_never_to_have_been_looked_at(
    file_one: FileOne, mona: User
) -> None:
    filed = file_one()
    decide(filed, mona, "keep", policy="not_intimate")
    hear_reporter(filed.report.case)
    report = Report.objects.select_related("case").get(pk=filed.report.pk)
    assert standing_of(report).code == "received"
    assert "not yet" not in str(way_of(standing_of(report), handed=False))


@pytest.mark.django_db
def test_the_page_marks_the_present_step_for_a_screen_reader_and_says_the_rest_in_words(
    file_one: FileOne, client: Client
) -> None:
    filed = file_one()
    client.post("/status/", {"reference": filed.report.reference, "code": filed.access_code})
    page = client.get("/status/page/").text
    line = page.split('<ol class="way"')[1].split("</ol>")[0]
    assert line.count("aria-current") == 1
    assert "Received" in line.split('aria-current="step"')[1].split("</li>")[0]
    assert line.count("still open") == 2
