"""A partner's own system is told by a signed webhook, fetches the package, and answers."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connections
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from casework.cases.actions import restrict_case
from casework.escalations.actions import sending
from casework.escalations.models import Download, Escalation
from casework.outbox import actions as outbox
from casework.outbox.actions import agree_endpoint, change_endpoint, rotate_secret
from casework.outbox.models import Endpoint, Message, UsedRequest
from casework.outbox.signing import headers_for, new_secret
from casework.partners.actions import agree_change, propose_edit, suspend_partner
from casework.partners.models import Partner
from casework.partners.reading import blocked
from casework.runtime.installation import CHECKOUT
from tests.cast import person
from tests.journal import all_verbs, verbs_of
from tests.outbox.conftest import loopback_allowed  # noqa: F401
from tests.outbox.sending import ExampleReceiver, connect, pause_is_over, point, work

from .handing import BYTES, make_package, make_partner, make_sent

SHA256 = hashlib.sha256(BYTES).hexdigest()


@pytest.fixture
def endpoint(db: None, loopback_allowed: None) -> Endpoint:  # noqa: F811
    cache.clear()
    return connect("http://127.0.0.1:9/", purpose="partner")


@pytest.fixture
def partner(endpoint: Endpoint) -> Partner:
    return make_partner(channel="webhook", endpoint=endpoint)


@pytest.fixture
def approved(partner: Partner) -> Escalation:
    return make_sent(partner, state="approved", urgency="ongoing_threat")


@pytest.fixture
def sent(partner: Partner) -> Escalation:
    one = make_sent(partner)
    make_package(one)
    return one


def fresh(escalation: Escalation) -> Escalation:
    escalation.refresh_from_db()
    return escalation


def fetch(
    escalation: Escalation, *, secret: str = "", body: Any = None, name: str = "", **headers: str
) -> Any:
    """What the door answers to a request that the partner's endpoint signed."""
    key = secret or escalation.partner.endpoint.good_secrets()[0]  # type: ignore[union-attr]
    said = (
        {"type": "package.wanted", "data": {"escalation": str(escalation.public_id)}}
        if body is None
        else body
    )
    raw, name = json.dumps(said).encode(), name or f"msg_{uuid.uuid4()}"
    at = f"/api/v1/escalations/{escalation.public_id}/package/"
    signed = headers_for(name, raw, [key]) | headers
    return Client().post(at, raw, content_type="application/json", headers=signed)


def call_back(escalation: Escalation, name: str = "msg_1", **said: str) -> Any:
    """What the door for callbacks answers to a partner who says something of an escalation."""
    results = {str(escalation.public_id): said}
    raw = json.dumps({"type": "results.settled", "data": {"results": results}}).encode()
    endpoint = escalation.partner.endpoint
    assert endpoint is not None
    at = f"/api/v1/callbacks/{endpoint.public_id}/"
    signed = headers_for(name, raw, endpoint.good_secrets())
    return Client().post(at, raw, content_type="application/json", headers=signed).json()


def test_what_a_partner_s_system_is_told(approved: Escalation, settings: Any):
    package = make_package(approved)
    sending.send(approved, package, actor=None)
    said = json.loads(Message.objects.get().body)
    due, expires = fresh(approved).answer_due_at, approved.expires_at
    assert due is not None
    assert expires is not None
    assert said["type"] == "escalation.sent"
    assert said["data"] == {
        "escalation": str(approved.public_id), "number": approved.number, "tlp": "TLP:AMBER",
        "urgency": "ongoing_threat", "due": due.isoformat(timespec="seconds"),
        "expires": expires.isoformat(timespec="seconds"),
        "package": {
            "sha256": SHA256, "size": len(BYTES),
            "address": f"{settings.PUBLIC_URL}/api/v1/escalations/{approved.public_id}/package/",
        },
    }  # fmt: skip
    assert verbs_of(approved.case)[-2:] == ["escalation.sent", "outbox.posted"]


def test_the_example_receiver_takes_it_in_and_acknowledges(
    approved: Escalation, endpoint: Endpoint, tmp_path: Path
):
    with ExampleReceiver(tmp_path, endpoint.good_secrets()[0], refuse=1) as receiver:
        point(endpoint, receiver.url)
        sending.send(approved, make_package(approved), actor=None)
        work()
        assert fresh(approved).state == "sent"
        pause_is_over()
        work()
        (matter,) = receiver.rows("matter")
    assert matter[0] == str(approved.public_id)
    assert matter[3] == SHA256
    assert fresh(approved).state == "acknowledged"
    assert approved.recipient_reference == f"REF-{approved.number}"
    assert approved.delivered_at is not None
    found = verbs_of(approved.case)
    assert found[-3:] == ["escalation.delivered", "escalation.acknowledged", "outbox.delivered"]


