"""What NCMEC answers, and what it means for us: a result, a wait, or a person's work."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from casework.escalations.cybertip import client as door
from casework.escalations.cybertip.client import Client, Server, Upload, configured
from casework.escalations.cybertip.errors import (
    AlreadyFinished,
    AlreadyRetracted,
    CyberTipError,
    NotAllowed,
    Rejected,
    ReportMissing,
    TryAgain,
    of_code,
)  # fmt: skip
from casework.escalations.cybertip.schema import Schema
from casework.escalations.cybertip.xml import file_xml, report_xml
from tests.escalations.cybertip.examples import NOW, PLAIN_FILE, SMALL
from tests.escalations.cybertip.server import (
    USER,
    Tipline,
    Trick,
    answers,
    answers_status,
    hangs_up,
    respond,
    stays_silent,
)
from tests.outbox.local import LocalServer, reply


@pytest.fixture
def document(schema: Schema) -> bytes:
    return report_xml(SMALL, schema, now=NOW)


def test_the_status_proves_the_account(client: Client) -> None:
    assert client.status() == "casework at 127.0.0.1"


def test_a_wrong_password_is_for_a_person(tipline: Tipline) -> None:
    with pytest.raises(NotAllowed) as refused:
        Client(Server("test", USER, "guess", tipline.base)).status()
    assert (refused.value.code, refused.value.request_id) == (2000, "req-7")


def test_passwords_are_not_shown() -> None:
    assert "secret" not in repr(Server("test", "u", "secret"))


def test_reports_go_to_the_test_server_unless_production_is_said(settings: Any) -> None:
    assert configured("p").url("submit") == "https://exttest.cybertip.org/ispws/submit"
    assert configured("p").is_test
    settings.CYBERTIP_ENVIRONMENT = "production"
    assert configured("p").url("submit") == "https://report.cybertip.org/ispws/submit"
    assert not configured("p").is_test


def test_a_file_is_uploaded_as_it_comes_and_its_digest_compared(
    client: Client, tipline: Tipline, document: bytes
) -> None:
    report_id = client.submit(document)
    uploaded = client.upload(
        report_id,
        Upload(
            'a "fish"\r\n.jpg',
            11,
            iter(
                [
                    b"gold",
                    b"",
                    b"fish --",
                ]
            ),
        ),
    )
    assert uploaded.intact
    assert tipline.reports[report_id].files == {uploaded.file_id: b"goldfish --"}


def test_a_large_file_never_lies_in_memory(tipline: Tipline) -> None:
    megabyte, held = 1024 * 1024, []

    def chunks() -> Iterator[bytes]:
        for _number in range(48):
            held.append(tracemalloc.get_traced_memory()[0])
            yield bytes(megabyte)

    def drain(request: Any) -> None:
        """The server stands in this process, so it must not keep what it reads either."""
        left = int(request.headers["Content-Length"])
        while left:
            left -= len(request.rfile.read(min(left, 65536)))
        respond(request, 1111)

    with LocalServer(drain) as sink:
        tracemalloc.start()
        try:
            upload = Upload("pattern", 48 * megabyte, chunks())
            client = Client(Server("test", USER, "p", sink.url("/ispws")))
            with pytest.raises(TryAgain):
                client.upload(1, upload)
        finally:
            tracemalloc.stop()
    assert len(held) == 48
    assert max(held) - held[0] < 8 * megabyte


def test_a_file_that_is_shorter_than_said_is_not_sent_on(
    client: Client, tipline: Tipline, document: bytes
) -> None:
    report_id = client.submit(document)
    with pytest.raises(Rejected):
        client.upload(report_id, Upload("fish", 100, [b"short"]))
    assert tipline.reports[report_id].files == {}


def test_damage_on_the_way_is_seen(client: Client, tipline: Tipline, document: bytes) -> None:
    report_id = client.submit(document)

    def other(request: Any) -> bool:
        body = b"<reportResponse><responseCode>0</responseCode><fileId>f</fileId><hash>00</hash></reportResponse>"
        reply(request, body)
        return True

    tipline.fail("upload", other)
    assert not client.upload(report_id, Upload("fish", 4, [b"fish"])).intact


def test_the_order_of_calls_is_the_servers(client: Client, schema: Schema, document: bytes) -> None:
    report_id = client.submit(document)
    with pytest.raises(Rejected) as missing:
        client.describe(file_xml(PLAIN_FILE, schema, report_id=report_id, file_id="nothing"))
    assert missing.value.code == 5002
    file_id = client.upload(report_id, Upload("fish", 4, [b"fish"])).file_id
    details = file_xml(PLAIN_FILE, schema, report_id=report_id, file_id=file_id)
    client.describe(details)
    with pytest.raises(Rejected):
        client.describe(details)
    assert client.finish(report_id) == (file_id,)
    for call in (client.finish, client.retract):
        with pytest.raises(AlreadyFinished):
            call(report_id)
    second = client.submit(document)
    client.retract(second)
    with pytest.raises(AlreadyRetracted):
        client.finish(second)
    with pytest.raises(ReportMissing):
        client.finish(7)


@pytest.mark.parametrize("document", [b"<report/>", b"<report"])
def test_a_report_that_the_schema_refuses_is_not_tried_again(document: bytes, client: Client) -> None:
    with pytest.raises(Rejected) as refused:
        client.submit(document)
    assert refused.value.code in (4100, 4110)


@pytest.mark.parametrize(
    ("trick", "unsure", "wait"),
    [
        (answers(1000), True, None),
        (answers(1100), False, None),
        (answers(1999), True, None),
        (answers_status(429, Retry_After="120"), False, 120.0),
        (answers_status(503), True, None),
        (hangs_up, True, None),
        (answers_status(200), True, None),  # no XML at all
    ],
)
def test_what_may_heal_is_worth_another_try(
    trick: Trick, unsure: bool, wait: float | None, client: Client, tipline: Tipline, document: bytes
) -> None:
    tipline.fail("submit", trick)
    with pytest.raises(TryAgain) as failed:
        client.submit(document)
    assert (failed.value.unsure, failed.value.retry_after) == (unsure, wait)


def test_a_server_that_stays_silent_leaves_doubt(
    client: Client, tipline: Tipline, document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_CALL_SECONDS", 0.4)
    tipline.fail("submit", stays_silent(1.0))
    with pytest.raises(TryAgain) as failed:
        client.submit(document)
    assert failed.value.unsure


def test_a_server_that_is_not_there_has_done_nothing(
    settings: Any, tipline: Tipline, document: bytes
) -> None:
    with pytest.raises(TryAgain) as failed:
        Client(Server("test", "u", "p", "http://127.0.0.1:1/ispws")).submit(document)
    assert not failed.value.unsure


def test_a_redirect_is_not_followed(client: Client, tipline: Tipline, document: bytes) -> None:
    tipline.fail("submit", answers_status(302, Location="http://127.0.0.1/elsewhere"))
    with pytest.raises(Rejected):
        client.submit(document)
    assert tipline.calls == ["submit"]


def test_an_answer_that_tries_to_read_our_files_is_no_answer(
    client: Client, tipline: Tipline, document: bytes
) -> None:
    def hostile(request: Any) -> bool:
        body = (
            b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><reportResponse><responseCode>0</responseCode>'
            b"<responseDescription>&x;</responseDescription></reportResponse>"
        )
        reply(request, body)
        return True

    tipline.fail("status", hostile)
    with pytest.raises(TryAgain):
        client.status()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1000, TryAgain), (1100, TryAgain), (1110, TryAgain), (1111, TryAgain), (1210, TryAgain), (1300, TryAgain),
        (2000, NotAllowed), (3000, NotAllowed), (3100, NotAllowed), (3300, NotAllowed),
        (4000, Rejected), (4100, Rejected), (4110, Rejected), (4200, Rejected), (5002, Rejected), (9999, Rejected),
        (5001, ReportMissing), (5101, AlreadyRetracted), (5102, AlreadyFinished),
    ],
)  # fmt: skip
def test_each_code_is_of_one_kind_and_has_words(code: int, kind: type[CyberTipError]) -> None:
    error = of_code(code, request_id="r")
    assert type(error) is kind
    assert error.code == code
    assert error.sentence.endswith(".")
