"""What the desk sees of a report on the case page, and what it writes there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from casework.accounts.models import User
from casework.reports.actions import Filed
from casework.reports.models import Element, Message
from tests.cast import client_of, refusal

from .conftest import entries

pytestmark = pytest.mark.django_db
FileOne = Callable[..., Filed]


def panel(person: User, filed: Filed, **headers: str) -> Any:
    return client_of(person).get(reverse("case_reports", args=[filed.report.case.public_id]), headers=headers)


def send(person: User, filed: Filed, text: str) -> Any:
    return client_of(person).post(reverse("report_message", args=[filed.report.public_id]), {"text": text})


def mark(person: User, filed: Filed, kind: str) -> Any:
    return client_of(person).post(reverse("report_element", args=[filed.report.public_id, kind]))


def test_mona_reads_the_report_in_words(mona: User, file_one: FileOne) -> None:
    filed = file_one(statement="He sent it to my class.", description="the second one")
    text = panel(mona, filed).content.decode()
    assert "by the person depicted" in text
    assert "He sent it to my class." in text
    assert "https://pictures.example/p/1" in text
    assert 'href="https://pictures.example' not in text
    assert "noor@mail.example" in text
    assert len(entries("case.read", filed.report.case)) == 1


def test_the_case_page_asks_for_the_fragment_alone_without_a_second_entry(
    mona: User, file_one: FileOne
) -> None:
    filed = file_one()
    text = panel(mona, filed, **{"HX-Request": "true"}).content.decode()
    assert text.lstrip().startswith('<div class="stack" id="reports-panel">')
    assert not entries("case.read")


def test_audra_reads_the_report_but_not_how_to_reach_the_reporter(audra: User, file_one: FileOne) -> None:
    text = panel(audra, file_one()).content.decode()
    assert "by the person depicted" in text
    assert "noor@mail.example" not in text
    assert "Mark as found" not in text
    assert "Send to the status page" not in text


@pytest.mark.parametrize("name", ["ada", "nia", "stan"])
def test_whoever_reads_no_cases_reads_no_reports(
    name: str, file_one: FileOne, request: pytest.FixtureRequest
) -> None:
    assert panel(request.getfixturevalue(name), file_one()).status_code == refusal(name)


def test_a_restricted_report_does_not_exist_for_mona_and_does_for_sena(
    mona: User, sena: User, file_one: FileOne
) -> None:
    filed = file_one(age_at_the_time="minor", contact=None)
    assert panel(mona, filed).status_code == 404
    assert send(mona, filed, "hello").status_code == 404
    assert mark(mona, filed, "contact").status_code == 404
    assert not Message.objects.filter(sender="desk").exists()
    assert not entries("report.element_found")
    assert panel(sena, filed).status_code == 200
    assert send(sena, filed, "hello").status_code == 302


def test_mona_writes_to_the_reporter(mona: User, file_one: FileOne) -> None:
    filed = file_one()
    assert send(mona, filed, "Which of the two?").status_code == 302
    message = Message.objects.get(sender="desk")
    assert (message.text, message.author) == ("Which of the two?", mona)
    assert len(entries("report.message_sent", filed.report.case)) == 1


def test_an_empty_message_stays_on_the_page(mona: User, file_one: FileOne) -> None:
    assert send(mona, file_one(), " ").status_code == 422
    assert not entries("report.message_sent")


@pytest.mark.parametrize("name", ["lex", "audra"])
def test_lex_and_audra_write_to_nobody(name: str, file_one: FileOne, request: pytest.FixtureRequest) -> None:
    assert send(request.getfixturevalue(name), file_one(), "hello").status_code == 403
    assert not entries("report.message_sent")


def test_mona_marks_a_missing_element_as_found_and_the_report_is_complete(
    mona: User, file_one: FileOne
) -> None:
    filed = file_one(contact=None)
    assert filed.report.valid_at is None
    assert mark(mona, filed, "contact").status_code == 302
    filed.report.refresh_from_db()
    assert filed.report.valid_at is not None
    assert Element.objects.filter(report=filed.report, kind="contact").first().found_by == mona
    [(_, found)] = entries("report.element_found", filed.report.case)
    assert found == {"element": "contact", "complete": True}
    mark(mona, filed, "contact")
    assert len(entries("report.element_found")) == 1


def test_an_element_that_does_not_exist_is_not_found(mona: User, file_one: FileOne) -> None:
    assert mark(mona, file_one(), "passport").status_code == 404
