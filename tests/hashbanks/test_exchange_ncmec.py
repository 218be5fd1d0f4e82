"""NCMEC hash sharing, against a server that checks every request: read, delete, match, vote; and hostile XML."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import transaction

from casework.hashbanks import matching
from casework.hashbanks.actions import judge_entry
from casework.hashbanks.exchanges.base import BadAnswer, Connection
from casework.hashbanks.exchanges.models import EntryRef
from casework.hashbanks.exchanges.ncmec import NCMEC, parse_xml
from casework.hashbanks.models import Bank, Entry, Feedback, Verdict
from tests.cast import person
from tests.hashbanks.exchanging import again, connect, in_force, logged, work
from tests.hashbanks.making import ask, flipped, keep, make_bank, pdq
from tests.hashbanks.servers.ncmec import KEYS, REASON, NCMECServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback_allowed")]
MD5 = "ab" * 16


@pytest.fixture
def server() -> Iterator[NCMECServer]:
    with NCMECServer(page_size=2) as running:
        yield running
        assert running.problems == []


def test_entries_are_read_page_by_page(server: NCMECServer) -> None:
    for seed in range(4):
        server.put(f"image{seed}", pdq=pdq(seed).hex(), sha1="a" * 40)
    server.put("image9", md5=MD5)
    server.put("film1", kind="video", md5="cd" * 16)
    server.put("image8", pdna="AQID")
    exchange = connect(server.address, "ncmec")
    work(exchange)
    assert in_force(exchange.bank) == {
        **{pdq(seed).hex(): "pdq" for seed in range(4)}, MD5: "md5", "cd" * 16: "video_md5",
    }  # fmt: skip
    assert len(server.asked) == 4
    assert (exchange.last_counts["skipped"], exchange.last_counts["faults"]) == (1, 0)
    assert Entry.objects.get(value=pdq(0)).tags == ["A1"]


def test_the_next_window_begins_where_the_last_one_ended(server: NCMECServer) -> None:
    server.put("one", pdq=pdq(1).hex())
    exchange = connect(server.address, "ncmec")
    work(exchange)
    again(exchange)
    assert server.asked[0].query["from"] == "1970-01-01T00:00:00Z"
    assert server.asked[-1].query["from"] == server.asked[0].query["to"]


def say_again(server: NCMECServer) -> None:
    """What changed lies in the window that is asked for next."""
    server.clock = time.time() - 20


def test_a_deletion_names_an_entry_and_its_hashes_go(server: NCMECServer) -> None:
    server.put("one", pdq=pdq(1).hex(), md5=MD5)
    server.put("two", pdq=pdq(2).hex())
    exchange = connect(server.address, "ncmec")
    work(exchange)
    assert len(matching.match(ask(flipped(pdq(1), 2))).found) == 1
    exchange.checkpoint["from"] -= 3600
    exchange.save()
    say_again(server)
    server.put("one", deleted=True)
    again(exchange)
    assert in_force(exchange.bank) == {pdq(2).hex(): "pdq"}
    assert matching.match(ask(pdq(1))).found == ()


def test_a_hash_that_another_member_still_vouches_for_stays(server: NCMECServer) -> None:
    server.put("one", member="42", pdq=pdq(1).hex())
    server.put("uno", member="43", pdq=pdq(1).hex())
    exchange = connect(server.address, "ncmec")
    work(exchange)
    assert sorted(EntryRef.objects.values_list("ref", flat=True)) == ["42/one", "43/uno"]
    for member, name in (("42", "one"), ("43", "uno")):
        exchange.checkpoint["from"] -= 3600
        exchange.save()
        say_again(server)
        server.put(name, member=member, deleted=True)
        again(exchange)
        assert bool(in_force(exchange.bank)) == (member == "42")


def test_an_entry_that_changed_its_hash_lets_the_old_one_go(server: NCMECServer) -> None:
    server.put("one", pdq=pdq(1).hex(), md5=MD5)
    exchange = connect(server.address, "ncmec")
    work(exchange)
    exchange.checkpoint["from"] -= 3600
    exchange.save()
    say_again(server)
    server.put("one", pdq=pdq(2).hex(), md5=MD5)
    again(exchange)
    assert in_force(exchange.bank) == {pdq(2).hex(): "pdq", MD5: "md5"}


def test_what_members_vote_is_kept_as_their_word(server: NCMECServer) -> None:
    vote = (
        '<feedback><affirmativeFeedback type="Pdq"><members><member id="44">A host</member></members>'
        '</affirmativeFeedback><negativeFeedback type="Md5"><reasons><reason guid="x" name="y" type="Md5"/>'
        '<members><member id="45">Another</member></members></reasons></negativeFeedback></feedback>'
    )
    server.put("one", pdq=pdq(1).hex(), md5=MD5, feedback=vote)
    work(connect(server.address, "ncmec"))
    said = {(each.entry.signal, each.outside, each.verdict) for each in Feedback.objects.all()}
    assert said == {("pdq", "A host", "confirmed"), ("md5", "Another", "wrong")}


@pytest.mark.parametrize(
    ("verdict", "vote"), [(Verdict.CONFIRMED, "affirmative"), (Verdict.WRONG, "negative")]
)
def test_a_verdict_becomes_a_vote_on_each_entry_that_holds_the_hash(
    server: NCMECServer, verdict: Verdict, vote: str
) -> None:
    server.put("one", member="42", pdq=pdq(1).hex())
    server.put("uno", member="43", pdq=pdq(1).hex())
    exchange = connect(server.address, "ncmec", may_send_feedback=True)
    work(exchange)
    with transaction.atomic():
        judge_entry(Entry.objects.get(), verdict, actor=person("mona"), item=uuid4())
    again(exchange)
    again(exchange)
    assert server.votes == [("42", "one", "PDQ", vote), ("43", "uno", "PDQ", vote)]
    assert logged("exchange.sent")[0]["what"] == "feedback"


def test_no_vote_against_is_sent_without_a_reason_that_was_chosen(server: NCMECServer) -> None:
    server.put("one", pdq=pdq(1).hex())
    exchange = connect(server.address, "ncmec", may_send_feedback=True, options={})
    work(exchange)
    with transaction.atomic():
        judge_entry(Entry.objects.get(), Verdict.WRONG, actor=person("mona"), item=uuid4())
    again(exchange)
    assert (server.votes, exchange.send_failures) == ([], 0)


def test_hashes_of_our_own_never_go_there(server: NCMECServer) -> None:
    bank = make_bank(source=Bank.Source.OWN)
    keep(bank, pdq(7), quality=90, origin_item=uuid4())
    again(connect(server.address, "ncmec", bank=bank, may_send_hashes=True))
    assert server.asked == []


def test_who_we_are_who_else_and_what_can_be_said_is_known(server: NCMECServer) -> None:
    client = NCMEC(Connection(f"{server.address}/hs", {}, KEYS))
    assert client.who_we_are() == ("7", "A desk")
    assert client.members() == {"7": "A desk", "42": "A site"}
    assert client.reasons("MD5") == {REASON: "Not as classified"}


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><l>&b;</l>'
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS.encode(),
        LAUGHS.encode("utf-16"),
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
        b"<!doctype html><html></html>",
        b"<a>" * 50 + b"</a>" * 50,
        b"<r>" + b"<a/>" * 200_001 + b"</r>",
        b"<r>&unknown;</r>",
        b"<r>",
        b"",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="nothing"?><r/>',
        b"{}",
    ],
    ids=["laughs", "laughs in UTF-16", "a file", "an entity", "a page", "depth", "length", "undefined", "half", "empty",
         "bytes", "encoding", "JSON"],
)  # fmt: skip
def test_xml_that_is_more_than_data_is_refused(text: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse_xml(text)


@pytest.mark.parametrize(
    "following", ["https://elsewhere.example/v2/entries?a", "/v1/entries?a", "//x/v2/entries?a", "x"]
)
def test_a_next_page_elsewhere_is_not_asked_for(following: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = NCMEC(Connection("https://hashes.example/hs", {}, KEYS))
    tree = parse_xml(f"<queryResult><paging><next>{following}</next></paging></queryResult>".encode())
    monkeypatch.setattr(client, "_get", lambda path: tree)
    with pytest.raises(BadAnswer):
        next(client.fetch({}))
