"""Lena connects, changes, pauses and runs exchanges; mona sees how they go; keys are never shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from casework.accounts.models import User
from casework.audit.models import Entry as LogEntry
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Bank
from tests.cast import client_of, refusal
from tests.hashbanks.exchanging import connect, logged, work
from tests.hashbanks.making import make_bank, pdq
from tests.hashbanks.servers.stopncii import KEYS, StopNCIIServer

pytestmark = pytest.mark.django_db
NEW = {"address": "https://api.stopncii.org/v1", "interval_minutes": "60", **KEYS}


@pytest.fixture
def bank(lena: User) -> Bank:
    return make_bank("StopNCII", source=Bank.Source.EXCHANGE)


@pytest.fixture
def exchange(bank: Bank) -> Exchange:
    return connect("https://hashes.example", "stopncii", bank=bank)


def page(person: User, bank: Bank, **headers: str) -> str:
    answer = client_of(person).get(reverse("bank_exchange", args=[bank.public_id]), headers=headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def post(client: Client, name: str, bank: Bank, data: dict[str, Any] | None = None, query: str = "") -> Any:
    return client.post(reverse(name, args=[bank.public_id]) + query, data or {})


def test_lena_connects_a_bank_which_stays_switched_off(lena: User, bank: Bank) -> None:
    answer = post(client_of(lena), "bank_exchange_connect", bank, NEW, "?kind=stopncii")
    assert answer.status_code == 302
    made = Exchange.objects.get()
    assert (made.bank, made.kind, made.enabled, made.may_send_feedback) == (bank, "stopncii", False, False)
    assert made.credentials == KEYS
    [told] = logged("exchange.connected")
    assert told["keys"] == sorted(KEYS)
    assert "paused" in page(lena, bank)


def test_keys_are_encrypted_and_stand_on_no_page_and_in_no_entry(lena: User, exchange: Exchange) -> None:
    from django.db import connection

    client = client_of(lena)
    pages = (
        page(lena, exchange.bank)
        + client.get(reverse("bank_exchange_change", args=[exchange.bank.public_id])).content.decode()
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM hashbanks_exchange")
        stored = cursor.fetchone()[0]
    entries = str([bytes(body) for body in LogEntry.objects.values_list("body", flat=True)])
    for secret in KEYS.values():
        assert secret not in pages
        assert secret not in stored
        assert secret not in entries


def test_a_key_that_is_left_empty_stays_and_another_replaces(lena: User, exchange: Exchange) -> None:
    kept = {"address": exchange.address, "interval_minutes": "30", "fetch_key": "another"}
    assert post(client_of(lena), "bank_exchange_change", exchange.bank, kept).status_code == 302
    exchange.refresh_from_db()
    assert exchange.credentials == {**KEYS, "fetch_key": "another"}
    assert exchange.interval_minutes == 30
    [told] = [entry for entry in logged("exchange.changed") if entry["changed"] != ["enabled"]]
    assert told["changed"] == ["interval_minutes", "key fetch_key"]
    assert (told["was"], told["now"]) == ({"interval_minutes": 60}, {"interval_minutes": 30})


def test_kept_keys_never_go_to_another_address(lena: User, exchange: Exchange) -> None:
    elsewhere = {"address": "https://elsewhere.example/v1", "interval_minutes": "60"}
    answer = post(client_of(lena), "bank_exchange_change", exchange.bank, elsewhere)
    assert answer.status_code == 422
    assert "every key has to be given again" in answer.content.decode()
    exchange.refresh_from_db()
    assert exchange.address == "https://hashes.example/v1"
    assert post(client_of(lena), "bank_exchange_change", exchange.bank, elsewhere | KEYS).status_code == 302
    exchange.refresh_from_db()
    assert (exchange.address, exchange.checkpoint) == ("https://elsewhere.example/v1", {})


def test_keys_ask_for_a_fresh_sign_in(lena: User, bank: Bank, exchange: Exchange) -> None:
    client = client_of(lena)
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - 7200
    session.save()
    before = LogEntry.objects.count()
    for name in ("bank_exchange_change", "bank_exchange_connect", "bank_exchange_switch"):
        answer = post(client, name, bank, NEW)
        assert answer.url.startswith(reverse("account_reauthenticate"))
    assert LogEntry.objects.count() == before


@pytest.mark.parametrize(
    "address",
    ["http://hashes.example/v1", "ftp://hashes.example", "https://user:pass@hashes.example/", "hashes.example",
     "https://", "file:list.csv", "https://hash es.example/"],
)  # fmt: skip
def test_an_address_that_would_never_be_asked_is_refused_in_words(
    lena: User, bank: Bank, address: str
) -> None:
    answer = post(
        client_of(lena), "bank_exchange_connect", bank, NEW | {"address": address}, "?kind=stopncii"
    )
    assert answer.status_code == 422
    assert not Exchange.objects.exists()
    assert not logged("exchange.connected")


def test_what_ncmec_lists_is_only_matched_by_a_bank_that_restricts(lena: User, bank: Bank) -> None:
    given = {
        "address": "https://exttest.cybertip.org/hashsharing",
        "interval_minutes": "60",
        "username": "u",
        "password": "p",
    }
    answer = post(client_of(lena), "bank_exchange_connect", bank, given, "?kind=ncmec")
    assert (answer.status_code, Exchange.objects.count()) == (422, 0)
    assert "under 18" in answer.content.decode()
    Bank.objects.filter(pk=bank.pk).update(on_match=Bank.OnMatch.RESTRICT)
    assert post(client_of(lena), "bank_exchange_connect", bank, given, "?kind=ncmec").status_code == 302


def test_a_bank_that_forgets_is_not_connected_because_an_exchange_names_a_hash_once(
    lena: User, bank: Bank
) -> None:
    Bank.objects.filter(pk=bank.pk).update(retention_days=30)
    answer = post(client_of(lena), "bank_exchange_connect", bank, NEW, "?kind=stopncii")
    assert (answer.status_code, Exchange.objects.count()) == (422, 0)
    assert "names a hash once" in answer.content.decode()


def test_an_own_bank_may_only_offer_and_a_list_is_never_connected(lena: User) -> None:
    own, listed = make_bank(), make_bank("A list", source=Bank.Source.LIST)
    assert "ncmec" not in page(lena, own)
    assert "?kind=hma" in page(lena, own)
    assert "?kind=" not in page(lena, listed)
    for bank, kind in ((own, "ncmec"), (own, "plain"), (listed, "stopncii"), (own, "nonsense")):
        post(client_of(lena), "bank_exchange_connect", bank, NEW, f"?kind={kind}")
    assert not Exchange.objects.exists()


def test_lena_pauses_and_resumes_and_each_is_written_down_once(lena: User, exchange: Exchange) -> None:
    client, before = client_of(lena), len(logged("exchange.changed"))
    for on in ("no", "no", "yes", "yes"):
        post(client, "bank_exchange_switch", exchange.bank, {"on": on})
    told = logged("exchange.changed")[before:]
    assert [each["now"] for each in told] == [{"enabled": False}, {"enabled": True}]


def test_a_failing_exchange_says_when_it_last_worked_what_happened_and_what_is_next(
    mona: User, exchange: Exchange
) -> None:
    now = timezone.now()
    Exchange.objects.filter(pk=exchange.pk).update(
        failures=3, last_error="“hashes.example” answered 503.", last_ok_at=now - timedelta(hours=3),
        next_run_at=now + timedelta(minutes=20), send_error="“hashes.example” asks us to wait (429).", send_failures=1,
    )  # fmt: skip
    shown = page(mona, exchange.bank)
    for words in (
        "failing",
        "answered 503",
        "3 h ago",
        "Next try",
        "asks us to wait",
        "nothing of it is lost",
    ):
        assert words in shown, words
    assert "Read now" not in shown


def test_the_part_of_the_banks_page_is_the_very_same(lena: User, exchange: Exchange) -> None:
    part = page(lena, exchange.bank, **{"HX-Request": "true"})
    assert part.lstrip().startswith('<section id="hashbanks-exchange"')
    assert "<html" not in part
    assert "<html" in page(lena, exchange.bank)


@pytest.mark.parametrize("name", ["mona", "sena", "lex", "audra", "nia", "stan"])
def test_nobody_else_connects_changes_pauses_or_runs(
    name: str, request: pytest.FixtureRequest, exchange: Exchange
) -> None:
    client, before = client_of(request.getfixturevalue(name)), LogEntry.objects.count()
    for door in ("connect", "change", "switch", "run"):
        assert post(client, f"bank_exchange_{door}", exchange.bank, NEW).status_code == refusal(name)
    assert LogEntry.objects.count() == before


@pytest.fixture
def server() -> Iterator[StopNCIIServer]:
    with StopNCIIServer() as running:
        yield running


@pytest.mark.usefixtures("loopback_allowed")
def test_lena_reads_now_and_sees_what_came(lena: User, bank: Bank, server: StopNCIIServer) -> None:
    server.put(pdq(1).hex())
    server.put("nonsense")
    exchange = connect(server.address, "stopncii", bank=bank)
    assert post(client_of(lena), "bank_exchange_run", bank).status_code == 302
    assert "reading now" in page(lena, bank)
    work(exchange)
    shown = page(lena, bank)
    assert "working" in shown
    assert "1 new" in shown
    assert "nonsense" in shown
    assert len(logged("exchange.started")) == 1
