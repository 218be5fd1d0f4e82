"""Requests go to the public internet and to what the operator listed, however the address is written."""

from __future__ import annotations

import ipaddress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from casework.outbox.addresses import is_public, parse
from casework.outbox.errors import OutboundError, Refused
from casework.outbox.http import Limits, request
from tests.outbox.local import LocalServer, reply

QUICK = Limits(seconds=3, connect_seconds=1)

#: Spellings of 127.0.0.1 and ::1, and of places inside a network; PORT is the canary's.
INSIDE = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "017700000001", "0x7f.1",
    "0177.0.0.1", "0x7f.0x0.0x0.0x1", "0", "0.0.0.0", "00", "0x0", "localhost", "LOCALHOST", "localhost.",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2002:7f00:0001::1]", "[2001:0:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fd12:3456::1]",
    "[fec0::1]", "[ff02::1]", "[100::1]", "[2001:db8::1]", "[::ffff:0:127.0.0.1]", "[2001:4860::5efe:7f00:1]",
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1.254", "169.254.169.254",
    "169.254.0.1", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]",
]  # fmt: skip
#: What no address of ours looks like: parsers disagree about the host.
UNREADABLE = [
    "http://127.0.0.1\\@public.example/", "https://public.example@127.0.0.1/", "https://a:b@public.example/",
    "https://127.0.0.1#@public.example/\\", "https://\t127.0.0.1/", "https://public.example\r\n127.0.0.1/",
    "https:///127.0.0.1", "https://", "https:127.0.0.1", "//127.0.0.1/", "ftp://127.0.0.1/", "file:///etc/passwd",
    "gopher://127.0.0.1/", "https://[::1%25lo]/", "https://[fe80::1%lo]/", "https://127.0.0.1:99999/",
    "https://127.0.0.1:0/", "https://①②⑦.⓪.⓪.①/", "https://１２７.0.0.1/", "https://127。0。0。1/", "https://%31%32%37.0.0.1/",
    "https://loc%61lhost/", "https://-/", "https://a b/", "https://" + "a" * 5000 + "/",
]  # fmt: skip


def canary(server_request: BaseHTTPRequestHandler) -> None:
    reply(server_request, b"inside")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_spelling_of_an_inside_address_reaches_it(scheme: str) -> None:
    with LocalServer(canary) as four, LocalServer(canary, host="127.0.0.2") as second:
        for spelling in INSIDE:
            for port in (four.port, second.port):
                with pytest.raises(OutboundError):
                    request("GET", f"{scheme}://{spelling}:{port}/", limits=QUICK)
        assert four.hits == second.hits == 0
    assert len(INSIDE) >= 60


@pytest.mark.parametrize("url", UNREADABLE)
def test_an_address_that_parsers_read_differently_is_refused(url: str) -> None:
    with pytest.raises(OutboundError) as refused:
        request("GET", url, limits=QUICK)
    assert refused.value.code in ("address", "scheme", "name", "private")


@pytest.mark.parametrize("text", [spelling.strip("[]") for spelling in INSIDE if ":" in spelling])
def test_the_rule_says_no_to_every_address_inside(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8", "100.128.0.1"]
)
def test_the_rule_says_yes_to_the_public_internet(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))


def test_a_name_that_leads_inside_is_refused(names: dict[str, list[list[str]]]) -> None:
    with LocalServer(canary) as server:
        for answer in (["127.0.0.1"], ["10.0.0.8"], ["::1"], ["8.8.8.8", "127.0.0.1"], ["fe80::1%lo"]):
            names["inside.example"] = [answer]
            with pytest.raises(Refused, match=r"inside\.example"):
                request("GET", server.url(host="inside.example").replace("http:", "https:"), limits=QUICK)
        assert server.hits == 0


def test_a_name_that_answers_differently_the_second_time_changes_nothing(
    names: dict[str, list[list[str]]], settings: Any
) -> None:
    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("127.0.0.1/32"),)
    with LocalServer(canary) as outside, LocalServer(canary, host="127.0.0.2") as inside:
        names["rebinding.example"] = [["127.0.0.1"], ["127.0.0.2"]]
        assert request("GET", outside.url(host="rebinding.example"), limits=QUICK).body == b"inside"
        with pytest.raises(Refused):
            request("GET", inside.url(host="rebinding.example"), limits=QUICK)
        assert (outside.hits, inside.hits) == (1, 0)


def test_plain_http_stays_within_the_listed_networks(names: dict[str, list[list[str]]]) -> None:
    names["public.example"] = [["8.8.8.8"]]
    with pytest.raises(Refused) as refused:
        request("GET", "http://public.example/", limits=QUICK)
    assert refused.value.code == "scheme"


def test_a_listed_network_is_open_and_its_neighbour_is_not(settings: Any) -> None:
    settings.OUTBOUND_ALLOWED_NETS = (ipaddress.ip_network("127.0.0.2/32"),)
    with LocalServer(canary) as neighbour, LocalServer(canary, host="127.0.0.2") as listed:
        assert request("GET", listed.url(host="127.0.0.2"), limits=QUICK).status == 200
        assert request("GET", listed.url(host="[::ffff:127.0.0.2]"), limits=QUICK).status == 200
        with pytest.raises(Refused):
            request("GET", neighbour.url(), limits=QUICK)
        assert neighbour.hits == 0


def test_a_name_without_an_address_says_so(names: dict[str, list[list[str]]]) -> None:
    names["nowhere.example"] = [[]]
    with pytest.raises(OutboundError) as failed:
        request("GET", "https://nowhere.example/", limits=QUICK)
    assert failed.value.code == "name"
    assert "nowhere.example" in failed.value.sentence


@pytest.mark.parametrize(
    "url", ["https://a:b@public.example/", "https://a@public.example/", "https://@public.example/"]
)
def test_an_address_with_a_user_name_is_refused_whoever_it_leads_to(url: str) -> None:
    with pytest.raises(Refused, match="user name"):
        parse(url)


def test_host_port_and_query_are_kept_apart() -> None:
    target = parse("https://Hash.Example:8443/v1/a?x=1&y=%7C")
    assert (target.host, target.port, target.path) == ("hash.example", 8443, "/v1/a?x=1&y=%7C")
    assert parse("https://hash.example?x").path == "/?x"
