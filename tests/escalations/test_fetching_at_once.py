"""Several who make the same signed request in the same moment: one of them gets the file, and one fetch is counted."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.urls import reverse

from casework.escalations.models import Download, Escalation
from casework.outbox.models import UsedRequest
from casework.outbox.signing import headers_for
from tests.journal import verbs_of
from tests.outbox.conftest import loopback_allowed  # noqa: F401
from tests.outbox.sending import connect

from .handing import BYTES, make_package, make_partner, make_sent

pytestmark = pytest.mark.usefixtures("committed_db")
AT_ONCE = 6


def test_of_six_who_repeat_one_signed_request_in_one_moment_one_gets_the_file(
    loopback_allowed: None,  # noqa: F811
) -> None:
    cache.clear()
    endpoint = connect("http://127.0.0.1:9/", purpose="partner")
    sent = make_sent(make_partner(channel="webhook", endpoint=endpoint))
    make_package(sent)
    raw = json.dumps({"type": "package.wanted", "data": {"escalation": str(sent.public_id)}}).encode()
    signed = headers_for("msg_once", raw, endpoint.good_secrets())
    address = reverse("api_package", args=[sent.public_id])
    together = threading.Barrier(AT_ONCE)

    def fetch(_each: int) -> tuple[int, bytes]:
        together.wait()
        try:
            answer = Client().post(address, raw, content_type="application/json", headers=signed)
            return answer.status_code, b"".join(answer) if answer.streaming else b""
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(fetch, range(AT_ONCE)))
    assert sorted(ends) == sorted([(200, BYTES), *[(409, b"")] * (AT_ONCE - 1)])
    assert UsedRequest.objects.count() == Download.objects.count() == 1
    assert Escalation.objects.get().fetched == 1
    assert verbs_of(sent.case).count("portal.downloaded") == 1
