"""What a server may do to us: redirect, stall, swell, lie about who it is. We say so and stop in time."""

from __future__ import annotations

import gzip
import ipaddress
import logging
import socket
import time
import zlib
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from casework.outbox import addresses
from casework.outbox.errors import BadStatus, OutboundError, Refused, TooLarge, TooSlow, Unreachable
from casework.outbox.http import Limits, request
from tests.outbox.local import Authority, LocalServer, reply

pytestmark = pytest.mark.usefixtures("loopback_allowed")
QUICK = Limits(seconds=2, connect_seconds=1, read_seconds=2, size=100_000)


def echo(server_request: BaseHTTPRequestHandler) -> None:
    length = int(server_request.headers.get("Content-Length", 0))
    said = f"{server_request.command} {server_request.path} {server_request.headers['Host']} ".encode()
    reply(server_request, said + server_request.rfile.read(length))


def test_a_request_reaches_its_server_and_its_answer_comes_back() -> None:
    with LocalServer(echo) as server:
        answer = request("POST", server.url("/a?b=c"), body=b"hello", headers={"X-Key": "k"}, limits=QUICK)
    assert answer.body == f"POST /a?b=c 127.0.0.1:{server.port} hello".encode()
    assert answer.headers["content-length"] == str(len(answer.body))


def test_the_certificate_must_be_of_the_name_that_was_asked_for(
    authority: Authority, trusted: Path, names: dict[str, list[list[str]]]
) -> None:
    names["hashes.example"] = names["other.example"] = [["127.0.0.1"]]
    with LocalServer(echo, certificate=authority.vouch_for("hashes.example")) as server:
        body = request("GET", server.url(host="hashes.example"), limits=QUICK).body
        assert f"hashes.example:{server.port}".encode() in body
        assert server.names == ["hashes.example"]
        with pytest.raises(Unreachable) as failed:
            request("GET", server.url(host="other.example"), limits=QUICK)
    assert failed.value.code == "certificate"


def test_an_authority_that_nobody_listed_is_not_believed(
    authority: Authority, names: dict[str, list[list[str]]]
) -> None:
    names["hashes.example"] = [["127.0.0.1"]]
    with (
        LocalServer(echo, certificate=authority.vouch_for("hashes.example")) as server,
        pytest.raises(Unreachable) as failed,
    ):
        request("GET", server.url(host="hashes.example"), limits=QUICK)
    assert failed.value.code == "certificate"


def test_a_certificate_for_an_address_is_checked_too(authority: Authority, trusted: Path) -> None:
    with LocalServer(echo, certificate=authority.vouch_for("127.0.0.1")) as server:
        assert request("GET", server.url(), limits=QUICK).status == 200


def to(address: str, status: int = 302) -> Any:
    return lambda server_request: reply(server_request, status=status, Location=address)


def test_a_redirect_is_not_followed_unless_asked() -> None:
    with LocalServer(echo) as goal, LocalServer(to(goal.url("/there"))) as server:
        with pytest.raises(Refused) as refused:
            request("GET", server.url(), limits=QUICK)
        assert (refused.value.code, goal.hits) == ("redirect", 0)
        assert request("GET", server.url(), limits=QUICK, redirects=1).body.startswith(b"GET /there")


def test_every_hop_is_checked_like_a_first_address(settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("127.0.0.2/32"),)
    with LocalServer(echo) as inside:
        for place in (
            inside.url(),
            f"//127.0.0.1:{inside.port}/",
            f"http://0x7f.1:{inside.port}/",
            "file:///etc/passwd",
        ):
            with LocalServer(to(place), host="127.0.0.2") as server, pytest.raises(Refused):
                request("GET", server.url(host="127.0.0.2"), limits=QUICK, redirects=3)
        assert inside.hits == 0


def test_keys_stay_behind_when_a_redirect_changes_the_server() -> None:
    seen: list[dict[str, str]] = []

    def note(server_request: BaseHTTPRequestHandler) -> None:
        seen.append({name.lower(): value for name, value in server_request.headers.items()})
        reply(server_request)

    with LocalServer(note) as goal, LocalServer(to(goal.url())) as server:
        request(
            "GET",
            server.url(),
            headers={"Authorization": "secret", "X-Key": "secret"},
            limits=QUICK,
            redirects=1,
        )
    assert "secret" not in str(seen)


def test_redirects_end() -> None:
    with LocalServer(to("/again")) as server:
        with pytest.raises(Refused):
            request("GET", server.url(), limits=QUICK, redirects=5)
        assert server.hits == 6


def test_a_post_is_never_sent_on() -> None:
    with LocalServer(echo) as goal, LocalServer(to(goal.url(), 307)) as server, pytest.raises(Refused):
        request("POST", server.url(), body=b"hash", limits=QUICK, redirects=3)
    assert goal.hits == 0


PIECES = 200


def drip(piece: bytes, first: bytes, sent: list[bytes]) -> Any:
    def answer(server_request: BaseHTTPRequestHandler) -> None:
        server_request.wfile.write(first)
        for _ in range(PIECES):
            sent.append(piece)
            server_request.wfile.write(piece)
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
        (b"", b"H"),
    ],
    ids=["body", "headers", "chunks", "to the end", "status line"],
)
def test_a_server_that_sends_a_byte_now_and_then_is_left(first: bytes, piece: bytes) -> None:
    sent: list[bytes] = []
    with LocalServer(drip(piece, first, sent)) as server, pytest.raises(TooSlow):
        request("GET", server.url(), limits=Limits(seconds=0.6, read_seconds=30))
    assert len(sent) < PIECES, "it was heard to its end"


