"""A private network opens for one endpoint only, by the operator's list and by two people."""

from __future__ import annotations

import ipaddress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from casework.outbox import actions
from casework.outbox.models import Attempt, Endpoint
from tests.cast import client_of, person
from tests.journal import all_verbs

from .local import LocalServer, reply
from .sending import allow, connect, post, work


def taking(request: BaseHTTPRequestHandler) -> None:
    request.rfile.read(int(request.headers["Content-Length"]))
    reply(request)


def asked_for(url: str, net: str = "127.0.0.0/8") -> Endpoint:
    """An endpoint for whose network ada asked and nobody else has spoken yet."""
    endpoint, _secret = actions.create_endpoint(
        actor=person("ada"), name="Inside", url=url, purpose="platform", private_net=net
    )
    return endpoint


def test_nothing_is_sent_inside_until_a_second_person_allows_it(db: None, loopback_allowed: None):
    with LocalServer(taking) as server:
        endpoint = asked_for(server.url())
        post(endpoint)
        work()
        assert server.hits == 0
        assert Attempt.objects.get().code == "private"
        assert allow(endpoint, "lena")
        post(endpoint)
        work()
        assert server.hits == 1
    assert "endpoint.net_approved" in all_verbs()


def test_two_people_are_not_enough_without_the_operators_list(db: None, settings: Any):
    settings.OUTBOUND_ALLOWED_NETS = ()
    with LocalServer(taking) as server:
        post(connect(server.url()))
        work()
        assert server.hits == 0
    assert Attempt.objects.get().code == "private"


def test_the_list_opens_nothing_for_an_endpoint_that_did_not_ask(db: None, loopback_allowed: None):
    with LocalServer(taking) as server:
        post(connect(server.url(), net=""))
        post(connect(server.url(), net="127.9.0.0/16", purpose="partner"))
        work()
        assert server.hits == 0


def test_whoever_asked_cannot_be_the_second_person(db: None, loopback_allowed: None):
    endpoint = asked_for("http://127.0.0.1:9/")
    before = all_verbs()
    with pytest.raises(actions.SameNetPerson):
        allow(endpoint, "ada")
    assert all_verbs() == before
    answer = client_of(person("ada")).post(f"/outbox/endpoints/{endpoint.public_id}/net/")
    assert answer.status_code == 403
    with pytest.raises(IntegrityError), transaction.atomic():
        Endpoint.objects.update(net_approved_by=person("ada"))
    with pytest.raises(IntegrityError), transaction.atomic():
        Endpoint.objects.update(net_proposed_by=None, net_approved_by=person("lena"))


def test_another_address_or_network_asks_the_second_person_anew(db: None, loopback_allowed: None):
    endpoint = connect("http://127.0.0.1:9/")
    same = {"actor": person("ada"), "name": "Renamed", "private_net": endpoint.private_net}
    assert actions.change_endpoint(endpoint, url=endpoint.url, **same).net_approved_by == person("lena")
    assert actions.change_endpoint(endpoint, url="http://127.0.0.1:10/", **same).net_approved_by is None
    assert all_verbs().count("endpoint.changed") == 2


def test_lena_allows_it_on_the_page(db: None, loopback_allowed: None):
    endpoint = asked_for("http://127.0.0.1:9/")
    lena = client_of(person("lena"))
    assert "as second person" in lena.get(f"/outbox/endpoints/{endpoint.public_id}/").content.decode()
    seen = {"net": endpoint.private_net, "host": endpoint.host}
    lena.post(f"/outbox/endpoints/{endpoint.public_id}/net/", seen)
    endpoint.refresh_from_db()
    assert endpoint.net_approved_by == person("lena")


def test_what_was_changed_after_lena_looked_is_not_allowed_by_her(db: None, loopback_allowed: None):
    endpoint = asked_for("http://127.0.0.1:9/", net="127.1.0.0/16")
    page = client_of(person("lena")).get(f"/outbox/endpoints/{endpoint.public_id}/").content.decode()
    assert 'name="net" value="127.1.0.0/16"' in page
    assert 'name="host" value="127.0.0.1"' in page
    wider = {"name": "Inside", "url": endpoint.url, "private_net": "127.0.0.0/8"}
    actions.change_endpoint(endpoint, actor=person("ada"), **wider)
    seen = {"net": "127.1.0.0/16", "host": "127.0.0.1"}
    client_of(person("lena")).post(f"/outbox/endpoints/{endpoint.public_id}/net/", seen)
    endpoint.refresh_from_db()
    assert endpoint.net_approved_by is None
    assert "endpoint.net_approved" not in all_verbs()


def test_a_network_that_the_operator_does_not_list_is_refused_in_words(db: None, settings: Any):
    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("10.1.0.0/16"),)
    given = {
        "name": "Inside",
        "url": "https://inside.example/",
        "purpose": "platform",
        "private_net": "10.0.0.0/8",
    }
    answer = client_of(person("ada")).post("/outbox/endpoints/new/", given)
    assert answer.status_code == 422
    assert "The operator does not list this network" in answer.content.decode()
    assert not Endpoint.objects.exists()
    assert "endpoint.created" not in all_verbs()
