"""What people send who do not mean a report: long, broken, foreign, or trying to set what is not theirs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from casework.evidence.models import Blob
from casework.reports import limits
from casework.reports.models import Report, ReportDraft

from .conftest import entries, picture
from .test_public_form import ANSWERS, press_on, walk

pytestmark = pytest.mark.django_db

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "a\r\nSet-Cookie: x=1",
    "\u2028\u202e\u0000",
    "\ud800",
    "<script>alert(1)</script>",
    "{{ settings.SECRET_KEY }}{% debug %}",
    "' OR 1=1 --",
    "😀" * 500,
    "A" * 65536,
]


def upload(number: int = 0) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{number}.png", picture(number))


@pytest.mark.parametrize("value", HOSTILE)
def test_no_value_breaks_the_form_or_stands_unescaped_on_a_page(client: Client, value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    client.post("/report/", ANSWERS["start"])
    for step, fields in ANSWERS.items():
        path = "/report/" if step == "start" else f"/report/{step}/"
        response = client.post(path, dict.fromkeys(fields, value))
        assert response.status_code in (302, 303, 422)
        assert "<script>alert" not in response.content.decode()


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "field", ["links", "accounts", "description", "statement", "signature", "contact_address"]
)
def test_no_value_breaks_the_api(api: Client, field: str, value: str) -> None:
    body: dict[str, Any] = {"links": ["https://a.example/1"]}
    body[field] = [value] if field in ("links", "accounts") else value
    response = api.post("/api/v1/reports/", json.dumps(body), content_type="application/json")
    assert response.status_code in (201, 422), response.content
    assert Report.objects.count() == (response.status_code == 201)


def test_fields_that_are_not_asked_for_change_nothing(client: Client) -> None:
    client.post("/report/", {**ANSWERS["start"], "filed_as": "1", "id": "7"})
    walk(client, "where")
    extra = {
        "restricted": "0",
        "trusted_flagger": "on",
        "api_key": "1",
        "reference": "AAAAAAAAA",
        "storage_key": "x",
    }
    client.post("/report/where/", {**ANSWERS["where"], **extra})
    kept = ReportDraft.objects.get().answers["where"]["values"]
    assert set(kept) == set(ANSWERS["where"])


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "ftp://a.example/",
        "https://",
        "http://[::1",
        "https://a b.example/",
        "https://a.example:99999/",
        "file:///etc/passwd",
    ],
)
def test_what_is_no_web_address_is_refused_in_words(api: Client, link: str) -> None:
    response = api.post("/api/v1/reports/", json.dumps({"links": [link]}), content_type="application/json")
    assert response.status_code == 422
    assert not Report.objects.exists()
    assert not entries("report.filed")


def test_a_form_from_another_site_does_nothing() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/report/", ANSWERS["start"]).status_code == 403
    assert not ReportDraft.objects.exists()


def test_files_without_the_forms_token_are_not_kept_in_the_draft(client: Client) -> None:
    walk(client, "files", you={"role": "somebody_else"})
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["v"] = client.cookies["v"].value
    assert strict.post("/report/files/", {"files": upload()}).status_code == 403
    assert "files" not in ReportDraft.objects.get().answers


def test_files_are_refused_before_the_questions_are_answered(client: Client) -> None:
    client.post("/report/", ANSWERS["start"])
    client.post("/report/you/", {"role": "somebody_else"})
    assert client.post("/report/files/", {"files": upload()}).status_code == 422
    assert not Blob.objects.exists()


def test_a_draft_takes_as_many_files_as_a_report_and_not_one_more(client: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_FILES = 3
    walk(client, "files", you={"role": "somebody_else"})
    assert client.post("/report/files/", {"files": [upload(1), upload(2)], "more": "1"}).status_code == 302
    assert client.post("/report/files/", {"files": [upload(3), upload(4)], "more": "1"}).status_code == 413
    assert len(ReportDraft.objects.get().answers["files"]) == Blob.objects.count() == 2


def test_one_sender_may_not_fill_the_disk(client: Client, api: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_SENDER_BYTES = 600
    walk(client, "files", you={"role": "somebody_else"})
    answers = [client.post("/report/files/", {"files": upload(number)}) for number in range(3)]
    assert answers[-1].status_code == 429
    sent = [api.post("/api/v1/reports/", {"files": upload(number)}) for number in range(3)]
    assert sent[-1].status_code == 429
    assert sent[-1]["Content-Type"] == "application/problem+json"
    assert sent[-1]["Retry-After"]
    assert len(entries("report.filed")) == sum(each.status_code == 201 for each in sent) < 3


def test_a_flood_of_reports_from_one_street_is_stopped_and_what_was_typed_is_kept(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("casework.reports.views.form.FORM_PER_PREFIX", limits.Limit("tight", 1, 3600))
    walk(client)
    assert client.post("/report/check/").status_code == 303
    again = Client()
    walk(again)
    assert again.post("/report/check/").status_code == 429
    assert "Noor Example" in again.get("/report/check/").content.decode()
    assert len(entries("report.filed")) == 1


def test_an_upload_that_is_too_large_is_said_on_the_page(client: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_FILE_BYTES = 20
    walk(client, "files", you={"role": "somebody_else"})
    sent = client.post("/report/files/", {"files": upload()})
    assert sent.status_code == 413
    assert "larger" in sent.content.decode()
    assert not Blob.objects.exists()
    assert press_on(client).status_code == 303


def test_asking_for_the_head_of_the_receipt_does_not_use_it_up(client: Client) -> None:
    walk(client)
    client.post("/report/check/")
    assert client.head("/report/done/").status_code == 405
    assert 'id="access-code"' in client.get("/report/done/").content.decode()
