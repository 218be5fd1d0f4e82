"""A key that a receiver gave us is kept encrypted, goes nowhere but where it was meant for, and can be forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from casework.audit.models import Entry
from casework.outbox.models import Endpoint
from tests.cast import client_of, person
from tests.journal import all_verbs

KEY = "sea-otter-9"


@pytest.fixture
def endpoint(db: None) -> Endpoint:
    """An endpoint of a host that ada made with the host's key."""
    given = {"name": "A host", "url": "https://host.example/xarf", "purpose": "partner", "key": KEY}
    assert client_of(person("ada")).post(reverse("endpoint_create"), given).status_code == 200
    return Endpoint.objects.get()


def change(endpoint: Endpoint, **given: str) -> Any:
    at = reverse("endpoint_change", args=[endpoint.public_id])
    answer = client_of(person("ada")).post(at, {"name": "A host", "url": endpoint.url} | given)
    endpoint.refresh_from_db()
    return answer


def test_the_log_says_that_there_is_a_key_and_not_which(endpoint: Endpoint):
    assert endpoint.key == KEY
    body = bytes(Entry.objects.get(verb="endpoint.created").body).decode()
    assert '"key":true' in body
    assert KEY not in body


def test_a_key_that_is_left_empty_stays_and_another_replaces_it(endpoint: Endpoint):
    change(endpoint)
    assert endpoint.key == KEY
    change(endpoint, key="sea-lion")
    assert endpoint.key == "sea-lion"
    assert all_verbs().count("endpoint.changed") == 2


def test_a_kept_key_never_goes_to_another_address(endpoint: Endpoint):
    change(endpoint, url="https://elsewhere.example/xarf")
    assert endpoint.key == ""
    assert all_verbs()[-1] == "endpoint.changed"


def test_a_key_is_forgotten_when_ada_says_so(endpoint: Endpoint):
    change(endpoint, forget_key="on")
    assert endpoint.key == ""
    assert all_verbs()[-1] == "endpoint.changed"


@pytest.mark.parametrize("key", ["two words", "a\nb", "schlüssel"], ids=["space", "newline", "umlaut"])
def test_what_can_t_be_a_key_is_refused_in_words(key: str, endpoint: Endpoint):
    answer = change(endpoint, key=key)
    assert answer.status_code == 422
    assert "plain characters" in answer.content.decode()
    assert key not in answer.content.decode()
    assert endpoint.key == KEY
    assert "endpoint.changed" not in all_verbs()
