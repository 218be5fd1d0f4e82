"""A trusted time for a package that went out: asked of a local authority, retried, and never in the way of sending."""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from casework.escalations import actions, tasks
from casework.escalations.models import Package
from casework.escalations.package.timestamp import NotStamped
from casework.evidence.storage import FileStore
from casework.jobs.actions import Start, claim, fail
from casework.jobs.models import Job
from casework.outbox.errors import OutboundError
from tests.cast import client_of, person
from tests.escalations.handing import make_package, make_partner, make_sent
from tests.escalations.package.rows import approved, files, garden, made, police
from tests.escalations.package.test_stamping import Authority
from tests.journal import verbs_of
from tests.outbox.local import LocalServer, reply

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def authority(require_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(require_tool("openssl"), tmp_path_factory.mktemp("stamping") / "ours")


@pytest.fixture
def server(authority: Authority, settings: Any) -> Iterator[LocalServer]:
    """The authority behind HTTP, and the settings that name it."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        assert request.headers["Content-Type"] == "application/timestamp-query"
        query = request.rfile.read(int(request.headers["Content-Length"]))
        reply(request, authority.answer(query), Content_Type="application/timestamp-reply")

    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("127.0.0.0/8"),)
    settings.TIMESTAMP_CA_FILE = str(authority.folder / "root.pem")
    with LocalServer(answer) as running:
        settings.TIMESTAMP_URL = running.url()
        yield running


def started(package: Package) -> Start:
    """The worker's claim on the job that has *package* stamped."""
    start = claim(Job.objects.get(kind="escalations.stamp").public_id)
    assert start is not None
    return start


def stamped(package: Package) -> Package:
    tasks.stamp_package(str(package.public_id), start=started(package))
    package.refresh_from_db()
    return package


def test_without_an_authority_nothing_is_asked() -> None:
    package = made(approved(garden(), police()))
    assert not Job.objects.filter(kind="escalations.stamp").exists()
    assert (package.stamp, package.stamp_failure) == (None, "")


def test_a_package_that_went_out_is_stamped_and_openssl_reads_it(
    server: LocalServer, authority: Authority, tmp_path: Path
) -> None:
    package = made(approved(garden(), police()))
    assert package.escalation.state == "sent"
    assert package.stamp is None
    stamped(package)
    assert package.stamp is not None
    assert package.stamped_at is not None
    note, answer = tmp_path / "MANIFEST.note", tmp_path / "package.tsr"
    note.write_bytes(files(package)["MANIFEST.note"])
    answer.write_bytes(bytes(package.stamp))
    root = str(authority.folder / "root.pem")
    authority.run("ts", "-verify", "-data", str(note), "-in", str(answer), "-CAfile", root)
    assert package.stamped_at.strftime("%H:%M:%S %Y GMT") in authority.run(
        "ts", "-reply", "-in", str(answer), "-text"
    )
    assert verbs_of(package.escalation.case)[-1] == "package.stamped"
    note.write_bytes(note.read_bytes() + b"\n")
    with pytest.raises(subprocess.CalledProcessError):
        authority.run("ts", "-verify", "-data", str(note), "-in", str(answer), "-CAfile", root)


def test_stamped_twice_the_first_stamp_stays(server: LocalServer) -> None:
    package = stamped(made(approved(garden(), police())))
    first = bytes(package.stamp or b"")
    Job.objects.filter(kind="escalations.stamp").update(state="queued")
    stamped(package)
    assert bytes(package.stamp or b"") == first
    assert verbs_of(package.escalation.case).count("package.stamped") == 1
    assert server.hits == 1


def test_an_authority_that_is_away_is_said_and_tried_again(server: LocalServer, settings: Any) -> None:
    there = settings.TIMESTAMP_URL
    settings.TIMESTAMP_URL = "http://127.0.0.1:9/"
    package = made(approved(garden(), police()))
    start = started(package)
    with pytest.raises(OutboundError) as caught:
        tasks.stamp_package(str(package.public_id), start=start)
    package.refresh_from_db()
    assert package.stamp_failure == caught.value.sentence
    assert (package.state, package.escalation.state) == (Package.State.READY, "sent")
    fail(start, caught.value, retry_in=0)
    settings.TIMESTAMP_URL = there
    assert stamped(package).stamp_failure == ""
    assert package.stamp is not None


def test_a_stamp_that_does_not_check_is_none(
    server: LocalServer, settings: Any, require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    stranger = Authority(require_tool("openssl"), tmp_path / "stranger")
    settings.TIMESTAMP_CA_FILE = str(stranger.folder / "root.pem")
    package = made(approved(garden(), police()))
    with pytest.raises(NotStamped):
        tasks.stamp_package(str(package.public_id), start=started(package))
    package.refresh_from_db()
    assert package.stamp is None
    assert "not a valid timestamp" in package.stamp_failure


def test_without_roots_no_answer_is_believed(server: LocalServer, settings: Any) -> None:
    settings.TIMESTAMP_CA_FILE = ""
    package = made(approved(garden(), police()))
    with pytest.raises(NotStamped):
        tasks.stamp_package(str(package.public_id), start=started(package))
    package.refresh_from_db()
    assert "TIMESTAMP_CA_FILE names no certificate" in package.stamp_failure


def test_given_up_it_stands_in_the_log_and_the_package_is_out(server: LocalServer, settings: Any) -> None:
    package = made(approved(garden(), police()))
    actions.packages.leave_unstamped(str(package.public_id), reason="It failed at each of its 3 starts.")
    package.refresh_from_db()
    assert package.stamp_failure == "It failed at each of its 3 starts."
    assert (package.state, package.escalation.state) == (Package.State.READY, "sent")
    assert verbs_of(package.escalation.case)[-1] == "package.not_stamped"


def test_nia_fetches_the_stamp_while_there_is_one(store: FileStore) -> None:
    package = make_package(make_sent(make_partner(people=(person("nia"),))))
    address = reverse("portal_stamp", args=[package.escalation.public_id])
    nia = client_of(person("nia"))
    assert nia.get(address).status_code == 404
    Package.objects.filter(pk=package.pk).update(stamp=b"an answer", stamped_at=timezone.now())
    answer = nia.get(address)
    assert (answer.status_code, answer.content) == (200, b"an answer")
    assert answer.headers["Content-Type"] == "application/timestamp-reply"
    matter = nia.get(reverse("portal_escalation", args=[package.escalation.public_id]))
    assert address in matter.content.decode()
    Package.objects.filter(pk=package.pk).update(state=Package.State.REMOVED)
    assert nia.get(address).status_code == 404
    assert client_of(person("mona")).get(address).status_code == 403
