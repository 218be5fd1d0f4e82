"""A partner's own system fetches the time stamp of its package, under the same guards as the package itself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from casework.escalations.models import Download, Escalation, Package
from casework.outbox.signing import headers_for, new_secret
from tests.escalations.handing import make_package, make_partner, make_sent
from tests.journal import verbs_of
from tests.outbox.conftest import loopback_allowed  # noqa: F401
from tests.outbox.sending import connect

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(loopback_allowed: None) -> Escalation:  # noqa: F811
    """What a partner's system was told of, with a stamp."""
    cache.clear()
    endpoint = connect("http://127.0.0.1:9/", purpose="partner")
    one = make_sent(make_partner(channel="webhook", endpoint=endpoint))
    make_package(one)
    Package.objects.update(stamp=b"stamped", stamped_at=Now())
    return one


def fetch(escalation: Escalation, *, secret: str = "", wants: str = "stamp.wanted", of: str = "") -> Any:
    endpoint = escalation.partner.endpoint
    assert endpoint is not None
    said = {"type": wants, "data": {"escalation": of or str(escalation.public_id)}}
    raw = json.dumps(said).encode()
    signed = headers_for("msg_1", raw, [secret or endpoint.good_secrets()[0]])
    at = reverse("api_package_stamp", args=[escalation.public_id])
    return Client().post(at, raw, content_type="application/json", headers=signed)


def test_it_is_the_authority_s_answer_and_counts_as_no_fetch(sent: Escalation) -> None:
    before = verbs_of(sent.case)
    answer = fetch(sent)
    assert (answer.status_code, answer.content) == (200, b"stamped")
    assert answer.headers["Content-Type"] == "application/timestamp-reply"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not Download.objects.exists()
    assert verbs_of(sent.case) == before


def test_a_stamp_is_there_also_when_all_fetches_are_used_up(sent: Escalation) -> None:
    Escalation.objects.update(download_limit=0)
    assert fetch(sent).status_code == 200


def test_without_a_stamp_there_is_nothing(sent: Escalation) -> None:
    Package.objects.update(stamp=None, stamped_at=None)
    assert fetch(sent).status_code == 404


def test_by_another_secret_there_is_nothing(sent: Escalation) -> None:
    assert fetch(sent, secret=new_secret()).status_code == 401


def test_what_was_signed_for_the_package_fetches_no_stamp(sent: Escalation) -> None:
    assert fetch(sent, wants="package.wanted").status_code == 400


def test_what_was_signed_for_another_matter_fetches_none(sent: Escalation) -> None:
    assert fetch(sent, of="5e4b8d0e-0f6c-4c39-8f0e-0d6a6b9f5c11").status_code == 400


@pytest.mark.parametrize("over", ["expired", "withdrawn", "removed", "suspended"])
def test_when_access_has_ended_there_is_none(sent: Escalation, over: str) -> None:
    if over == "expired":
        Escalation.objects.update(expires_at=Now())
    elif over == "withdrawn":
        Escalation.objects.update(state="withdrawn")
    elif over == "removed":
        Package.objects.update(state=Package.State.REMOVED)
    else:
        type(sent.partner).objects.update(state="suspended")
    assert fetch(sent).status_code == 404