def test_a_system_that_only_takes_it_has_it_delivered(approved: Escalation, endpoint: Endpoint):
    from tests.outbox.local import LocalServer, reply

    with LocalServer(lambda request: reply(request, status=204)) as server:
        point(endpoint, server.url())
        sending.send(approved, make_package(approved), actor=None)
        work()
    assert fresh(approved).state == "delivered"
    assert verbs_of(approved.case)[-2:] == ["escalation.delivered", "outbox.delivered"]


def test_a_partner_answers_later_with_outcome_and_number(sent: Escalation, endpoint: Endpoint):
    _ask(sent, endpoint)
    assert call_back(sent, "msg_1", state="acknowledged", reference="AZ 7", sha256=SHA256) == {
        "taken": 1,
        "left": 0,
    }
    said = {"state": "answered", "outcome": "removed", "reference": "AZ 7/26", "reason": "It is gone."}
    assert call_back(sent, "msg_2", **said)["taken"] == 1
    assert call_back(sent, "msg_2", **said)["taken"] == 1, (
        "the same callback again is answered as the first time"
    )
    assert fresh(sent).state == "answered"
    assert (sent.outcome, sent.recipient_reference, sent.acknowledged_sha256) == (
        "removed",
        "AZ 7/26",
        SHA256,
    )
    assert [line.text for line in sent.lines.all()] == ["It is gone."]
    assert verbs_of(sent.case).count("escalation.answered") == 1


def test_a_partner_declines(sent: Escalation, endpoint: Endpoint):
    _ask(sent, endpoint)
    assert call_back(sent, state="declined", reason="Not our country.")["taken"] == 1
    assert fresh(sent).state == "refused"
    assert "escalation.declined" in verbs_of(sent.case)


@pytest.mark.parametrize(
    "said",
    [
        {"state": "answered", "outcome": "great"},
        {"state": "answered"},
        {"state": "done"},
        {"state": "failed"},
    ],
    ids=["no-outcome-of-ours", "no-outcome", "done", "failed"],
)
def test_what_is_no_answer_to_an_escalation_changes_nothing(
    said: dict[str, str], sent: Escalation, endpoint: Endpoint
):
    _ask(sent, endpoint)
    before = verbs_of(sent.case)
    assert call_back(sent, **said) == {"taken": 0, "left": 1}
    assert fresh(sent).state == "sent"
    assert verbs_of(sent.case) == before


@pytest.mark.parametrize("state", ["withdrawn", "expired", "closed", "refused"])
def test_what_comes_after_the_end_is_left(state: str, sent: Escalation, endpoint: Endpoint):
    _ask(sent, endpoint)
    Escalation.objects.filter(pk=sent.pk).update(state=state)
    before = verbs_of(sent.case)
    assert call_back(sent, state="acknowledged") == {"taken": 0, "left": 1}
    assert verbs_of(sent.case) == before


def test_a_partner_says_nothing_of_what_another_was_sent(sent: Escalation, endpoint: Endpoint):
    _ask(sent, endpoint)
    other = connect("http://127.0.0.1:9/", purpose="partner")
    raw = json.dumps(
        {"type": "results.settled", "data": {"results": {str(sent.public_id): {"state": "declined"}}}}
    ).encode()
    answer = Client().post(
        f"/api/v1/callbacks/{other.public_id}/", raw, content_type="application/json",
        headers=headers_for("msg_1", raw, other.good_secrets()),
    )  # fmt: skip
    assert answer.json() == {"taken": 0, "left": 1}
    assert fresh(sent).state == "sent"
    assert "escalation.declined" not in all_verbs()


def test_what_waits_for_a_partner_does_not_leave_once_it_is_suspended(approved: Escalation, partner: Partner):
    sending.send(approved, make_package(approved), actor=None)
    suspend_partner(partner, actor=person("ada"), reason="Their system was taken over.")
    assert Message.objects.get(kind="escalation.sent").state == Message.State.CANCELLED
    assert "outbox.cancelled" in verbs_of(approved.case)