def test_a_server_that_says_nothing_under_tls_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TooSlow):
        request("GET", f"https://127.0.0.1:{silent.getsockname()[1]}/", limits=Limits(seconds=0.6))


def test_a_slow_resolver_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(5) or [])
    with pytest.raises(TooSlow) as slow:
        request("GET", "https://slow.example/", limits=Limits(seconds=0.3))
    assert slow.value.code == "name"


def test_an_answer_that_says_it_is_too_large_or_turns_out_so_is_left() -> None:
    with LocalServer(lambda r: reply(r, b"x" * 200_000)) as server, pytest.raises(TooLarge):
        request("GET", server.url(), limits=QUICK)


def test_a_small_answer_that_unpacks_to_a_large_one_is_left() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < QUICK.size
    with LocalServer(lambda r: reply(r, bomb, Content_Encoding="gzip")) as server, pytest.raises(TooLarge):
        request("GET", server.url(), limits=QUICK)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (gzip.compress(gzip.compress(b"hello", mtime=0), mtime=0), "gzip, gzip"),
        (b"hello", "br"),
        (b"hello", "zstd"),
        (b"not gzip", "gzip"),
    ],
)
def test_an_answer_that_cannot_be_unpacked_is_left(body: bytes, encoding: str) -> None:
    answer = LocalServer(lambda r: reply(r, body, Content_Encoding=encoding))
    with answer as server, pytest.raises(Unreachable) as failed:
        request("GET", server.url(), limits=QUICK)
    assert failed.value.code == "encoding"


@pytest.mark.parametrize(
    ("body", "encoding"), [(gzip.compress(b"hi", mtime=0), "gzip"), (zlib.compress(b"hi"), "deflate")]
)
def test_a_packed_answer_is_unpacked(body: bytes, encoding: str) -> None:
    with LocalServer(lambda r: reply(r, body, Content_Encoding=encoding)) as server:
        assert request("GET", server.url(), limits=QUICK).body == b"hi"


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    half = LocalServer(lambda r: reply(r, b"half", Content_Length="8", Connection="close"))
    with half as server, pytest.raises(OutboundError):
        request("GET", server.url(), limits=QUICK)


@pytest.mark.parametrize("raw", [b"\x16\x03\x01\x00 nonsense\r\n\r\n", b"", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_said_to_be_none(raw: bytes) -> None:
    def answer(server_request: BaseHTTPRequestHandler) -> None:
        server_request.wfile.write(raw)
        server_request.close_connection = True

    with LocalServer(answer) as server, pytest.raises(Unreachable):
        request("GET", server.url(), limits=QUICK)


def test_a_status_that_was_not_asked_for_is_an_error_in_words() -> None:
    with (
        LocalServer(lambda r: reply(r, status=503, Retry_After="120")) as server,
        pytest.raises(BadStatus) as bad,
    ):
        request("GET", server.url("/?key=secret"), limits=QUICK)
    assert (bad.value.status, bad.value.retry_after) == (503, 120.0)
    assert "503" in bad.value.sentence
    assert "secret" not in bad.value.sentence


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [("0", 0, 0), ("Fri, 31 Dec 1999 23:59:59 GMT", 0, 0), ("999999999", 604800, 604800)],
)
def test_how_long_to_wait_is_understood(said: str, least: float, most: float) -> None:
    with (
        LocalServer(lambda r: reply(r, status=429, Retry_After=said)) as server,
        pytest.raises(BadStatus) as bad,
    ):
        request("GET", server.url(), limits=QUICK)
    assert bad.value.retry_after is not None
    assert least <= bad.value.retry_after <= most


@pytest.mark.parametrize("said", ["soon", "-1", "1e9", ""])
def test_how_long_to_wait_that_nobody_understands_is_left_out(said: str) -> None:
    with (
        LocalServer(lambda r: reply(r, status=429, Retry_After=said)) as server,
        pytest.raises(BadStatus) as bad,
    ):
        request("GET", server.url(), limits=QUICK)
    assert bad.value.retry_after is None


def test_a_status_that_was_asked_for_is_an_answer() -> None:
    with LocalServer(lambda r: reply(r, status=304)) as server:
        assert request("GET", server.url(), limits=QUICK, accept=(200, 304)).status == 304


def test_a_key_with_a_line_break_is_not_sent() -> None:
    with LocalServer(echo) as server:
        with pytest.raises(Refused):
            request("GET", server.url(), headers={"X-Key": "a\r\nX-Evil: b"}, limits=QUICK)
        assert server.hits == 0


def test_a_closed_door_is_said_to_be_closed() -> None:
    with LocalServer(echo) as server:
        url = server.url()
    with pytest.raises(Unreachable) as failed:
        request("GET", url, limits=QUICK)
    assert failed.value.code == "closed"


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalServer(echo) as proxy, LocalServer(echo) as server:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        assert request("GET", server.url("/direct"), limits=QUICK).body.startswith(b"GET /direct")
        assert proxy.hits == 0


def test_nothing_that_is_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # as the settings say; caplog lowered the root only

    def broken_headers(server_request: BaseHTTPRequestHandler) -> None:
        server_request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nno colon here\r\n\r\n")

    for answer in (echo, broken_headers):
        with LocalServer(answer) as server:
            request("GET", server.url("/?key=secret"), headers={"X-Key": "secret"}, limits=QUICK)
    assert "secret" not in caplog.text
