"""A platform files reports with its key: everything is stored, or it is told in words that nothing was."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now
from django.test import Client

from casework.evidence.models import Blob, Item
from casework.reports.actions import create_api_key, reap_drafts, revoke_api_key
from casework.reports.models import ApiKey, IdempotentAnswer, Report

from .conftest import entries, picture

pytestmark = pytest.mark.django_db
REPORTS = "/api/v1/reports/"
LINK = "https://example.org/p/1"


def file_of(number: int) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"{number}.png", picture(number), "image/png")


def send_json(client: Client, body: Any, **headers: str) -> Any:
    return client.post(REPORTS, json.dumps(body), content_type="application/json", headers=headers)


def problem(response: Any, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def test_a_link_alone_is_a_report(api: Client, key: Any) -> None:
    response = send_json(api, {"links": [LINK]})
    assert response.status_code == 201
    said = response.json()
    report = Report.objects.get()
    assert said["id"] == str(report.public_id)
    assert response["Location"] == said["url"]
    assert said["state"] == "received"
    assert said["missing"] == ["signature", "statement", "contact"]
    assert report.api_key == key[0]
    assert not report.case.restricted
    [(_, filed)] = entries("report.filed", report.case)
    assert filed["api_key"] == str(key[0].public_id)


def test_the_line_of_the_readme_files_a_photo(api: Client) -> None:
    response = api.post(REPORTS, {"role": "somebody_else", "links": LINK, "files": file_of(1)})
    assert response.status_code == 201
    assert response.json()["files"] == 1
    assert Report.objects.get().case.restricted is False


@pytest.mark.parametrize("number", [1, 2, 3, 7, 50])
@pytest.mark.parametrize("one_name", [True, False])
def test_n_of_n_files_arrive(api: Client, number: int, one_name: bool) -> None:
    files = [file_of(n) for n in range(number)]
    fields: dict[str, Any] = (
        {"files": files} if one_name else {f"any{n}": file for n, file in enumerate(files)}
    )
    response = api.post(REPORTS, {"links": LINK, **fields})
    assert response.status_code == 201
    case = Report.objects.get().case
    assert list(Item.objects.filter(case=case).values_list("position", flat=True)) == list(
        range(1, number + 1)
    )
    assert case.item_count == number
    assert len(entries("evidence.received", case)) == number


def test_the_same_file_twice_is_two_items(api: Client) -> None:
    assert api.post(REPORTS, {"files": [file_of(1), file_of(1)]}).json()["files"] == 2


def test_one_file_too_many_keeps_nothing(api: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_FILES = 2
    problem(api.post(REPORTS, {"files": [file_of(n) for n in range(3)]}), 413)
    nothing_kept()


def nothing_kept() -> None:
    assert not Report.objects.exists()
    assert not Blob.objects.exists()
    assert not entries("report.filed")


def test_a_file_over_the_limit_keeps_nothing(api: Client, settings: Any) -> None:
    settings.UPLOAD_MAX_FILE_BYTES = 50
    assert "larger" in problem(api.post(REPORTS, {"links": LINK, "files": file_of(1)}), 413)["detail"]
    nothing_kept()


def test_an_empty_file_is_an_error(api: Client) -> None:
    problem(api.post(REPORTS, {"links": LINK, "files": SimpleUploadedFile("a.png", b"")}), 422)
    nothing_kept()


def test_a_body_that_was_cut_is_a_visible_error(api: Client) -> None:
    whole = (
        b'--edge\r\nContent-Disposition: form-data; name="links"\r\n\r\nhttps://example.org/1\r\n'
        b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + picture(1) + b"\r\n--edge--\r\n"
    )
    for cut in (len(whole) - 12, len(whole) - 40, 120):
        sent = api.generic("POST", REPORTS, whole[:cut], content_type="multipart/form-data; boundary=edge")
        problem(sent, 400)
    nothing_kept()
    sent = api.generic("POST", REPORTS, whole, content_type="multipart/form-data; boundary=edge")
    assert sent.status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "links"),
        ({"links": ["not a link"]}, "links"),
        ({"links": [LINK], "role": "king"}, "role"),
        ({"links": [LINK], "age_at_the_time": 12}, "age_at_the_time"),
        ({"links": [LINK], "status": "closed"}, "status"),
        ({"links": [LINK], "trusted_flagger": True}, "trusted_flagger"),
        ({"links": ["https://example.org/" + "x" * 2500]}, "links"),
        ({"links": [f"https://example.org/{n}" for n in range(251)]}, "links"),
        (["a list"], ""),
    ],
)
def test_a_wrong_field_is_named(api: Client, body: Any, field: str) -> None:
    errors = problem(send_json(api, body), 422)["errors"]
    assert field in {error["field"] for error in errors}
    assert all(error["message"] for error in errors)
    nothing_kept()


def test_a_wrong_field_beside_files_keeps_no_file(api: Client) -> None:
    problem(api.post(REPORTS, {"linkz": LINK, "files": file_of(1)}), 422)
    nothing_kept()


@pytest.mark.parametrize("age", ["minor", "unknown"])
def test_a_minor_indicated_restricts_at_once_and_may_have_no_files(
    api: Client, age: str, settings: Any
) -> None:
    settings.CSAM_CUSTODY = "forbidden"
    assert (
        "without files"
        in problem(api.post(REPORTS, {"age_at_the_time": age, "files": file_of(1)}), 422)["detail"]
    )
    nothing_kept()
    assert send_json(api, {"links": [LINK], "age_at_the_time": age}).status_code == 201
    assert Report.objects.get().case.restricted


def test_a_provider_that_must_preserve_takes_the_files_into_the_restricted_case(
    api: Client, settings: Any
) -> None:
    settings.CSAM_CUSTODY = "provider_preserve"
    assert api.post(REPORTS, {"age_at_the_time": "minor", "files": file_of(1)}).status_code == 201
    case = Report.objects.get().case
    assert case.restricted
    assert case.item_count == 1


def test_a_trusted_flaggers_key_makes_its_reports_a_factor() -> None:
    _, secret = create_api_key(actor=None, name="Hotline", organisation="Hotline", trusted_flagger=True)
    send_json(Client(headers={"Authorization": f"Bearer {secret}"}), {"links": [LINK]})
    assert Report.objects.get().case.trusted_flagger


# --- the same report twice --------------------------------------------------------------------------------------


def test_the_same_key_and_report_get_the_same_answer_and_file_nothing_twice(api: Client) -> None:
    sent = {"links": LINK, "files": file_of(1)}
    first = api.post(REPORTS, sent, headers={"Idempotency-Key": "a"})
    again = api.post(REPORTS, {"links": LINK, "files": file_of(1)}, headers={"Idempotency-Key": "a"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first["Location"] == again["Location"]
    assert Report.objects.count() == 1
    assert Item.objects.count() == 1
    assert Blob.objects.count() == 1
    assert len(entries("report.filed")) == 1


@pytest.mark.parametrize(
    "other", [{"links": LINK, "files": 2}, {"links": LINK + "0", "files": 1}, {"links": LINK}]
)
def test_the_same_key_with_another_report_is_refused(api: Client, other: dict[str, Any]) -> None:
    api.post(REPORTS, {"links": LINK, "files": file_of(1)}, headers={"Idempotency-Key": "a"})
    if "files" in other:
        other = {**other, "files": file_of(other["files"])}
    problem(api.post(REPORTS, other, headers={"Idempotency-Key": "a"}), 422)
    assert Report.objects.count() == 1
    assert Blob.objects.count() == 1


def test_two_platforms_may_use_the_same_idempotency_key(api: Client) -> None:
    _, secret = create_api_key(actor=None, name="Other", organisation="Other")
    other = Client(headers={"Authorization": f"Bearer {secret}"})
    assert send_json(api, {"links": [LINK]}, **{"Idempotency-Key": "a"}).status_code == 201
    assert send_json(other, {"links": [LINK]}, **{"Idempotency-Key": "a"}).status_code == 201
    assert Report.objects.count() == 2


def test_a_refused_report_does_not_use_up_its_idempotency_key(api: Client) -> None:
    problem(send_json(api, {"links": ["x"]}, **{"Idempotency-Key": "a"}), 422)
    assert send_json(api, {"links": [LINK]}, **{"Idempotency-Key": "a"}).status_code == 201


def test_the_kept_answer_is_unreadable_in_the_database(api: Client) -> None:
    code = send_json(api, {"links": [LINK]}, **{"Idempotency-Key": "a"}).json()["access_code"]
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM reports_idempotentanswer")
        assert code not in cursor.fetchone()[0]


def test_a_kept_answer_goes_after_a_day_and_not_before(api: Client) -> None:
    send_json(api, {"links": [LINK]}, **{"Idempotency-Key": "a"})
    assert reap_drafts() == (0, 0)
    IdempotentAnswer.objects.update(made_at=Now() - timedelta(days=1))
    assert reap_drafts() == (0, 1)
    assert Report.objects.count() == 1


# --- who may --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer cw_00000000.nope", "Basic abc", "Bearer a b", "Bearer ü"]
)
def test_without_a_living_key_it_is_401_and_says_how_to_send_one(header: str) -> None:
    client = Client(headers={"Authorization": header} if header else {})
    response = send_json(client, {"links": [LINK]})
    problem(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")
    nothing_kept()


def test_a_session_is_no_key(mona: Any) -> None:
    client = Client()
    client.force_login(mona, backend="allauth.account.auth_backends.AuthenticationBackend")
    problem(send_json(client, {"links": [LINK]}), 401)


def test_a_revoked_key_ends_at_once(api: Client, key: Any) -> None:
    revoke_api_key(key[0], actor=None)
    problem(send_json(api, {"links": [LINK]}), 401)


def test_a_key_without_the_scope_is_refused() -> None:
    _, secret = create_api_key(actor=None, name="Reads", organisation="R", scopes=[ApiKey.Scope.READ])
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    problem(send_json(client, {"links": [LINK]}), 403)
    nothing_kept()


def test_a_key_is_not_stored(key: tuple[ApiKey, str]) -> None:
    row = ApiKey.objects.values().get()
    assert key[1].partition(".")[2] not in str(row)


def test_a_key_reads_the_reports_it_filed_and_no_others(api: Client) -> None:
    url = send_json(api, {"links": [LINK]}).json()["url"]
    path = url.partition("localhost:")[2].partition("/")[2]
    mine = api.get(f"/{path}")
    assert mine.status_code == 200
    assert "access_code" not in mine.json()
    _, secret = create_api_key(actor=None, name="Other", organisation="Other")
    other = Client(headers={"Authorization": f"Bearer {secret}"})
    not_theirs = problem(other.get(f"/{path}"), 404)
    unknown = problem(other.get(f"{REPORTS}{uuid.uuid4()}/"), 404)
    assert not_theirs == unknown


# --- errors ---------------------------------------------------------------------------------------------------------


def test_every_kind_of_error_is_a_problem(api: Client) -> None:
    problem(api.get(REPORTS), 405)
    assert "POST" in api.get(REPORTS)["Allow"]
    problem(api.put(REPORTS), 405)
    problem(api.post(REPORTS, "a=b", content_type="application/x-www-form-urlencoded"), 415)
    problem(api.post(REPORTS, "{", content_type="application/json"), 400)
    problem(api.get("/api/v1/nothing/"), 404)
    problem(Client().get("/api/"), 404)
    problem(api.post(REPORTS, "x", content_type="multipart/form-data"), 400)
    problem(send_json(api, {"links": [LINK]}, **{"Idempotency-Key": "k" * 256}), 422)


def test_too_many_requests_with_one_key_are_told_how_long_to_wait(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from casework.reports.api import KeyThrottle

    monkeypatch.setattr(KeyThrottle, "rate", "3/min", raising=False)
    answers = [send_json(api, {"links": [LINK]}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    problem(answers[3], 429)
    assert 0 < int(answers[3]["Retry-After"]) <= 60
    assert Report.objects.count() == 3
    _, secret = create_api_key(actor=None, name="Other", organisation="Other")
    other = Client(headers={"Authorization": f"Bearer {secret}"})
    assert send_json(other, {"links": [LINK]}).status_code == 201


def test_known_and_unknown_files_are_answered_alike(api: Client) -> None:
    answers = [api.post(REPORTS, {"files": file_of(1)}).json() for _ in range(2)]
    varying = {"id", "url", "reference", "access_code", "received_at", "due_at"}
    assert {name: answers[0][name] for name in answers[0] if name not in varying} == {
        name: answers[1][name] for name in answers[1] if name not in varying
    }


# --- documents ------------------------------------------------------------------------------------------------------


def test_the_openapi_document_describes_both_ways_to_file() -> None:
    response = Client().get("/api/schema/?format=json")
    assert response.status_code == 200
    post = response.json()["paths"]["/api/v1/reports/"]["post"]
    assert set(post["requestBody"]["content"]) == {"multipart/form-data", "application/json"}
    assert "application/problem+json" in post["responses"]["422"]["content"]


def test_the_page_for_people_shows_every_field_without_foreign_scripts() -> None:
    text = Client().get("/api/docs/").content.decode()
    schema = Client().get("/api/schema/?format=json").json()["components"]["schemas"]
    assert all(
        f"<code>{name}</code>" in text
        for name in schema[
            "ReportWithFilesRequest" if "ReportWithFilesRequest" in schema else "ReportWithFiles"
        ]["properties"]
    )
    assert "//cdn" not in text
    assert 'id="error-422"' in text
