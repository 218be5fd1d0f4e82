"""A real server, a slow reader, and the desk that takes it back: the stream ends within a second."""

from __future__ import annotations

import http.client
import re
import socket
import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from tests.running import RunningInstallation

pytestmark = pytest.mark.browser

SIZE = 64 * 1024 * 1024
#: What a line of 3 MB a second brings in a second, and what lies in buffers; three times that, for a busy machine.
UNDER_WAY = 12 * 1024 * 1024
MAKE = f"""
import hashlib, os
from datetime import timedelta
from django.db.models.functions import Now
from django.utils import timezone
from casework.accounts.models import Organisation, User
from casework.cases.models import Case
from casework.escalations.actions import links
from casework.escalations.models import Escalation, Package
from casework.evidence.storage import evidence_store
from casework.partners.models import Contact, Partner
import uuid
of = {{person.name.lower(): person for person in User.objects.all()}}
organisation, _ = Organisation.objects.get_or_create(name="Slow police", defaults={{"kind": "law_enforcement"}})
partner, _ = Partner.objects.get_or_create(organisation=organisation, defaults={{"state": "active", "channel": "link"}})
contact, _ = Contact.objects.get_or_create(
    partner=partner, position="inspector", defaults={{"name": "Oda", "mail": "oda@police.example"}})
sent = Escalation.objects.create(
    case=Case.objects.filter(restricted=False).first(), partner=partner, channel="link", state="sent",
    basis="victim_request", drafted_by=of["mona"], approved_by=of["lena"], approved_at=timezone.now(),
    previewed_by=of["mona"], previewed_at=timezone.now(), previewed_digest="0" * 64, approved_digest="0" * 64,
    sent_at=Now(), expires_at=Now() + timedelta(days=1))
key, digest = uuid.uuid4(), hashlib.sha256()
part = evidence_store().open_part(key)
for _each in range({SIZE} // 1048576):
    chunk = os.urandom(1048576)
    digest.update(chunk)
    part.stream.write(chunk)
Package.objects.create(
    escalation=sent, version=1, state="ready", ready_at=timezone.now(), storage_key=key, size=part.commit(),
    sha256=digest.hexdigest())
_link, token, code = links.make_link(
    sent, actor=of["mona"], contact=contact, mail_to="oda@police.example", code_by="phone", days=1)
print("MADE", sent.pk, token, code)
"""


def enter(installation: RunningInstallation, token: str, code: str) -> dict[str, str]:
    """Type the code as a browser would; the headers with what it keeps."""
    link = http.client.HTTPConnection("localhost", installation.port, timeout=20)
    where = f"/link/{token}/"
    link.request("GET", where)
    page = link.getresponse()
    secret = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    assert secret
    kept = (page.headers["Set-Cookie"] or "").partition(";")[0]
    typed = urlencode({"csrfmiddlewaretoken": secret[1], "code": code})
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": kept}
    link.request("POST", where, typed, form)
    answer = link.getresponse()
    answer.read()
    assert answer.status == 302
    return {"Cookie": (answer.headers["Set-Cookie"] or "").partition(";")[0]}


def test_a_slow_reader_is_cut_off_within_a_second_of_the_withdrawal(
    installation: RunningInstallation,
) -> None:
    made = re.search(r"MADE (\d+) (\S+) (\S+)", installation.manage("shell", "-c", MAKE).stdout)
    assert made
    pk, token, code = made.groups()
    headers = enter(installation, token, code)
    link = http.client.HTTPConnection("localhost", installation.port, timeout=20)
    link.sock = socket.socket()
    link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)  # before connecting, else it grows
    link.sock.connect(("127.0.0.1", installation.port))
    link.request("GET", "/link/here/package/", headers=headers)
    stream = link.getresponse()
    assert stream.status == 200
    assert int(stream.headers["Content-Length"]) == SIZE
    got = 0
    while got < 2 * 1024 * 1024:
        got += len(stream.read1(64 * 1024))
        time.sleep(0.02)  # a slow line
    installation.psql("UPDATE escalations_escalation SET state = 'withdrawn' WHERE id = %s", int(pk))
    withdrawn_at, got_then, ended = time.monotonic(), got, False
    while not ended and time.monotonic() - withdrawn_at < 20:
        try:
            chunk = stream.read1(64 * 1024)
        except (ConnectionResetError, http.client.IncompleteRead):
            chunk = b""
        got += len(chunk)
        ended = not chunk
        time.sleep(0.02)
    assert ended
    assert (
        time.monotonic() - withdrawn_at < 5
    )  # a second, and the time that this machine is busy with other tests
    assert got - got_then < UNDER_WAY < SIZE
    [row] = installation.psql(
        "SELECT finished_at, sent FROM escalations_download WHERE link_id IS NOT NULL ORDER BY id DESC LIMIT 1"
    )
    assert row[0] is None
    assert row[1] < SIZE
    again = http.client.HTTPConnection("localhost", installation.port, timeout=20)
    again.request("GET", "/link/here/package/", headers=headers)
    assert again.getresponse().status == 404
