"""Hasher-Matcher-Actioner 2, against a server with its calls: read a bank, notice what is gone, contribute."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from casework.hashbanks import matching
from casework.hashbanks.actions import withdraw_entry
from casework.hashbanks.exchanges import hma
from casework.hashbanks.models import Entry
from tests.cast import person
from tests.hashbanks.exchanging import again, connect, in_force, logged, work
from tests.hashbanks.making import ask, flipped, keep, make_bank, pdq
from tests.hashbanks.servers.hma import BANK, HMAServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback_allowed")]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HMAServer]:
    monkeypatch.setattr(hma, "GAP", 10)
    monkeypatch.setattr(hma, "PAGE_SIZE", 4)
    with HMAServer() as running:
        yield running
        assert running.problems == []


def test_a_bank_is_read_content_by_content_across_gaps_and_other_banks(server: HMAServer) -> None:
    server.put(pdq(1).hex())
    server.put(pdq(2).hex(), bank="OTHER")
    server.put("ab" * 16, kind="video_md5", number=9)
    server.put(pdq(3).hex(), off_until=0)
    server.put(pdq(4).hex(), off_until=int(time.time()) + 3600)
    server.put(pdq(5).hex(), off_until=int(time.time()) - 3600)
    exchange = connect(server.address, "hma")
    work(exchange)
    assert in_force(exchange.bank) == {pdq(1).hex(): "pdq", "ab" * 16: "video_md5", pdq(5).hex(): "pdq"}


def test_a_content_that_is_gone_or_switched_off_is_deleted_here(server: HMAServer) -> None:
    one, two, _three = (server.put(pdq(seed).hex()) for seed in range(3))
    exchange = connect(server.address, "hma")
    work(exchange)
    [found] = matching.match(ask(flipped(pdq(0), 5))).found
    assert found.distance == 5
    del server.contents[one]
    server.contents[two]["off_until"] = 0
    again(exchange)
    assert in_force(exchange.bank) == {pdq(2).hex(): "pdq"}
    assert matching.match(ask(pdq(0))).found == ()
    assert logged("exchange.fetched")[-1]["deleted"] == 2


def test_a_bank_that_was_renamed_there_does_not_look_empty(server: HMAServer) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "hma")
    work(exchange)
    server.banks = {"RENAMED"}
    again(exchange)
    assert in_force(exchange.bank) == {pdq(1).hex(): "pdq"}
    assert "404" in exchange.last_error


def test_a_confirmed_hash_is_contributed_once_and_deleted_when_withdrawn(server: HMAServer) -> None:
    bank = make_bank()
    keep(bank, pdq(7), quality=90, origin_item=uuid4())
    keep(bank, b"\7" * 32, "sha256", origin_item=uuid4())  # HMA knows no such kind
    exchange = connect(server.address, "hma", bank=bank, may_send_hashes=True)
    work(exchange)
    again(exchange)
    assert [content["signals"] for content in server.contents.values()] == [{"pdq": pdq(7).hex()}]
    assert server.paths() == [f"POST /c/bank/{BANK}/signal"]
    withdraw_entry(Entry.objects.get(signal="pdq"), actor=person("lena"), reason="decided otherwise")
    again(exchange)
    assert server.contents == {}
