"""Each try to read from or hand something to an exchange is a row: when, to whom, what, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from casework.hashbanks.exchanges import actions, wording
from casework.hashbanks.exchanges.models import Exchange, ExchangeAttempt
from casework.hashbanks.models import Bank
from tests.cast import client_of, make_case, person
from tests.evidence.matching import hashed_item
from tests.hashbanks.exchanging import again, connect, work
from tests.hashbanks.making import keep, make_bank, pdq
from tests.hashbanks.servers.stopncii import KEYS, StopNCIIServer

pytestmark = [pytest.mark.usefixtures("loopback_allowed"), pytest.mark.django_db]


@pytest.fixture
def server() -> Iterator[StopNCIIServer]:
    with StopNCIIServer(page_size=2) as running:
        yield running


def offering(server: StopNCIIServer, *values: bytes, **changed: Any) -> Exchange:
    """A bank of our own with these hashes, whose rule lets them leave to *server*."""
    bank = make_bank(source=Bank.Source.OWN)
    for value in values:
        keep(bank, value, quality=90, origin_item="6f1c1f0e-3c5c-4f4b-9d0a-111111111111")
    return connect(server.address, "stopncii", bank=bank, may_send_hashes=True, **changed)


def codes(exchange: Exchange) -> list[tuple[str, str, int | None]]:
    """What the attempts were and what came of them, oldest first."""
    return list(exchange.attempts.order_by("pk").values_list("what", "code", "status"))


def test_a_batch_that_was_taken_is_one_row_that_names_its_entries(server: StopNCIIServer) -> None:
    exchange = offering(server, pdq(1), pdq(2))
    work(exchange)
    [attempt] = exchange.attempts.all()
    assert (attempt.what, attempt.code) == ("hashes", "")
    assert attempt.receiver == "StopNCII.org (127.0.0.1)"
    assert sorted(attempt.about) == sorted(str(one.public_id) for one in exchange.bank.entries.all())
    assert attempt.ended_at is not None
    assert attempt.ended_at >= attempt.began_at


def test_each_failure_is_a_row_of_its_own_with_what_the_server_said(server: StopNCIIServer) -> None:
    exchange = offering(server, pdq(1))
    server.mode = "503"
    work(exchange)
    server.mode = "ok"
    again(exchange)
    assert codes(exchange) == [("hashes", "status_503", 503), ("hashes", "", None)]
    first = exchange.attempts.order_by("pk")[0]
    assert "answered 503" in first.sentence


def test_a_server_that_nobody_reaches_is_a_row_without_a_status(server: StopNCIIServer) -> None:
    exchange = offering(server, pdq(1))
    Exchange.objects.filter(pk=exchange.pk).update(address="http://127.0.0.1:9/v1")
    work(exchange)
    assert codes(exchange) == [("hashes", "closed", None)]


def test_no_row_holds_a_key(server: StopNCIIServer) -> None:
    exchange = offering(server, pdq(1))
    server.mode = "401"
    work(exchange)
    [attempt] = exchange.attempts.all()
    said = f"{attempt.receiver} {attempt.sentence} {attempt.code} {attempt.about}"
    assert not [key for key in KEYS.values() if key in said]
    assert attempt.status == 401


def test_reading_is_a_row_that_counts_what_came(server: StopNCIIServer) -> None:
    for seed in range(3):
        server.put(pdq(seed).hex())
    exchange = connect(server.address, "stopncii")
    work(exchange)
    [attempt] = exchange.attempts.all()
    assert (attempt.what, attempt.records, attempt.about) == ("reading", 3, [])


def test_reading_that_broke_off_says_what_had_come(server: StopNCIIServer) -> None:
    for seed in range(6):
        server.put(pdq(seed).hex())
    exchange = connect(server.address, "stopncii")
    server.mode, server.mode_from = "503", 1
    work(exchange)
    [attempt] = exchange.attempts.all()
    assert (attempt.status, attempt.records) == (503, 2)


def test_a_try_that_its_worker_never_ended_is_given_an_end_by_the_next(server: StopNCIIServer) -> None:
    exchange = offering(server, pdq(1))
    cut = ExchangeAttempt.objects.create(exchange=exchange, what="hashes", receiver="StopNCII.org")
    work(exchange)
    cut.refresh_from_db()
    assert cut.code == "interrupted"
    assert "is not known" in cut.sentence
    assert cut.ended_at is not None


def test_rows_about_reading_go_after_thirty_days_and_what_was_sent_stays(server: StopNCIIServer) -> None:
    exchange = offering(server, pdq(1))
    work(exchange)
    ExchangeAttempt.objects.create(exchange=exchange, what="reading", receiver="StopNCII.org")
    old = Now() - timedelta(days=31)
    ExchangeAttempt.objects.update(began_at=old)
    fresh = ExchangeAttempt.objects.create(exchange=exchange, what="reading", receiver="StopNCII.org")
    assert actions.reap_attempts() == 1
    assert set(exchange.attempts.values_list("what", "pk")) == {
        ("hashes", exchange.attempts.get(what="hashes").pk),
        ("reading", fresh.pk),
    }


def test_mona_reads_the_attempts_on_the_page_of_the_exchange(server: StopNCIIServer) -> None:
    exchange = offering(server, pdq(1))
    server.mode = "503"
    work(exchange)
    page = client_of(person("mona")).get(f"/banks/{exchange.bank.public_id}/exchange/").content.decode()
    assert "hand over hashes (1)" in page
    assert "answered 503" in page
    assert "StopNCII.org (127.0.0.1)" in page


def test_an_attempt_about_a_restricted_case_does_not_exist_for_mona(server: StopNCIIServer) -> None:
    bank = make_bank(source=Bank.Source.OWN, on_match="restrict")
    item = hashed_item(make_case(minor_indicated=True), 1)
    held, open_one = keep(bank, pdq(1), origin_item=str(item.public_id)), keep(bank, pdq(2))
    exchange = connect(server.address, "stopncii", bank=bank, on=False)
    for about in ([held], [held, open_one]):
        named = [str(one.public_id) for one in about]
        ExchangeAttempt.objects.create(exchange=exchange, what="hashes", receiver="there", about=named)
    rows = {
        name: [one["what"] for one in wording.attempts_of(exchange, person(name), most=9)]
        for name in ("mona", "sena")
    }
    assert rows == {
        "mona": ["hand over hashes (1)"],
        "sena": ["hand over hashes (2)", "hand over hashes (1)"],
    }


def test_the_list_of_banks_says_whose_exchange_fails_or_is_paused(server: StopNCIIServer) -> None:
    exchange = offering(server, pdq(1))
    lena = client_of(person("lena"))

    def said() -> list[bool]:
        page = lena.get("/banks/").content.decode()
        return [words in page for words in ("its exchange fails", "its exchange is paused")]

    assert said() == [False, False]
    server.mode = "503"
    work(exchange)
    assert said() == [True, False]
    actions.pause_exchange(exchange, actor=person("lena"))
    assert said() == [False, True]
