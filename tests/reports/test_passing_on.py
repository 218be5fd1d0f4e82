"""May the report be handed on? Asked once on the form, changed at any time on the status page, never presumed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from casework.cases import actions as cases
from casework.reports import actions, limits
from casework.reports.actions import Filed
from casework.reports.models import PassingOn, Report, ReportDraft
from casework.reports.passing import choices_of, passing_on
from tests.cast import person
from tests.journal import all_verbs

from .conftest import entries
from .test_public_form import walk
from .test_status_page import come_back, page

pytestmark = pytest.mark.django_db
FileOne = Callable[..., Filed]
KINDS = ("police", "ngo", "hotline", "host")
CHOSEN = "report.passing_on_chosen"


def asked_first(**but: str) -> dict[str, str]:
    return dict.fromkeys(KINDS, "ask_first") | but


# --- on the form


def test_the_page_explains_each_choice_and_ticks_none_beforehand(client: Client) -> None:
    text = walk(client, "passing").content.decode() + client.get("/report/passing/").content.decode()
    assert text.count('type="radio"') == 3 * len(KINDS)
    assert not re.search(r"<input[^>]+checked", text)
    assert "Where you choose nothing, we ask you first." in text
    assert "the law makes us pass something on even if you say no" in text
    assert 'name="skip"' in text


def test_the_person_depicted_chooses_and_what_is_left_open_means_ask_me_first(client: Client) -> None:
    walk(client, passing={"police": "refuse", "host": "agree"})
    overview = client.get("/report/check/").content.decode()
    assert overview.count("Ask me first") == 2
    client.post("/report/check/")
    report = Report.objects.get()
    assert choices_of(report) == asked_first(police="refuse", host="agree")
    [(_, filed)] = entries("report.filed", report.case)
    assert filed["passing_on"] == asked_first(police="refuse", host="agree")


def test_skipping_the_page_means_ask_me_first(client: Client) -> None:
    walk(client, passing={"skip": "1"})
    client.post("/report/check/")
    assert choices_of(Report.objects.get()) == asked_first()


def test_back_and_save_keep_the_choice_and_the_form_goes_on_there(client: Client) -> None:
    walk(client, "passing")
    assert client.post("/report/passing/", {"ngo": "agree", "back": "1"})["Location"] == "/report/contact/"
    assert client.post("/report/passing/", {"ngo": "agree", "save": "1"})["Location"] == "/report/"
    assert "/report/passing/" in client.get("/report/").content.decode()
    assert client.get("/report/check/")["Location"] == "/report/passing/"
    assert re.search(r'value="agree"[^>]+checked', client.get("/report/passing/").content.decode())


def test_a_choice_is_changed_from_the_overview(client: Client) -> None:
    walk(client)
    assert client.post("/report/passing/?edit=1", {"ngo": "refuse"})["Location"] == "/report/check/"
    client.post("/report/check/")
    assert choices_of(Report.objects.get())["ngo"] == "refuse"


def test_a_value_that_is_none_is_not_taken(client: Client) -> None:
    walk(client, "passing")
    assert client.post("/report/passing/", {"ngo": "gladly"}).status_code == 422
    assert client.get("/report/check/")["Location"] == "/report/passing/"


def test_who_came_across_it_is_not_asked_and_cannot_say(client: Client) -> None:
    walk(client, "files", you={"role": "somebody_else"})
    assert client.post("/report/passing/", {"ngo": "agree"}).status_code == 303
    client.post("/report/files/", "", content_type="application/x-www-form-urlencoded")
    client.post("/report/sign/", {"skip": "1"})
    assert client.post("/report/contact/", {"channel": "none"})["Location"] == "/report/check/"
    assert "passing" not in ReportDraft.objects.get().answers
    client.post("/report/check/")
    assert Report.objects.get().role == "somebody_else"
    assert not PassingOn.objects.exists()


def test_who_becomes_somebody_else_on_the_way_takes_the_choice_along_nowhere(client: Client) -> None:
    walk(client)
    client.post("/report/you/?edit=1", {"role": "somebody_else"})
    client.post("/report/files/?edit=1", "", content_type="application/x-www-form-urlencoded")
    client.post("/report/check/")
    assert not PassingOn.objects.exists()


# --- on the status page


def test_a_report_by_api_has_no_choice_until_its_reporter_makes_one(
    client: Client, file_one: FileOne
) -> None:
    filed = file_one()
    assert choices_of(filed.report) == {}
    come_back(client, filed)
    assert not re.search(r"<input[^>]+checked", page(client))
    assert (
        client.post("/status/passing/", {"police": "agree"})["Location"] == "/status/page/?chosen=1#passing"
    )
    assert choices_of(filed.report) == asked_first(police="agree")


def test_a_choice_is_changed_at_any_time_and_the_newest_holds(client: Client, file_one: FileOne) -> None:
    filed = file_one(passing_on=asked_first(ngo="agree"))
    come_back(client, filed)
    assert re.search(r'name="ngo" value="agree"[^>]+checked', page(client))
    client.post("/status/passing/", asked_first(ngo="refuse"))
    assert choices_of(filed.report) == asked_first(ngo="refuse")
    assert passing_on(filed.report.case) == asked_first(ngo="refuse")
    assert PassingOn.objects.filter(kind="ngo").count() == 2  # the first stays as what was said then
    [(subject, said)] = entries(CHOSEN, filed.report.case)
    assert subject == f"reports.report:{filed.report.pk}"
    assert said == {"was": {"ngo": "agree"}, "now": {"ngo": "refuse"}}
    assert "We keep to what you chose" in client.get("/status/page/?chosen=1").content.decode()


def test_the_same_choice_again_is_nothing_new(client: Client, file_one: FileOne) -> None:
    filed = file_one(passing_on=asked_first())
    come_back(client, filed)
    client.post("/status/passing/", asked_first())
    assert PassingOn.objects.count() == len(KINDS)
    assert not entries(CHOSEN)


def test_a_withdrawn_report_can_still_be_closed_to_everybody(client: Client, file_one: FileOne) -> None:
    filed = file_one()
    actions.withdraw_report(filed.report)
    come_back(client, filed)
    client.post("/status/passing/", dict.fromkeys(KINDS, "refuse"))
    assert set(choices_of(filed.report).values()) == {"refuse"}


def test_somebody_else_is_not_asked_on_the_status_page_either(client: Client, file_one: FileOne) -> None:
    come_back(client, file_one(role="somebody_else"))
    assert "May we pass it on" not in page(client)
    assert client.post("/status/passing/", {"ngo": "agree"})["Location"] == "/status/page/"
    assert not PassingOn.objects.exists()
    assert not entries(CHOSEN)


def test_a_wrong_value_changes_nothing(client: Client, file_one: FileOne) -> None:
    come_back(client, file_one())
    assert client.post("/status/passing/", {"ngo": "gladly"}).status_code == 422
    assert not PassingOn.objects.exists()
    assert not entries(CHOSEN)


def test_without_the_open_page_nobody_chooses(file_one: FileOne) -> None:
    file_one()
    before = all_verbs()
    assert Client().post("/status/passing/", {"ngo": "agree"})["Location"] == "/status/?again=1"
    assert not PassingOn.objects.exists()
    assert all_verbs() == before


def test_changes_are_limited(client: Client, file_one: FileOne, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casework.reports.views.status.MESSAGE_PER_REPORT", limits.Limit("few", 1, 3600))
    come_back(client, file_one())
    sent: list[Any] = [client.post("/status/passing/", {"ngo": choice}) for choice in ("agree", "refuse")]
    assert [answer.status_code for answer in sent] == [302, 429]
    assert len(entries(CHOSEN)) == 1


def test_a_case_that_is_held_for_the_answer_is_looked_at_again(file_one: FileOne) -> None:
    filed, mona, tomorrow = file_one(), person("mona"), timezone.now() + timedelta(days=1)
    token = cases.claim_case(filed.report.case, actor=mona)
    cases.hold_case(filed.report.case, actor=mona, token=token, until=tomorrow, reason="Ask them.")
    actions.choose_passing_on(filed.report, {"ngo": "agree"})
    filed.report.case.refresh_from_db()
    assert filed.report.case.status == "waiting"


def test_only_who_speaks_for_the_person_depicted_counts_for_a_case(file_one: FileOne) -> None:
    filed = file_one(role="somebody_else")
    PassingOn.objects.create(report=filed.report, kind="ngo", choice="agree")
    assert passing_on(filed.report.case) == {}
