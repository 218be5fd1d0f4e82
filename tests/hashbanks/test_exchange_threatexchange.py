"""Meta ThreatExchange, against a server that checks every request: read, delete, match, contribute, react."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import transaction

from casework.hashbanks import matching
from casework.hashbanks.actions import judge_entry, withdraw_entry
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Entry, Feedback, Verdict
from tests.cast import person
from tests.hashbanks.exchanging import again, age_checkpoint, connect, in_force, logged, work
from tests.hashbanks.making import ask, flipped, keep, make_bank, pdq
from tests.hashbanks.servers.threatexchange import TOKEN, ThreatExchangeServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback_allowed")]


@pytest.fixture
def server() -> Iterator[ThreatExchangeServer]:
    with ThreatExchangeServer(page_size=2) as running:
        yield running
        assert running.problems == []


def test_the_updates_of_a_privacy_group_are_read_to_their_end(server: ThreatExchangeServer) -> None:
    for seed in range(3):
        server.put(pdq(seed).hex(), tags=("ncii",))
    server.put("ab" * 32, kind="HASH_SHA256")
    server.put("cd" * 16, kind="HASH_MD5")
    server.put("ef" * 16, kind="HASH_MD5", tags=("media_type_video",))
    exchange = connect(server.address, "threatexchange")
    work(exchange)
    assert in_force(exchange.bank) == {
        **{pdq(seed).hex(): "pdq" for seed in range(3)},
        "ab" * 32: "sha256", "cd" * 16: "md5", "ef" * 16: "video_md5",
    }  # fmt: skip
    assert Entry.objects.get(value=pdq(0)).tags == ["ncii"]
    [told] = logged("exchange.fetched")
    assert (told["added"], told["pages"]) == (6, 3)


def test_a_deleted_indicator_is_deleted_here_and_matches_no_more(server: ThreatExchangeServer) -> None:
    server.put(pdq(1).hex())
    server.put("ef" * 16, kind="HASH_MD5", tags=("media_type_video",))
    exchange = connect(server.address, "threatexchange")
    work(exchange)
    assert len(matching.match(ask(flipped(pdq(1), 3))).found) == 1
    server.take_back(pdq(1).hex())
    server.take_back("ef" * 16)
    again(exchange)
    assert in_force(exchange.bank) == {}
    assert matching.match(ask(pdq(1))).found == ()
    assert int(server.asked[-1].query["start_time"]) > 0


def test_a_hash_that_only_somebody_against_speaks_of_is_not_kept(server: ThreatExchangeServer) -> None:
    server.put(pdq(1).hex(), status="NON_MALICIOUS")
    exchange = connect(server.address, "threatexchange")
    work(exchange)
    assert in_force(exchange.bank) == {}


def test_a_checkpoint_that_missed_deletions_is_given_up(server: ThreatExchangeServer) -> None:
    server.put(pdq(1).hex())
    server.put(pdq(2).hex())
    exchange = connect(server.address, "threatexchange")
    work(exchange)
    server.rows = server.rows[1:]
    age_checkpoint(exchange, 86 * 24 * 3600)
    again(exchange)
    assert "start_time" not in server.asked[-1].query
    assert in_force(exchange.bank) == {pdq(2).hex(): "pdq"}


def test_the_token_goes_only_where_it_was_meant_for_and_is_kept_nowhere(server: ThreatExchangeServer) -> None:
    with ThreatExchangeServer() as thief:
        server.leads_to = thief.address + "/v24.0/987654321/threat_updates/"
        for seed in range(3):
            server.put(pdq(seed).hex())
        exchange = connect(server.address, "threatexchange")
        server.mode, server.mode_from = "500", 1
        work(exchange)
        assert exchange.checkpoint["cursor"]["after"] == "c2"
        assert "abcdefghijklmnop" not in str(exchange.checkpoint)
        server.mode = "ok"
        again(exchange)
        assert thief.asked == []
    assert len(in_force(exchange.bank)) == 3
    columns = Exchange.objects.filter(pk=exchange.pk).values("checkpoint", "tally", "last_counts", "options")
    assert "abcdefghijklmnop" not in str(list(columns))
    assert "abcdefghijklmnop" not in str(
        [logged(verb) for verb in ("exchange.connected", "exchange.fetched")]
    )


@pytest.mark.parametrize(
    ("verdict", "word"), [(Verdict.CONFIRMED, "HELPFUL"), (Verdict.WRONG, "DISAGREE_WITH_TAGS")]
)
def test_a_verdict_becomes_a_reaction(server: ThreatExchangeServer, verdict: Verdict, word: str) -> None:
    number = server.put(pdq(1).hex())
    exchange = connect(server.address, "threatexchange", may_send_feedback=True)
    work(exchange)
    with transaction.atomic():
        judge_entry(Entry.objects.get(), verdict, actor=person("mona"), item=uuid4())
    again(exchange)
    again(exchange)
    assert server.reactions == [(number, word)]
    assert Feedback.objects.get().sent_at is not None


def test_that_a_match_is_another_picture_says_nothing_about_their_hash(server: ThreatExchangeServer) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "threatexchange", may_send_feedback=True)
    work(exchange)
    with transaction.atomic():
        judge_entry(Entry.objects.get(), Verdict.DIFFERENT, actor=person("mona"), item=uuid4())
    again(exchange)
    assert server.reactions == []


def test_a_confirmed_hash_is_contributed_to_the_group_only_and_deleted_when_withdrawn(
    server: ThreatExchangeServer,
) -> None:
    bank = make_bank()
    keep(bank, pdq(7), quality=90, origin_item=uuid4())
    keep(bank, b"\7" * 32, "sha256", origin_item=uuid4())
    exchange = connect(server.address, "threatexchange", bank=bank, may_send_hashes=True)
    work(exchange)
    again(exchange)
    assert {told["indicator"] for told in server.descriptors.values()} == {pdq(7).hex(), (b"\7" * 32).hex()}
    assert all(told["tags"] == "ncii" for told in server.descriptors.values())
    assert server.paths() == ["POST /v24.0/threat_descriptors"] * 2
    withdraw_entry(Entry.objects.get(signal="pdq"), actor=person("lena"), reason="decided otherwise")
    again(exchange)
    assert [told["indicator"] for told in server.descriptors.values()] == [(b"\7" * 32).hex()]


def test_a_token_that_is_not_accepted_refuses_no_hash_for_good(server: ThreatExchangeServer) -> None:
    bank = make_bank()
    keep(bank, pdq(7), quality=90, origin_item=uuid4())
    exchange = connect(server.address, "threatexchange", bank=bank, may_send_hashes=True, on=False)
    exchange.credentials = {"access_token": TOKEN + "x"}
    exchange.save()
    Exchange.objects.filter(pk=exchange.pk).update(enabled=True)
    again(exchange)
    assert (exchange.send_failures, exchange.sent.count()) == (1, 0)
    assert "did not accept our keys" in exchange.send_error
    Exchange.objects.filter(pk=exchange.pk).update(credentials=None)
    exchange.refresh_from_db()
    exchange.credentials = {"access_token": TOKEN}
    exchange.save()
    again(exchange)
    assert (exchange.send_failures, exchange.send_error, exchange.sent.count()) == (0, "", 1)
