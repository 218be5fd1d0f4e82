"""A receiver reports results later, signed, within five minutes, and is heard once."""

from __future__ import annotations

import json
import time
import uuid

import pytest
from django.core.cache import cache
from django.test import Client

from casework.outbox import actions
from casework.outbox.models import Callback, Endpoint
from casework.outbox.signing import headers_for, new_secret
from tests.cases.test_decide import decide
from tests.cast import make_case, person
from tests.journal import all_verbs, verbs_of

from .sending import connect


@pytest.fixture
def endpoint(db: None, loopback_allowed: None) -> Endpoint:
    """A platform that answers later."""
    cache.clear()
    return connect("http://127.0.0.1:9/")


def call(
    endpoint: Endpoint,
    body: bytes,
    *,
    name: str = "msg_1",
    key: str = "",
    now: int | None = None,
    **extra: str,
):
    signed = headers_for(name, body, [key or endpoint.good_secrets()[0]], now=now) | extra
    return Client().post(
        f"/api/v1/callbacks/{endpoint.public_id}/", body, content_type="application/json", headers=signed
    )


def results(*effects, state: str = "done", reason: str = "") -> bytes:
    said = {str(one.public_id): {"state": state, "reason": reason} for one in effects}
    return json.dumps({"type": "results.settled", "data": {"results": said}}).encode()


def take_down(case):
    return decide(case).effects.get(kind="take_down")


def test_a_signed_callback_confirms_an_effect(endpoint: Endpoint):
    case = make_case()
    effect = take_down(case)
    answer = call(endpoint, results(effect))
    assert (answer.status_code, answer.json()) == (200, {"taken": 1, "left": 0})
    effect.refresh_from_db()
    assert (effect.confirmed_at is not None, effect.how, effect.settled_by) == (True, "platform", None)
    assert "effect.confirmed" in verbs_of(case)
    assert all_verbs()[-1] == "outbox.heard"


def test_a_callback_that_comes_again_is_answered_alike_and_done_once(endpoint: Endpoint):
    effect = take_down(make_case())
    first = call(endpoint, results(effect))
    before = all_verbs()
    assert call(endpoint, results(effect)).json() == first.json()
    assert (Callback.objects.count(), all_verbs()) == (1, before)


def test_a_place_that_could_not_be_taken_down_fails_in_the_platforms_words(endpoint: Endpoint):
    effect = take_down(make_case())
    call(endpoint, results(effect, state="failed", reason="The account is gone."))
    effect.refresh_from_db()
    assert (effect.failed_at is not None, effect.remark) == (True, "The account is gone.")
    call(endpoint, results(effect), name="msg_2")
    effect.refresh_from_db()
    assert effect.confirmed_at is not None


@pytest.mark.parametrize("shift", [-330, 330])
def test_an_old_or_future_callback_is_refused(endpoint: Endpoint, shift: int):
    effect = take_down(make_case())
    before = all_verbs()
    assert call(endpoint, results(effect), now=int(time.time()) + shift).status_code == 401
    effect.refresh_from_db()
    assert (effect.confirmed_at, all_verbs()) == (None, before)


def test_a_callback_without_the_right_secret_is_refused(endpoint: Endpoint):
    effect = take_down(make_case())
    before = all_verbs()
    assert call(endpoint, results(effect), key=new_secret()).status_code == 401
    for lost in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert call(endpoint, results(effect), **{lost: ""}).status_code == 401
    assert call(endpoint, results(effect), **{"webhook-id": "msg_2"}).status_code == 401
    effect.refresh_from_db()
    assert (effect.confirmed_at, all_verbs(), Callback.objects.count()) == (None, before, 0)


def test_our_own_message_sent_back_to_us_does_nothing(endpoint: Endpoint):
    effect = take_down(make_case())
    before = all_verbs()
    body = json.dumps(
        {"type": "effects.wanted", "data": {"results": {str(effect.public_id): {"state": "done"}}}}
    )
    assert call(endpoint, body.encode()).status_code == 400
    effect.refresh_from_db()
    assert (effect.confirmed_at, all_verbs()) == (None, before)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"type": "results.settled"}', b"[" * 100_000])
def test_what_is_no_list_of_results_is_refused_in_words(endpoint: Endpoint, body: bytes):
    answer = call(endpoint, body)
    assert answer.status_code == 400
    assert "Nothing was changed" in answer.json()["detail"]
    assert Callback.objects.count() == 0


def test_an_endpoint_cannot_settle_what_another_was_asked_for(endpoint: Endpoint):
    effect = take_down(make_case())
    other = connect("http://127.0.0.1:10/", purpose="partner")
    answer = call(other, results(effect))
    assert answer.json() == {"taken": 0, "left": 1}
    effect.refresh_from_db()
    assert effect.confirmed_at is None


def test_an_unknown_or_switched_off_endpoint_does_not_exist(endpoint: Endpoint):
    body = results()
    actions.switch_endpoint(endpoint, actor=person("ada"), on=False)
    assert call(endpoint, body).status_code == 404
    assert (
        Client().post(f"/api/v1/callbacks/{uuid.uuid4()}/", body, content_type="application/json").status_code
        == 404
    )


def test_too_many_callbacks_of_one_sender_have_to_wait(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch):
    from casework.outbox.api import CallbackThrottle

    monkeypatch.setattr(CallbackThrottle, "THROTTLE_RATES", {"callbacks": "3/min"})
    answers = [call(endpoint, results(), name=f"msg_{n}").status_code for n in range(5)]
    assert answers == [200, 200, 200, 429, 429]


def test_a_large_callback_is_refused(endpoint: Endpoint):
    assert call(endpoint, b" " * (256 * 1024 + 1)).status_code == 422
