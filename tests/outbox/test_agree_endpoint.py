"""Another address or secret of a partner's system holds once somebody else has agreed to it."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from casework.outbox import actions
from casework.outbox.models import Attempt, Endpoint
from tests.cast import client_of, person
from tests.journal import all_verbs

from .local import LocalServer, reply
from .sending import connect, post, work

URL = "https://system.example/in?key=7"


def taking(request: BaseHTTPRequestHandler) -> None:
    request.rfile.read(int(request.headers["Content-Length"]))
    reply(request)


@pytest.fixture
def endpoint(db: None) -> Endpoint:
    """A partner's system whose address ada changed."""
    found, _secret = actions.create_endpoint(
        actor=person("ada"), name="Theirs", url="https://was.example/", purpose="partner"
    )
    actions.switch_endpoint(found, actor=person("ada"), on=True)
    return actions.change_endpoint(found, actor=person("ada"), name="Theirs", url=URL)


def fresh(endpoint: Endpoint) -> Endpoint:
    return Endpoint.objects.get(pk=endpoint.pk)


def test_nothing_is_sent_with_a_secret_that_one_person_made(db: None, loopback_allowed: None) -> None:
    with LocalServer(taking) as server:
        found = connect(server.url(), purpose="partner")
        actions.rotate_secret(found, actor=person("ada"), keep_hours=24)
        post(found)
        work()
        assert server.hits == 0
        assert Attempt.objects.get().code == "unagreed"
        assert actions.agree_endpoint(fresh(found), actor=person("lena"), version=fresh(found).version)
        post(found)
        work()
        assert server.hits == 1


def test_lena_agrees_to_what_she_was_shown(endpoint: Endpoint) -> None:
    page = client_of(person("lena")).get(reverse("endpoint", args=[endpoint.public_id])).content.decode()
    assert "Ada changed the address to https://system.example/in." in page
    assert "key=7" not in page
    door = reverse("endpoint_agree", args=[endpoint.public_id])
    client_of(person("lena")).post(door, {"version": endpoint.version})
    assert not fresh(endpoint).waits
    assert all_verbs()[-1] == "endpoint.change_agreed"


def test_ada_cannot_be_the_second_person_for_her_own_change(endpoint: Endpoint) -> None:
    before = all_verbs()
    with pytest.raises(actions.SameEndpointPerson):
        actions.agree_endpoint(endpoint, actor=person("ada"), version=endpoint.version)
    assert all_verbs() == before
    assert fresh(endpoint).waits
    for column in ("address_by", "secret_by"):
        both: dict[str, Any] = {column: person("ada"), "agreed_by": person("ada")}
        with pytest.raises(IntegrityError), transaction.atomic():
            Endpoint.objects.filter(pk=endpoint.pk).update(**both)


def test_what_was_changed_again_is_looked_at_again(endpoint: Endpoint) -> None:
    seen = endpoint.version
    actions.change_endpoint(endpoint, actor=person("ada"), name="Theirs", url="https://third.example/")
    before = all_verbs()
    assert not actions.agree_endpoint(endpoint, actor=person("lena"), version=seen)
    assert all_verbs() == before
    assert fresh(endpoint).waits


def test_the_author_of_one_of_two_waiting_changes_agrees_to_neither(endpoint: Endpoint) -> None:
    lena, sena = person("lena"), person("lex")
    actions.rotate_secret(endpoint, actor=sena, keep_hours=0)
    now = fresh(endpoint)
    for own in (person("ada"), sena):
        with pytest.raises(actions.SameEndpointPerson):
            actions.agree_endpoint(now, actor=own, version=now.version)
    assert actions.agree_endpoint(now, actor=lena, version=now.version)


def test_a_secret_that_nobody_agreed_to_is_never_kept_beside_another(endpoint: Endpoint) -> None:
    old = fresh(endpoint).good_secrets()[0]
    adas = actions.rotate_secret(endpoint, actor=person("ada"), keep_hours=24)
    newest = actions.rotate_secret(endpoint, actor=person("lex"), keep_hours=24)
    assert fresh(endpoint).good_secrets() == [newest, old]
    assert adas not in fresh(endpoint).good_secrets()


def test_the_platform_s_endpoint_and_a_new_name_wait_for_nobody(db: None) -> None:
    ada = person("ada")
    platform, _secret = actions.create_endpoint(
        actor=ada, name="P", url="https://p.example/", purpose="platform"
    )
    actions.rotate_secret(platform, actor=ada, keep_hours=1)
    assert not fresh(platform).waits
    partner, _secret = actions.create_endpoint(
        actor=ada, name="Q", url="https://q.example/", purpose="partner"
    )
    actions.change_endpoint(partner, actor=ada, name="Q renamed", url="https://q.example/")
    assert not fresh(partner).waits
