"""What a page says in the end: the last word on a hash, and on each name that the exchange has for one."""

from __future__ import annotations

import pytest
from django.db import transaction

from casework.hashbanks.exchanges import actions
from casework.hashbanks.exchanges.actions.storing import store_updates
from casework.hashbanks.exchanges.base import ACTIVE, DELETED, Update
from casework.hashbanks.exchanges.models import EntryRef, Exchange
from tests.cast import person
from tests.hashbanks.exchanging import connect, in_force
from tests.hashbanks.making import pdq

pytestmark = pytest.mark.django_db
ONE, TWO = pdq(1), pdq(2)


@pytest.fixture
def exchange() -> Exchange:
    return connect("https://hashes.example", "ncmec")


def store(exchange: Exchange, *updates: Update) -> dict[str, int]:
    with transaction.atomic():
        return store_updates(exchange, updates)


def test_the_last_word_on_a_hash_counts(exchange: Exchange) -> None:
    store(exchange, Update(ACTIVE, "pdq", ONE), Update(DELETED, "pdq", ONE), Update(DELETED, "pdq", TWO))
    assert in_force(exchange.bank) == {}
    store(exchange, Update(DELETED, "pdq", ONE), Update(ACTIVE, "pdq", ONE))
    assert in_force(exchange.bank) == {ONE.hex(): "pdq"}


def test_a_name_that_is_taken_back_in_the_same_page_leaves_nothing(exchange: Exchange) -> None:
    store(exchange, Update(ACTIVE, "pdq", ONE, ("a",)), Update(DELETED, refs=("a",)))
    assert in_force(exchange.bank) == {}


def test_a_name_that_is_given_anew_moves_to_its_new_hash(exchange: Exchange) -> None:
    store(exchange, Update(ACTIVE, "pdq", ONE, ("a",)))
    counts = store(exchange, Update(DELETED, refs=("a",)), Update(ACTIVE, "pdq", TWO, ("a",)))
    assert in_force(exchange.bank) == {TWO.hex(): "pdq"}
    assert (counts["added"], counts["deleted"]) == (1, 1)
    assert EntryRef.objects.get().ref == "a"


def test_a_name_of_another_exchange_holds_nothing_here(exchange: Exchange) -> None:
    other = connect("https://others.example", "hma")
    store(other, Update(ACTIVE, "pdq", ONE, ("a",)))
    store(exchange, Update(ACTIVE, "pdq", ONE, ("a",)))
    store(exchange, Update(DELETED, refs=("a",)))
    assert in_force(exchange.bank) == {}
    assert in_force(other.bank) == {ONE.hex(): "pdq"}


def test_keys_are_forgotten_with_the_address_they_were_for(exchange: Exchange) -> None:
    changed = actions.change_exchange(
        exchange, actor=person("lena"), address="https://elsewhere.example", credentials={"username": "new"}
    )
    assert exchange.credentials == {"username": "new"}
    assert changed == ["address", "username"]
