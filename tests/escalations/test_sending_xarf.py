"""One XARF notice for each chosen address, by mail or to an API; delivered once the host has taken all of them."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from casework.cases import actions as cases
from casework.cases.models import Case
from casework.escalations.actions import sending
from casework.escalations.channels import problems
from casework.escalations.conflicts import NotReady
from casework.escalations.models import Escalation, EscalationLocator
from casework.outbox.models import Endpoint, Message
from casework.partners.models import Partner
from tests.cases.test_decide import decide
from tests.cast import make_case, person
from tests.journal import verbs_of
from tests.outbox.conftest import loopback_allowed  # noqa: F401
from tests.outbox.local import LocalServer, reply
from tests.outbox.sending import pause_is_over, point, work
from tests.outbox.smtp import SmtpServer

from .handing import make_partner, make_sent
from .test_xarf import official  # noqa: F401

LINKS = ["https://host.example/p/1", "https://host.example/p/2", "https://host.example/p/3"]


def notice_for(case: Case, partner: Partner, *, places: int = 2, **given: Any) -> Escalation:
    """An approved notice about the first *places* addresses of *case*."""
    one = make_sent(partner, case=case, state="approved", **given)
    for locator in case.locators.all()[:places]:
        EscalationLocator.objects.create(escalation=one, locator=locator)
    return one


def fresh(escalation: Escalation) -> Escalation:
    escalation.refresh_from_db()
    return escalation


@pytest.fixture
def case(db: None) -> Case:
    return make_case(links=LINKS)


@pytest.fixture
def by_mail(db: None) -> Partner:
    return make_partner("A host", channel="xarf_mail", mail="abuse@host.example")


@pytest.fixture
def by_api(db: None, loopback_allowed: None) -> Partner:  # noqa: F811
    from tests.outbox.sending import connect

    endpoint = connect("http://127.0.0.1:9/", purpose="partner")
    Endpoint.objects.filter(pk=endpoint.pk).update(key="sea-otter")
    return make_partner("A host", channel="xarf_api", endpoint=endpoint)


def test_each_chosen_address_is_mailed_as_a_notice_that_xarf_accepts(
    case: Case, by_mail: Partner, settings: Any, official: Draft202012Validator  # noqa: F811
):  # fmt: skip
    decide(case)
    one = notice_for(case, by_mail, fields=["locators", "facts", "item_details"])
    with SmtpServer() as server:
        server.settings(settings)
        sending.send(one, None, actor=person("lena"))
        work()
    assert server.faults == []
    said = []
    for mail in server.received:
        assert mail.recipients == ["abuse@host.example"]
        (attached,) = mail.message.iter_attachments()
        assert attached.get_content_type() == "application/json"
        said.append(json.loads(attached.get_payload(decode=True)))  # type: ignore[arg-type]
    for notice in said:
        official.validate(notice)
    assert sorted(notice["url"] for notice in said) == LINKS[:2]
    assert {notice["source_identifier"] for notice in said} == {"host.example"}
    assert {tuple(notice["tags"]) for notice in said} == {("ncii:synthetic",)}
    assert said[0]["reporter"] == {
        "org": "Casework demo desk", "contact": "desk@casework.example", "domain": "casework.example",
    }  # fmt: skip
    assert fresh(one).state == "delivered"
    assert verbs_of(case)[-3:] == ["outbox.delivered", "escalation.delivered", "outbox.delivered"]


def test_a_host_learns_nothing_that_was_not_chosen(case: Case, by_mail: Partner):
    decide(case)
    one = notice_for(case, by_mail, fields=["locators"])
    sending.send(one, None, actor=None)
    sent = [json.loads(_attachment(message)) for message in Message.objects.all()]
    assert {tuple(notice["tags"]) for notice in sent} == {("ncii:unknown",)}
    text = json.dumps(sent) + "".join(message.body for message in Message.objects.all())
    for hidden in (one.facts, one.number, case.number, str(case.public_id), LINKS[2], "Mona", "Lena"):
        assert hidden not in text
    assert verbs_of(case).count("outbox.posted") == 2


def test_the_facts_go_along_where_they_were_chosen(case: Case, by_mail: Partner):
    one = notice_for(case, by_mail, places=1, facts="Posted on Monday.", fields=["locators", "facts"])
    sending.send(one, None, actor=None)
    assert "Posted on Monday." in json.loads(_attachment(Message.objects.get()))["description"]
    assert "escalation.sent" in verbs_of(case)


def test_an_api_gets_the_plain_notice_with_its_own_key(
    case: Case, by_api: Partner, official: Draft202012Validator  # noqa: F811
):  # fmt: skip
    seen: list[tuple[dict[str, str], dict[str, Any]]] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        seen.append(({name.lower(): value for name, value in request.headers.items()}, json.loads(body)))
        reply(request, status=202)

    one = notice_for(case, by_api)
    with LocalServer(answer) as server:
        point(by_api.endpoint, server.url("/xarf"))  # type: ignore[arg-type]
        sending.send(one, None, actor=None)
        work()
    assert len(seen) == 2
    for headers, notice in seen:
        official.validate(notice)
        assert headers["authorization"] == "Bearer sea-otter"
        assert headers["content-type"] == "application/json"
        assert "webhook-signature" not in headers
    assert {headers["idempotency-key"] for headers, _notice in seen} == {
        str(message.public_id) for message in Message.objects.all()
    }
    assert fresh(one).state == "delivered"
    assert verbs_of(case)[-2:] == ["escalation.delivered", "outbox.delivered"]


def test_it_is_delivered_with_the_last_notice_and_not_before(case: Case, by_api: Partner):
    tries: list[int] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers["Content-Length"]))
        tries.append(1)
        reply(request, status=503 if len(tries) == 1 else 201)

    one = notice_for(case, by_api)
    with LocalServer(answer) as server:
        point(by_api.endpoint, server.url())  # type: ignore[arg-type]
        sending.send(one, None, actor=None)
        work()
        assert sorted(Message.objects.values_list("state", flat=True)) == ["delivered", "waiting"]
        assert fresh(one).state == "sent"
        pause_is_over()
        work()
    assert fresh(one).state == "delivered"
    assert verbs_of(case).count("escalation.delivered") == 1


def test_a_host_s_key_is_in_no_column_in_clear_and_on_no_page(by_api: Partner):
    from django.db import connection

    from tests.cast import client_of

    assert by_api.endpoint is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM outbox_endpoint t")
        assert "sea-otter" not in str(cursor.fetchall())
    ada = client_of(person("ada"))
    at = f"/outbox/endpoints/{by_api.endpoint.public_id}/"
    pages = ada.get(at).content.decode() + ada.get(f"{at}change/").content.decode()
    assert "sea-otter" not in pages
    assert "Key that the receiver gave us" in pages


def test_no_notice_about_somebody_who_may_be_under_18_goes_to_a_host(by_mail: Partner):
    case = make_case(minor_indicated=True)
    one = notice_for(case, by_mail)
    assert any("under 18" in problem for problem in problems(one))
    before = verbs_of(case)
    with pytest.raises(NotReady):
        sending.send(one, None, actor=None)
    assert fresh(one).state == "approved"
    assert verbs_of(case) == before
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [({"places": 0}, "choose at least one"), ({"fields": ["facts"]}, "be part of what leaves")],
    ids=["no-address", "addresses-stay"],
)
def test_a_notice_without_an_address_is_none(given: dict[str, Any], words: str, case: Case, by_mail: Partner):
    one = notice_for(case, by_mail, **given)
    assert any(words in problem for problem in problems(one))
    before = verbs_of(case)
    with pytest.raises(NotReady):
        sending.send(one, None, actor=None)
    assert verbs_of(case) == before


def test_an_account_is_no_address_for_a_host(case: Case, by_mail: Partner):
    cases.add_locators(case, [("account", "@somebody")], actor=None)
    one = notice_for(case, by_mail, places=0)
    EscalationLocator.objects.create(escalation=one, locator=case.locators.get(kind="account"))
    assert any("choose at least one" in problem for problem in problems(one))


def test_an_address_that_no_host_can_read_is_named_before_anybody_approves(by_mail: Partner):
    case = make_case(links=["https://user:secret@host.example/p"])
    (problem,) = problems(notice_for(case, by_mail, places=1))
    assert "host.example" in problem
    assert "secret" not in problem


def test_a_host_has_to_know_who_writes(case: Case, by_mail: Partner, settings: Any):
    settings.DESK_NAME = ""
    assert any("CASEWORK_DESK_NAME" in problem for problem in problems(notice_for(case, by_mail)))


def _attachment(message: Message) -> bytes:
    import email
    from email.message import EmailMessage
    from email.policy import SMTP

    read = email.message_from_string(message.body, policy=SMTP)
    assert isinstance(read, EmailMessage)
    (attached,) = read.iter_attachments()
    content = attached.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def test_what_the_mail_server_took_is_not_said_to_have_arrived(db: None) -> None:
    from casework.escalations.page import state_words
    from casework.escalations.way import way_of

    one = make_sent(make_partner("A host", channel="xarf_mail"), state="delivered")
    assert state_words(one) == "taken by the mail server"
    coming = way_of(one)[-1]["what"]
    assert "Whether anybody there got it is not known" in coming