def test_what_waits_does_not_leave_for_an_address_that_nobody_agreed_to(
    approved: Escalation, endpoint: Endpoint
):
    sending.send(approved, make_package(approved), actor=None)
    outbox.change_endpoint(endpoint, actor=person("ada"), name=endpoint.name, url="http://127.0.0.1:10/")
    assert Message.objects.get(kind="escalation.sent").state == Message.State.CANCELLED
    assert "outbox.cancelled" in verbs_of(approved.case)


def test_a_suspended_partner_is_not_heard(sent: Escalation, endpoint: Endpoint):
    _ask(sent, endpoint)
    Partner.objects.update(state="suspended")
    assert call_back(sent, state="declined")["left"] == 1
    assert fresh(sent).state == "sent"
    assert "escalation.declined" not in all_verbs()


def test_a_signed_request_fetches_the_package_and_is_counted(sent: Escalation):
    answer = fetch(sent)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content) == BYTES
    assert answer["Cache-Control"] == "no-store"
    download = Download.objects.get()
    assert (download.person, download.link, download.sent) == (None, None, len(BYTES))
    assert "portal.downloaded" in verbs_of(sent.case)


def test_a_fetch_that_broke_off_goes_on(sent: Escalation):
    assert b"".join(fetch(sent).streaming_content) == BYTES
    rest = fetch(sent, Range=f"bytes=1000-{len(BYTES) - 1}")
    assert rest.status_code == 206
    assert b"".join(rest.streaming_content) == BYTES[1000:]


def test_a_signed_request_works_once_whoever_repeats_it(sent: Escalation):
    assert b"".join(fetch(sent, name="msg_once").streaming_content) == BYTES
    before = all_verbs()
    again = fetch(sent, name="msg_once")
    assert again.status_code == 409
    assert "answered before" in again.json()["detail"]
    assert Download.objects.count() == 1
    assert all_verbs() == before


def test_used_requests_are_forgotten_once_their_signature_is_too_old(sent: Escalation):
    assert fetch(sent, name="msg_old").status_code == 200
    UsedRequest.objects.update(at=Now() - timedelta(minutes=16))
    assert fetch(sent, name="msg_new").status_code == 200
    assert [one.webhook_id for one in UsedRequest.objects.all()] == ["msg_new"]


def test_a_system_is_told_that_its_agreement_has_ended_and_two_people_prolong_it(sent: Escalation):
    Partner.objects.update(agreement_until=timezone.now().date() - timedelta(days=1))
    answer = fetch(sent)
    assert answer.status_code == 403
    assert "agreement with your organisation ran out" in answer.json()["detail"]
    assert not Download.objects.exists()
    until = timezone.now().date() + timedelta(days=90)
    change = propose_edit(sent.partner, actor=person("lena"), why="Signed anew.", agreement_until=until)
    assert fetch(sent).status_code == 403
    agree_change(change, actor=person("ada"))
    assert fetch(sent).status_code == 200


@pytest.mark.parametrize("what", ["address", "secret"])
def test_after_a_change_by_one_person_nothing_is_given_or_believed(
    what: str, sent: Escalation, endpoint: Endpoint
):
    _ask(sent, endpoint)
    key = endpoint.good_secrets()[0]
    ada = person("ada")
    if what == "secret":
        key = rotate_secret(endpoint, actor=ada, keep_hours=24)
    else:
        change_endpoint(endpoint, actor=ada, name=endpoint.name, url="https://other.example/in")
    assert fetch(sent, secret=key).status_code == 404
    raw = json.dumps({"type": "results.settled", "data": {"results": {}}}).encode()
    said = Client().post(
        f"/api/v1/callbacks/{endpoint.public_id}/", raw, content_type="application/json",
        headers=headers_for("msg_2", raw, [key]),
    )  # fmt: skip
    assert said.status_code == 404
    waiting = Endpoint.objects.get(pk=endpoint.pk)
    assert any("somebody else has agreed" in each for each in blocked(sent.partner))
    assert agree_endpoint(waiting, actor=person("lena"), version=waiting.version)
    assert fetch(sent, secret=key).status_code == 200


