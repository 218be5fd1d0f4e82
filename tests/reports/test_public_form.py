"""Somebody reports through the public form, without an account and without JavaScript."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from casework.evidence.models import Blob, Item
from casework.jobs.models import Job
from casework.reports.models import Message, Report, ReportDraft

from .conftest import entries, picture

pytestmark = pytest.mark.django_db

#: What somebody who is shown types, page by page.
ANSWERS: dict[str, dict[str, str]] = {
    "start": {"in_danger": "no"},
    "you": {"role": "depicted"},
    "where": {
        "links": "https://pictures.example/p/1\npictures.example/p/2",
        "accounts": "@somebody",
        "description": "the second",
    },
    "what": {"age_at_the_time": "adult", "made_how": "ai"},
    "sign": {"no_consent": "on", "accurate": "on", "signature": "Noor Example", "statement": ""},
    "contact": {
        "channel": "email",
        "address": "noor@mail.example",
        "name": "Noor",
        "hours": "",
        "message_ok": "on",
    },
    "passing": {"ngo": "agree"},
}


def address(step: str) -> str:
    return "/report/" if step == "start" else f"/report/{step}/"


def press_on(client: Client) -> Any:
    """ "Continue" on the page of files where it offers no file field: an ordinary form."""
    return client.post("/report/files/", "", content_type="application/x-www-form-urlencoded")


def walk(client: Client, until: str = "check", **changes: dict[str, str]) -> Any:
    """Answer page after page as the form leads, up to *until*; the last answer."""
    said = {**ANSWERS, **changes}
    response = client.get("/report/")
    at = "start"
    for _ in range(12):
        if at == until:
            return response
        response = client.post(address(at), said.get(at, {}))
        assert response.status_code == 303, (at, response.status_code, response.content.decode()[:3000])
        place = response["Location"].strip("/").split("/")
        at = place[1] if len(place) > 1 else "start"
    raise AssertionError("the form never came to its end")


def shown(response: Any, name: str) -> str:
    found = re.search(rf'id="{name}">([^<]+)<', response.content.decode())
    assert found
    return found.group(1)


def test_the_person_depicted_reports_and_is_shown_reference_and_code_once(client: Client) -> None:
    walk(client)
    assert "Noor Example" in client.get("/report/check/").content.decode()
    sent = client.post("/report/check/")
    done = client.get(sent["Location"])

    report = Report.objects.get()
    assert shown(done, "reference").replace("-", "") == report.reference
    assert len(shown(done, "access-code").replace("-", "")) == 20
    assert report.valid_at == report.received_at
    assert [locator.value for locator in report.case.locators.all()] == [
        "https://pictures.example/p/1", "https://pictures.example/p/2", "@somebody",
    ]  # fmt: skip
    assert report.case.clocks.get().due_at - report.received_at == timedelta(hours=48)
    [(_, filed)] = entries("report.filed", report.case)
    assert filed["channel"] == "form"
    assert filed["locators"] == 3

    again = client.get("/report/done/").content.decode()
    assert shown(done, "access-code") not in again
    assert "shown once" in again
    assert not ReportDraft.objects.exists()


def test_sending_twice_files_once(client: Client) -> None:
    walk(client)
    first, second = client.post("/report/check/"), client.post("/report/check/")
    assert (first.status_code, second.status_code) == (303, 303)
    assert second["Location"] == "/report/done/"
    assert Report.objects.count() == 1
    assert len(entries("report.filed")) == 1


def test_after_filing_the_draft_holds_no_answers(client: Client) -> None:
    walk(client)
    client.post("/report/check/")
    assert set(ReportDraft.objects.get().answers) == {"access_code"}


def test_somebody_else_sends_three_files_and_all_three_are_evidence(client: Client) -> None:
    walk(client, "files", you={"role": "somebody_else"})
    files = [SimpleUploadedFile(f"{number}.png", picture(number), "image/png") for number in range(3)]
    assert client.post("/report/files/", {"files": files}).status_code == 303
    walk_on(client)
    case = Report.objects.get().case
    assert Item.objects.filter(case=case).count() == 3
    assert Job.objects.filter(kind="evidence.examine").count() == 3
    assert not Blob.objects.filter(staged_until__isnull=False).exists()
    assert len(entries("evidence.received", case)) == 3


def walk_on(client: Client) -> None:
    """From the page of files to the end."""
    for step in ("sign", "contact"):
        onward = client.post(address(step), ANSWERS[step])
        assert onward.status_code == 303
    if onward["Location"] == "/report/passing/":  # who came across it is not asked
        assert client.post("/report/passing/").status_code == 303
    assert client.post("/report/check/").status_code == 303


def test_a_representative_says_how_they_are_authorised(client: Client) -> None:
    acting = {"authorisation": "I am her lawyer; she signed a mandate."}
    walk(client, "files", you={"role": "representative"}, acting=acting)
    client.post("/report/files/")
    walk_on(client)
    assert Report.objects.get().authorisation == acting["authorisation"]


def test_the_person_depicted_is_never_asked_for_a_file_and_the_server_refuses_one(client: Client) -> None:
    walk(client)
    assert client.get("/report/files/").status_code == 303
    sent = client.post("/report/files/", {"files": SimpleUploadedFile("a.png", picture())})
    assert sent.status_code == 303
    assert not Blob.objects.exists()


@pytest.mark.parametrize("age", ["minor", "unknown"])
@pytest.mark.parametrize("role", ["somebody_else", "representative", "depicted", "guardian"])
def test_nobody_may_send_a_file_when_a_minor_is_indicated(client: Client, role: str, age: str) -> None:
    walk(client, "files", you={"role": role}, what={"age_at_the_time": age, "made_how": "unknown"})
    page = client.get("/report/files/").content.decode()
    assert "takeitdown.ncmec.org" in page
    assert 'type="file"' not in page
    sent = client.post("/report/files/", {"files": SimpleUploadedFile("a.png", picture())})
    assert sent.status_code == 422
    assert not Blob.objects.exists()
    assert press_on(client)["Location"] == "/report/sign/"


def test_files_go_when_the_answers_change_to_under_18(client: Client) -> None:
    walk(client, "files", you={"role": "somebody_else"})
    client.post("/report/files/", {"files": SimpleUploadedFile("a.png", picture())})
    assert Blob.objects.count() == 1
    client.post("/report/what/", {"age_at_the_time": "minor", "made_how": "real"})
    assert not Blob.objects.exists()
    assert "files" not in ReportDraft.objects.get().answers


@pytest.mark.parametrize(("age", "restricted"), [("minor", True), ("unknown", True), ("adult", False)])
def test_a_minor_indicator_restricts_the_case_as_it_is_filed(
    client: Client, age: str, restricted: bool
) -> None:
    walk(client, "files" if restricted else "check", what={"age_at_the_time": age, "made_how": "real"})
    if restricted:
        press_on(client)
        walk_on(client)
    else:
        client.post("/report/check/")
    case = Report.objects.get().case
    assert case.restricted is restricted
    assert len(entries("case.restricted", case)) == restricted


def test_no_contact_is_said_at_once_and_stops_nothing(client: Client) -> None:
    walk(client, contact={"channel": "none"})
    assert "a way to reach you" in client.get("/report/check/").content.decode()
    client.post("/report/check/")
    report = Report.objects.get()
    assert report.valid_at is None
    assert report.missing_elements() == ["contact"]
    assert "a way to reach you" in Message.objects.get(report=report, sender="system").text
    assert report.case.status == "waiting"
    assert report.case.clocks.get().stopped_at is None


def test_a_mistake_is_named_with_a_link_to_its_field_and_nothing_typed_is_lost(client: Client) -> None:
    walk(client, "where")
    wrong = client.post(
        "/report/where/", {"links": "not a link", "accounts": "@kept", "description": "kept too"}
    )
    text = wrong.content.decode()
    assert wrong.status_code == 422
    assert 'href="#id_links"' in text
    assert all(words in text for words in ("not a link", "@kept", "kept too"))
    assert "@kept" in client.get("/report/where/").content.decode()


def test_pages_can_be_skipped_where_the_law_asks_and_the_person_does_not_want(client: Client) -> None:
    walk(client, "where")
    assert client.post("/report/where/", {"skip": "1"})["Location"] == "/report/what/"
    client.post("/report/what/", ANSWERS["what"])
    client.post("/report/sign/", {"skip": "1"})
    client.post("/report/contact/", {"channel": "none"})
    client.post("/report/passing/", {"skip": "1"})
    client.post("/report/check/")
    assert set(Report.objects.get().missing_elements()) == {
        "identification",
        "signature",
        "statement",
        "contact",
    }


def test_back_and_save_keep_what_was_typed_unchecked(client: Client) -> None:
    walk(client, "where")
    assert client.post("/report/where/", {"links": "half a li", "back": "1"})["Location"] == "/report/you/"
    assert "half a li" in client.get("/report/where/").content.decode()
    assert client.post("/report/where/", {"links": "half a link", "save": "1"})["Location"] == "/report/"
    assert "/report/where/" in client.get("/report/").content.decode()
    assert client.get("/report/check/")["Location"] == "/report/where/"


def test_an_answer_is_changed_from_the_overview_and_leads_back_to_it(client: Client) -> None:
    walk(client)
    changed = client.post("/report/what/?edit=1", {"age_at_the_time": "adult", "made_how": "real"})
    assert changed["Location"] == "/report/check/"
    client.post("/report/check/")
    assert Report.objects.get().made_how == "real"


def test_becoming_a_representative_on_the_way_asks_what_is_new_and_only_that(client: Client) -> None:
    walk(client)
    assert (
        client.post("/report/you/?edit=1", {"role": "representative"})["Location"] == "/report/acting/?edit=1"
    )
    assert client.post("/report/acting/?edit=1", {"skip": "1"})["Location"] == "/report/files/?edit=1"
    assert client.post("/report/files/?edit=1")["Location"] == "/report/check/"


def test_leaving_deletes_answers_and_files_and_forgets_the_browser(client: Client) -> None:
    walk(client, "files", you={"role": "somebody_else"})
    client.post("/report/files/", {"files": SimpleUploadedFile("a.png", picture()), "more": "1"})
    left = client.get("/report/leave/")
    assert left["Location"] == "https://www.bbc.com/weather"
    assert left.cookies["v"].value == ""
    assert not ReportDraft.objects.exists()
    assert not Blob.objects.exists()
    assert not entries("report.filed")


def test_a_draft_is_unreadable_in_the_database_and_gone_after_two_hours(client: Client) -> None:
    walk(client)
    draft = ReportDraft.objects.get()
    assert timedelta(minutes=119) < draft.expires_at - timezone.now() <= timedelta(hours=2)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT answers, key_hash FROM reports_reportdraft")
        [(answers, key_hash)] = cursor.fetchall()
    assert "Noor" not in answers
    assert client.cookies["v"].value not in (answers, key_hash)

    ReportDraft.objects.update(expires_at=timezone.now())
    assert client.get("/report/check/")["Location"] == "/report/?gone=1"
    from casework.reports.actions import reap_drafts

    assert reap_drafts()[0] == 1
    assert not ReportDraft.objects.exists()
    assert len(entries("report.draft_reaped")) == 1


def test_somebody_with_another_browser_sees_nothing_of_a_draft(client: Client) -> None:
    walk(client)
    other = Client()
    other.cookies["v"] = "guessed"
    assert other.get("/report/check/")["Location"] == "/report/?gone=1"


def test_the_note_is_a_text_file_that_says_nothing_about_the_matter(client: Client) -> None:
    walk(client)
    done = client.get(client.post("/report/check/")["Location"])
    sent = {"reference": shown(done, "reference"), "code": shown(done, "access-code")}
    note = client.post("/report/note/", sent)
    assert note["Content-Disposition"] == 'attachment; filename="note.txt"'
    assert sent["code"] in note.content.decode()
    assert client.post("/report/note/", {"reference": "<script>", "code": "x"}).status_code == 400
