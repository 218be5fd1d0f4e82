"""Somebody else holds what a person or a program wants to change, for longer than we wait: words, and nothing done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from casework.accounts.models import User
from casework.reports.actions import create_api_key
from casework.reports.models import Report
from tests.cast import client_of, make_case
from tests.journal import all_verbs

pytestmark = pytest.mark.usefixtures("committed_db")

Held = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def held(superuser: psycopg.Connection[Any]) -> Iterator[Held]:
    """What a statement locks is held by somebody else meanwhile, and we wait for a moment only."""

    @contextmanager
    def hold(statement: str) -> Iterator[None]:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        with superuser.transaction():
            superuser.execute(statement)  # type: ignore[arg-type]
            yield

    yield hold
    connection.close()


def test_mona_is_told_to_try_again_and_the_second_time_it_is_done(mona: User, held: Held) -> None:
    case, client = make_case(), client_of(mona, raise_request_exception=False)
    claim = reverse("case_claim", args=[case.public_id])
    before = all_verbs()
    with held(f"SELECT FROM cases_case WHERE id = {case.pk} FOR UPDATE"):
        refused = client.post(claim)
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert "What you sent last was not carried out." in refused.text
    assert all_verbs() == before
    assert client.post(claim).status_code == 302
    assert all_verbs()[-1] == "case.claimed"


def test_a_program_is_told_in_its_own_form(held: Held) -> None:
    _key, secret = create_api_key(actor=None, name="uploads", organisation="Example Platform")
    client = Client(headers={"authorization": f"Bearer {secret}"}, raise_request_exception=False)
    report = {"role": "somebody_else", "links": "https://e.example/1"}
    before = all_verbs()
    with held("LOCK TABLE cases_case IN EXCLUSIVE MODE"):
        refused = client.post("/api/v1/reports/", report)
    assert (refused.status_code, refused["Retry-After"]) == (503, "5")
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["status"] == 503
    assert (Report.objects.count(), all_verbs()) == (0, before)
    assert client.post("/api/v1/reports/", report).status_code == 201
