"""Requests that no browser and no decent program sends: each is answered in words, below /api/ as a problem."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from casework.evidence.models import Item
from casework.reports import api as doors
from casework.reports.models import Report

from .conftest import entries, picture

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    "body",
    [
        {"\ud800": "x", "links": ["https://a.example/1"]},
        {"links": ["https://a.example/1"], "role": "\ud800"},
        {"links": ["https://a.example/1"], "language": "\udfff"},
        {"links": ["https://\ud800.example/1"]},
    ],
)
def test_half_a_character_is_refused_in_words(api: Client, body: dict[str, Any]) -> None:
    response = api.post("/api/v1/reports/", json.dumps(body), content_type="application/json")
    assert response.status_code == 422
    assert response.headers["Content-Type"] == PROBLEM
    assert json.loads(response.content)["errors"]
    assert not Report.objects.exists()
    assert entries("report.filed") == []


@pytest.mark.parametrize("content_type", [b"image/\x00png", b"image/png; charset=\xff\xfe", b"a" * 900])
def test_an_odd_type_of_a_file_loses_no_file(api: Client, content_type: bytes) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="a\x00.png"\r\nContent-Type: '
        + content_type + b"\r\n\r\n" + picture() + b"\r\n--b--\r\n"
    )  # fmt: skip
    response = api.generic("POST", "/api/v1/reports/", body, content_type="multipart/form-data; boundary=b")
    assert response.status_code == 201, response.content
    assert Item.objects.count() == 1
    assert len(entries("report.filed")) == 1


def test_a_failure_of_ours_below_the_api_is_a_problem(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret inner words")

    monkeypatch.setattr(doors, "file_report", broken)
    api.raise_request_exception = False
    body = json.dumps({"links": ["https://a.example/1"]})
    response = api.post("/api/v1/reports/", body, content_type="application/json")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == PROBLEM
    said = json.loads(response.content)
    assert said["status"] == 500
    assert "secret" not in str(said)
    assert "Content-Security-Policy" in response.headers
    assert not Report.objects.exists()
    assert entries("report.filed") == []


def test_a_wrong_host_below_the_api_is_a_problem(api: Client) -> None:
    response = api.get("/api/v1/reports/", headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert response.headers["Content-Type"] == PROBLEM
