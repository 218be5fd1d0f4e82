"""A message is handed over once it is committed, by whatever the receiver says, one attempt at a time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.db import transaction

from casework.audit.models import Entry
from casework.jobs.actions import LostLease, claim
from casework.jobs.models import Job
from casework.outbox import actions, delivery
from casework.outbox.actions.posting import OutsideTransaction
from casework.outbox.delivery import Outcome, hand_over
from casework.outbox.http import Limits
from casework.outbox.models import Attempt, Message
from casework.outbox.tasks import deliver
from tests.cast import make_case, person
from tests.journal import all_verbs, verbs_of

from .conftest import Platform
from .local import LocalServer, reply
from .sending import ExampleReceiver, connect, pause_is_over, point, post, time_is_up, work


def refusing(status: int, **headers: str):
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers["Content-Length"]))
        reply(request, status=status, **headers)

    return answer


@pytest.mark.django_db
def test_a_message_leaves_with_what_caused_it_or_not_at_all(loopback_allowed: None):
    endpoint = connect("http://127.0.0.1:9/")
    before = all_verbs()
    with transaction.atomic():
        actions.post(endpoint, "outbox.test", {}, case=None, actor=person("ada"))
        transaction.set_rollback(True)
    assert (Message.objects.count(), Job.objects.count()) == (0, 0)
    assert all_verbs() == before


def test_a_message_is_never_posted_apart_from_its_cause(committed_db: str, settings):
    endpoint = connect("https://platform.example/", net="")
    before = all_verbs()
    with pytest.raises(OutsideTransaction):
        actions.post(endpoint, "outbox.test", {}, case=None, actor=person("ada"))
    assert Message.objects.count() == 0
    assert all_verbs() == before


def test_what_is_sent_is_signed_as_standard_webhooks_say(loopback_allowed: None, db: None):
    seen: dict[str, bytes | str] = {}

    def answer(request: BaseHTTPRequestHandler) -> None:
        seen["body"] = request.rfile.read(int(request.headers["Content-Length"]))
        seen.update({name.lower(): value for name, value in request.headers.items()})
        reply(request, status=204)

    with LocalServer(answer) as server:
        endpoint = connect(server.url("/in"))
        message = post(endpoint, payload={"b": "ü", "a": ["1", "2"]})
        assert work() == 1
    body = seen["body"]
    assert isinstance(body, bytes)
    said = json.loads(body)
    assert (said["type"], said["data"]) == ("outbox.test", {"a": ["1", "2"], "b": "ü"})
    assert seen["webhook-id"] == str(message.public_id)
    key = base64.b64decode(endpoint.good_secrets()[0].removeprefix("whsec_"))
    signed = f"{seen['webhook-id']}.{seen['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert seen["webhook-signature"] == f"v1,{expected}"
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("delivered", 1)


def test_a_delivered_message_has_an_attempt_in_words_and_an_entry_on_its_case(platform: Platform):
    case = make_case()
    message = post(platform.endpoint, case=case)
    work()
    (attempt,) = Attempt.objects.all()
    assert (attempt.number, attempt.status, attempt.code) == (1, 200, "")
    assert attempt.receiver == "The platform (127.0.0.1)"
    assert attempt.seconds is not None
    assert attempt.sentence
    assert verbs_of(case)[-2:] == ["outbox.posted", "outbox.delivered"]
    assert work() == 0
    assert platform.receiver.rows("hit") == [(str(message.public_id),)]


@pytest.mark.parametrize("status", [500, 503, 404, 401])
def test_a_receiver_in_trouble_is_tried_again_with_growing_pauses(
    status: int, loopback_allowed: None, db: None
):
    with LocalServer(refusing(status)) as server:
        message = post(connect(server.url()))
        for number in (1, 2, 3):
            assert work() == 1
            message.refresh_from_db()
            assert (message.state, message.attempts) == ("waiting", number)
            pause_is_over()
        assert server.hits == 3
    pauses = [
        job.not_before for job in Job.objects.filter(key__contains=str(message.public_id)).order_by("pk")
    ]
    assert len(pauses) == 4
    assert [one.status for one in Attempt.objects.all()] == [status] * 3
    assert all_verbs()[-3:] == ["outbox.not_delivered"] * 3


def test_pauses_grow_and_spread_and_never_undercut_what_the_receiver_asked_for():
    from casework.outbox.actions.delivering import JITTER, WAITS, wait_before

    assert list(WAITS) == sorted(WAITS)
    assert sum(WAITS) * (1 + JITTER) <= 72 * 3600 + WAITS[-1]
    assert all(wait * 0.9 <= wait_before(n, None) <= wait * 1.1 for n, wait in enumerate(WAITS, 1))
    assert wait_before(1, 400.0) == 400.0
    assert len({wait_before(3, None) for _ in range(20)}) > 1


def test_a_receiver_that_asks_for_patience_gets_it(loopback_allowed: None, db: None):
    with LocalServer(refusing(429, Retry_After="900")) as server:
        message = post(connect(server.url()))
        work()
    message.refresh_from_db()
    job = Job.objects.get(key=f"outbox:{message.public_id}:2")
    assert (job.not_before - Attempt.objects.get().ended_at).total_seconds() == pytest.approx(900, abs=30)


def test_a_redirect_is_not_followed(loopback_allowed: None, db: None):
    with LocalServer(refusing(200)) as other, LocalServer(refusing(302, Location=other.url())) as server:
        message = post(connect(server.url()))
        work()
        assert other.hits == 0
    assert Attempt.objects.get().code == "redirect"
    message.refresh_from_db()
    assert message.state == "waiting"


def test_a_receiver_that_is_gone_for_good_switches_its_endpoint_off(loopback_allowed: None, db: None):
    with LocalServer(refusing(410)) as server:
        endpoint = connect(server.url())
        message = post(endpoint)
        work()
    endpoint.refresh_from_db()
    message.refresh_from_db()
    assert (endpoint.enabled, message.state) == (False, "dead")
    assert "410" in endpoint.off_why
    assert all_verbs()[-3:] == ["outbox.not_delivered", "endpoint.switched", "outbox.given_up"]


def test_nothing_goes_to_an_endpoint_that_is_switched_off(loopback_allowed: None, db: None):
    with LocalServer(refusing(200)) as server:
        endpoint = connect(server.url())
        post(endpoint, "something.else")
        actions.switch_endpoint(endpoint, actor=person("ada"), on=False)
        work()
        assert server.hits == 0
        assert Attempt.objects.get().code == "off"


def test_after_72_hours_a_message_is_a_dead_letter(loopback_allowed: None, db: None):
    with LocalServer(refusing(500)) as server:
        message = post(connect(server.url()))
        assert work() == 1
        message.refresh_from_db()
        assert (message.give_up_at - message.created_at).total_seconds() == pytest.approx(72 * 3600, abs=5)
        time_is_up(message)
        pause_is_over()
        work()
    message.refresh_from_db()
    assert (message.state, message.attempts, message.next_try_at) == ("dead", 2, None)
    assert all_verbs()[-1] == "outbox.given_up"
    assert not Job.objects.filter(state="queued").exists()


def test_the_last_attempt_is_made_when_the_time_is_up_not_later(loopback_allowed: None, db: None):
    with LocalServer(refusing(429, Retry_After="604800")) as server:
        message = post(connect(server.url()))
        work()
    message.refresh_from_db()
    job = Job.objects.get(key=f"outbox:{message.public_id}:2")
    assert abs((job.not_before - message.give_up_at).total_seconds()) < 5


def test_a_worker_that_lost_its_lease_changes_nothing(platform: Platform):
    message = post(platform.endpoint)
    job = Job.objects.get()
    first = claim(job.public_id)
    assert first is not None
    attempt = actions.begin_attempt(str(message.public_id), 1, start=first)
    assert attempt is not None
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00Z")
    second = claim(job.public_id)
    assert second is not None
    deliver(str(message.public_id), 1, start=second)
    before = all_verbs()
    with pytest.raises(LostLease):
        actions.end_attempt(attempt, Outcome(0.1, 500, "status_500", "late"), start=first)
    message.refresh_from_db()
    assert (message.state, all_verbs()) == ("delivered", before)
    assert [one.code for one in Attempt.objects.all()] == ["interrupted", ""]


def test_only_one_of_two_workers_gets_an_attempt(platform: Platform):
    post(platform.endpoint)
    job = Job.objects.get()
    assert [claim(job.public_id) is not None for _ in range(2)] == [True, False]


def test_a_job_that_comes_back_after_its_work_sends_nothing(platform: Platform):
    message = post(platform.endpoint)
    start = claim(Job.objects.get().public_id)
    assert start is not None
    deliver(str(message.public_id), 1, start=start)
    deliver(str(message.public_id), 1, start=start)
    assert len(platform.receiver.rows("hit")) == 1
    assert all_verbs().count("outbox.delivered") == 1


def test_a_message_whose_workers_all_died_is_tried_again_later(platform: Platform):
    message = post(platform.endpoint)
    start = claim(Job.objects.get().public_id)
    assert start is not None
    actions.begin_attempt(str(message.public_id), 1, start=start)
    actions.leave_attempt(str(message.public_id), 1, reason="It was started three times.")
    message.refresh_from_db()
    assert (message.state, message.attempts) == ("waiting", 1)
    assert Attempt.objects.get().code == "interrupted"
    assert Job.objects.filter(key=f"outbox:{message.public_id}:2").exists()
    assert Entry.objects.latest("pk").verb == "outbox.not_delivered"


def test_a_receiver_that_is_sent_the_same_twice_does_it_once(platform: Platform):
    effect = {"id": "e-1", "wanted": "take_down", "place": {"kind": "url", "value": "https://p.example/1"}}
    message = post(platform.endpoint, "effects.wanted", payload={"effects": [effect]}, about=["e-1"])
    first, second = hand_over(message), hand_over(message)
    assert first.answer == second.answer
    assert len(platform.receiver.rows("hit")) == 2
    assert platform.receiver.rows("effect") == [("e-1", "take_down", "https://p.example/1")]


def test_a_receiver_slower_than_its_time_is_asked_again_and_has_done_it_once(
    loopback_allowed: None, db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    name = str(uuid.uuid4())
    effect = {"id": name, "wanted": "take_down", "place": {"kind": "url", "value": "https://p.example/1"}}
    endpoint = connect("http://127.0.0.1:9/")
    with ExampleReceiver(tmp_path, endpoint.good_secrets()[0], slow=1.5) as receiver:
        point(endpoint, receiver.url)
        message = post(endpoint, "effects.wanted", payload={"effects": [effect]}, about=[name])
        with monkeypatch.context() as impatient:
            impatient.setattr(delivery, "LIMITS", Limits(seconds=0.5, connect_seconds=0.5))
            work()
        pause_is_over()
        work()
        assert len(receiver.rows("hit")) == 2
        assert receiver.rows("effect") == [(name, "take_down", "https://p.example/1")]
    assert [one.code for one in Attempt.objects.all()] == ["time", ""]
    message.refresh_from_db()
    assert message.state == "delivered"
    assert all_verbs()[-2:] == ["outbox.not_delivered", "outbox.delivered"]
