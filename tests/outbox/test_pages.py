"""What the pages of the outbox show, and to whom."""

from __future__ import annotations

from django.urls import reverse

from casework.outbox import actions
from casework.outbox.models import Message
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs

from .conftest import Platform
from .sending import connect, point, post, time_is_up, work


def test_dead_letters_stand_first_and_each_attempt_is_told(platform: Platform):
    point(platform.endpoint, "http://127.0.0.1:9/")
    lost = post(platform.endpoint, "a.lost.one")
    time_is_up(lost)
    work()
    point(platform.endpoint, platform.receiver.url)
    post(platform.endpoint)
    work()
    lena = client_of(person("lena"))
    page = lena.get("/outbox/").content.decode()
    assert page.index("a.lost.one") < page.index("a test message")
    assert "a.lost.one" not in lena.get("/outbox/?state=delivered").content.decode()
    told = lena.get(f"/outbox/messages/{lost.public_id}/").content.decode()
    assert "does not take connections" in told
    assert "Given up after 1 attempts" in told


def test_a_restricted_case_does_not_exist_for_an_administrator_who_is_not_cleared(platform: Platform):
    case = make_case(minor_indicated=True)
    message = post(platform.endpoint, case=case)
    address = f"/outbox/messages/{message.public_id}/"
    ada, lena = client_of(person("ada")), client_of(person("lena"))
    assert (ada.get(address).status_code, lena.get(address).status_code) == (404, 200)
    assert str(message.public_id) not in ada.get("/outbox/").content.decode()
    assert case.number in lena.get("/outbox/").content.decode()


def test_an_administrator_sees_the_message_of_a_case_and_not_its_number(platform: Platform):
    case = make_case()
    message = post(platform.endpoint, case=case)
    page = client_of(person("ada")).get("/outbox/").content.decode()
    assert str(message.public_id) in page
    assert case.number not in page


def test_ada_makes_changes_and_switches_an_endpoint(db: None):
    ada = client_of(person("ada"))
    ada.post("/outbox/endpoints/new/", {"name": "P", "url": "https://p.example/in", "purpose": "platform"})
    endpoint = actions.platform_endpoint()
    assert endpoint is None, "it is switched off until somebody switches it on"
    from casework.outbox.models import Endpoint

    made = Endpoint.objects.get()
    at = {"public_id": made.public_id}
    ada.post(reverse("endpoint_change", kwargs=at), {"name": "Q", "url": "https://q.example/in"})
    ada.post(reverse("endpoint_switch", kwargs=at), {"on": "yes"})
    assert actions.platform_endpoint() == made
    assert "https://q.example/in" in ada.get(reverse("endpoint", kwargs=at)).content.decode()
    assert [verb for verb in all_verbs() if verb.startswith("endpoint")] == [
        "endpoint.created", "endpoint.changed", "endpoint.switched"
    ]  # fmt: skip


def test_there_is_one_platform_at_a_time(db: None):
    connect("https://a.example/", net="")
    second = connect("https://b.example/", net="", on=False)
    before = all_verbs()
    answer = client_of(person("ada")).post(
        reverse("endpoint_switch", args=[second.public_id]), {"on": "yes"}, follow=True
    )
    assert "Switch that one off first" in answer.content.decode()
    second.refresh_from_db()
    assert not second.enabled
    assert [verb for verb in all_verbs()[len(before) :] if verb.startswith("endpoint")] == []


def test_an_address_that_is_none_is_refused_in_words(db: None):
    given = {"name": "P", "url": "https://user:key@p.example/", "purpose": "platform"}
    answer = client_of(person("ada")).post("/outbox/endpoints/new/", given)
    assert answer.status_code == 422
    assert "user name" in answer.content.decode()
    assert "endpoint.created" not in all_verbs()


def test_ada_sends_a_test_message_before_she_switches_it_on(platform: Platform):
    actions.switch_endpoint(platform.endpoint, actor=person("ada"), on=False)
    answer = client_of(person("ada")).post(reverse("endpoint_test", args=[platform.endpoint.public_id]))
    assert answer.status_code == 302
    work()
    assert Message.objects.get().state == "delivered"
    assert "outbox.posted" in all_verbs()


def test_a_supervisor_sees_the_host_and_not_the_whole_address(db: None):
    endpoint = connect("https://p.example/in?key=sea-otter", net="")
    at = reverse("endpoint", args=[endpoint.public_id])
    seen = {who: client_of(person(who)).get(at).content.decode() for who in ("ada", "lena")}
    assert "sea-otter" in seen["ada"]
    assert "sea-otter" not in seen["lena"]
    assert "p.example" in seen["lena"]