def test_the_limit_of_fetches_holds_for_systems_too(sent: Escalation):
    Escalation.objects.filter(pk=sent.pk).update(download_limit=1)
    assert b"".join(fetch(sent).streaming_content) == BYTES
    before = all_verbs()
    answer = fetch(sent)
    assert answer.status_code == 409
    assert "ask the desk" in answer.json()["detail"]
    assert all_verbs() == before


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"secret": new_secret()}, 401),
        ({"body": {"type": "results.settled", "data": {}}}, 400),
        ({"body": {"type": "package.wanted", "data": {"escalation": str(uuid.UUID(int=1))}}}, 400),
        ({"body": []}, 400),
        ({"webhook-timestamp": str(int(time.time()) - 400)}, 401),
    ],
    ids=["another-secret", "another-purpose", "another-escalation", "a-list", "old"],
)
def test_a_request_that_does_not_ask_for_this_very_package_gets_nothing(
    given: dict[str, Any], status: int, sent: Escalation
):
    before = all_verbs()
    answer = fetch(sent, **given)
    assert answer.status_code == status
    assert not Download.objects.exists()
    assert all_verbs() == before


@pytest.mark.parametrize(
    "ended",
    [
        {"state": "withdrawn"}, {"state": "approved"}, {"expires_at": "2026-01-01T00:00Z"}, {"channel": "portal"},
    ],
    ids=["withdrawn", "not-sent", "expired", "another-channel"],
)  # fmt: skip
def test_where_access_has_ended_there_is_nothing(ended: dict[str, str], sent: Escalation):
    Escalation.objects.filter(pk=sent.pk).update(**ended)
    assert fetch(sent).status_code == 404
    assert not Download.objects.exists()
    assert "portal.downloaded" not in all_verbs()


def test_a_suspended_partner_or_an_endpoint_that_is_off_gets_nothing(sent: Escalation, endpoint: Endpoint):
    outbox.switch_endpoint(endpoint, actor=person("ada"), on=False)
    assert fetch(sent).status_code == 404
    outbox.switch_endpoint(endpoint, actor=person("ada"), on=True)
    Partner.objects.update(state="suspended")
    assert fetch(sent).status_code == 404
    assert "portal.downloaded" not in all_verbs()


def test_what_turns_out_to_may_show_a_minor_is_for_systems_of_partners_that_take_that_on(sent: Escalation):
    restrict_case(sent.case, actor=None, why="minor_suspected")
    assert fetch(sent).status_code == 404
    assert not Download.objects.exists()
    Partner.objects.filter(pk=sent.partner_id).update(accepts=["adult", "minor"])
    assert fetch(sent).status_code == 200


def test_a_fetch_ends_when_the_escalation_is_withdrawn(sent: Escalation, monkeypatch: pytest.MonkeyPatch):
    from casework.escalations import serving

    monkeypatch.setattr(serving, "CHECK_EVERY", 0.0)
    stream = iter(fetch(sent).streaming_content)
    got = next(stream)
    Escalation.objects.filter(pk=sent.pk).update(state="withdrawn")
    with pytest.raises(ConnectionResetError):
        got += b"".join(stream)
    assert len(got) < len(BYTES)
    assert all_verbs()[-1] == "portal.download_ended"


def test_the_example_receiver_s_request_fetches_over_a_real_connection(
    committed_db: str,
    loopback_allowed: None,  # noqa: F811
):
    cache.clear()
    endpoint = connect("http://127.0.0.1:9/", purpose="partner")
    one = make_sent(make_partner(channel="webhook", endpoint=endpoint))
    make_package(one)
    receiver = _example()
    with _served() as address:
        at = f"{address}/api/v1/escalations/{one.public_id}/package/"
        asked = receiver.request_for_package(at, str(one.public_id), endpoint.good_secrets()[0])
        with urllib.request.urlopen(asked, timeout=20) as answer:
            assert hashlib.sha256(answer.read()).hexdigest() == SHA256
        forged = receiver.request_for_package(at, str(one.public_id), new_secret())
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(forged, timeout=20)
    assert Download.objects.get().finished_at is not None
    assert verbs_of(one.case).count("portal.downloaded") == 1


def _ask(escalation: Escalation, endpoint: Endpoint) -> None:
    """The partner's system was told of it."""
    sending.remind(escalation)
    assert Message.objects.filter(endpoint=endpoint).exists()


def _example() -> Any:
    spec = importlib.util.spec_from_file_location("example_receiver", CHECKOUT / "docs/example_receiver.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _served() -> Iterator[str]:
    """The application under a real server on loopback."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(get_wsgi_application())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        connections.close_all()
