"""StopNCII.org, against a server that checks every request: read, withdraw, match, tell what a match was worth."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.db import transaction

from casework.hashbanks import matching
from casework.hashbanks.actions import judge_entry, withdraw_entry
from casework.hashbanks.exchanges import actions
from casework.hashbanks.exchanges.base import BadAnswer, Connection
from casework.hashbanks.exchanges.stopncii import StopNCII
from casework.hashbanks.models import Bank, Entry, Feedback, Sweep, Verdict
from tests.cast import person
from tests.hashbanks.exchanging import again, age_checkpoint, connect, in_force, logged, work
from tests.hashbanks.making import ask, flipped, keep, make_bank, pdq
from tests.hashbanks.servers.stopncii import KEYS, StopNCIIServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback_allowed")]
DAY = 24 * 3600


@pytest.fixture
def server() -> Iterator[StopNCIIServer]:
    with StopNCIIServer(page_size=2) as running:
        yield running
        assert running.problems == []


def test_hashes_are_read_page_by_page_and_kept_once(server: StopNCIIServer) -> None:
    for seed in range(5):
        server.put(pdq(seed).hex())
    server.put("ab" * 16, kind="VideoMD5")
    exchange = connect(server.address, "stopncii")
    work(exchange)
    assert in_force(exchange.bank) == {
        **{pdq(seed).hex(): "pdq" for seed in range(5)},
        "ab" * 16: "video_md5",
    }
    assert server.paths() == ["GET /v1/FetchHashes"] * 3
    assert [asked.query.get("startTimestamp") for asked in server.asked] == ["10"] * 3
    [told] = logged("exchange.fetched")
    assert (told["added"], told["pages"], told["faults"]) == (6, 3, 0)
    again(exchange)
    assert len(in_force(exchange.bank)) == 6
    assert Entry.objects.count() == 6


def test_reading_goes_on_from_the_time_that_the_server_named(server: StopNCIIServer) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "stopncii")
    work(exchange)
    server.put(pdq(2).hex())
    again(exchange)
    assert server.asked[-1].query["startTimestamp"] == str(server.clock - 10)
    assert set(in_force(exchange.bank)) == {pdq(1).hex(), pdq(2).hex()}


@pytest.mark.parametrize("status", ["Withdrawn", "Deleted"])
def test_a_withdrawn_hash_is_deleted_here_and_matches_no_more(server: StopNCIIServer, status: str) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "stopncii")
    work(exchange)
    [found] = matching.match(ask(flipped(pdq(1), 9))).found
    assert found.distance == 9
    server.put(pdq(1).hex(), status=status)
    again(exchange)
    entry = Entry.objects.get()
    assert (entry.status, entry.value) == ("deleted", None)
    assert matching.match(ask(pdq(1))).found == ()
    assert logged("exchange.fetched")[-1]["deleted"] == 1


def test_a_hash_that_comes_back_is_matched_again(server: StopNCIIServer) -> None:
    server.put(pdq(1).hex(), status="Withdrawn")
    exchange = connect(server.address, "stopncii")
    work(exchange)
    assert in_force(exchange.bank) == {}
    server.put(pdq(1).hex(), status="Active")
    again(exchange)
    assert in_force(exchange.bank) == {pdq(1).hex(): "pdq"}


def test_what_somebody_here_withdrew_stays_withdrawn(server: StopNCIIServer) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "stopncii")
    work(exchange)
    withdraw_entry(Entry.objects.get(), actor=person("lena"), reason="a stock photo")
    server.put(pdq(1).hex())
    again(exchange)
    assert in_force(exchange.bank) == {}


def test_after_thirty_days_everything_is_read_anew_and_what_no_longer_comes_is_deleted(
    server: StopNCIIServer,
) -> None:
    for seed in range(3):
        server.put(pdq(seed).hex())
    exchange = connect(server.address, "stopncii")
    work(exchange)
    server.records = server.records[1:]  # its withdrawal is forgotten by now
    again(exchange)
    assert pdq(0).hex() in in_force(exchange.bank)
    age_checkpoint(exchange, 31 * DAY)
    again(exchange)
    assert server.asked[-1].query["startTimestamp"] == "10"
    assert set(in_force(exchange.bank)) == {pdq(1).hex(), pdq(2).hex()}
    assert logged("exchange.fetched")[-1]["deleted"] == 1


def test_twenty_nine_days_are_not_too_long(server: StopNCIIServer) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "stopncii")
    work(exchange)
    age_checkpoint(exchange, 29 * DAY)
    again(exchange)
    assert server.asked[-1].query["startTimestamp"] != "10"


def test_bad_records_are_counted_and_named_and_good_ones_kept(server: StopNCIIServer) -> None:
    server.page_size = 800
    server.put(pdq(1).hex())
    server.put("xyz")
    server.put("00" * 32)
    server.put(pdq(2).hex()[:-2])
    server.put(pdq(3).hex(), status="Surprising")
    server.put("some text", kind="Text")
    server.put("https://example.com", kind="URL")
    server.records.append("no record")  # type: ignore[arg-type]
    server.records[-1] = {"lastModtimestamp": server.clock, "signalType": "ImagePDQ", "hashValue": None}
    exchange = connect(server.address, "stopncii")
    work(exchange)
    assert in_force(exchange.bank) == {pdq(1).hex(): "pdq"}
    counts = exchange.last_counts
    assert (counts["added"], counts["faults"], counts["skipped"]) == (1, 5, 2)
    assert any("xyz" in named for named in counts["named"])
    assert exchange.last_error == ""


def test_what_others_say_is_kept_as_their_word(server: StopNCIIServer) -> None:
    said = [
        {"feedbackValue": "Blocked", "tags": [], "source": "A platform"},
        {"feedbackValue": "NotBlocked", "tags": [], "source": "Another"},
    ]
    server.put(pdq(1).hex(), CSPFeedbacks=said)
    exchange = connect(server.address, "stopncii")
    work(exchange)
    again(exchange)
    assert [(each.outside, each.verdict) for each in Feedback.objects.all()] == [("A platform", "confirmed")]


def test_no_case_number_of_anybody_is_kept(server: StopNCIIServer) -> None:
    server.put(pdq(1).hex())
    work(connect(server.address, "stopncii"))
    assert "1234" not in str(list(Entry.objects.values()))


def test_new_hashes_are_compared_with_stored_evidence(server: StopNCIIServer) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "stopncii")
    work(exchange)
    [sweep] = Sweep.objects.all()
    assert (sweep.bank, sweep.from_seq < sweep.to_seq) == (exchange.bank, True)
    again(exchange)
    assert Sweep.objects.count() == 1


# --- what leaves ----------------------------------------------------------------------------------------------------


def say(entry: Entry, verdict: Verdict, who: str = "mona") -> None:
    with transaction.atomic():
        judge_entry(entry, verdict, actor=person(who), item=uuid4())


@pytest.mark.parametrize(
    ("verdict", "word"),
    [(Verdict.CONFIRMED, "Blocked"), (Verdict.DIFFERENT, "NotBlocked"), (Verdict.WRONG, "NotBlocked")],
)
def test_a_verdict_is_told_where_the_rule_says_so(
    server: StopNCIIServer, verdict: Verdict, word: str
) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "stopncii", may_send_feedback=True)
    work(exchange)
    say(Entry.objects.get(), verdict)
    again(exchange)
    assert server.feedback[pdq(1).hex()]["feedbackValue"] == word
    assert Feedback.objects.get().sent_at is not None
    [told] = logged("exchange.sent")
    assert (told["what"], told["count"], told["refused"]) == ("feedback", 1, False)
    again(exchange)
    assert server.paths().count("POST /v1/SubmitFeedback") == 1


def test_only_the_last_word_on_a_hash_is_told(server: StopNCIIServer) -> None:
    server.put(pdq(1).hex())
    exchange = connect(server.address, "stopncii", may_send_feedback=True)
    work(exchange)
    say(Entry.objects.get(), Verdict.CONFIRMED)
    say(Entry.objects.get(), Verdict.WRONG, "milo")
    again(exchange)
    assert server.feedback[pdq(1).hex()]["feedbackValue"] == "NotBlocked"
    assert server.paths().count("POST /v1/SubmitFeedback") == 1
    assert not Feedback.objects.filter(sent_at__isnull=True).exists()


def own_bank_with_a_hash(**settings: object) -> Bank:
    bank = make_bank(**settings)
    keep(bank, pdq(7), quality=90, origin_item=uuid4())
    return bank


def test_a_confirmed_hash_is_offered_once_and_taken_back_when_it_is_withdrawn(server: StopNCIIServer) -> None:
    bank = own_bank_with_a_hash()
    exchange = connect(server.address, "stopncii", bank=bank, may_send_hashes=True)
    work(exchange)
    [record] = server.records
    assert (record["signalType"], record["hashValue"]) == ("ImagePDQ", pdq(7).hex())
    assert record["CSPFeedbacks"][0]["feedbackValue"] == "Blocked"
    again(exchange)
    assert server.paths() == ["POST /v1/SubmitHashes"]
    withdraw_entry(Entry.objects.get(), actor=person("lena"), reason="decided otherwise")
    again(exchange)
    again(exchange)
    assert server.feedback[pdq(7).hex()]["feedbackValue"] == "Withdrawn"
    assert server.paths() == ["POST /v1/SubmitHashes", "POST /v1/SubmitFeedback"]
    assert [told["what"] for told in logged("exchange.sent")] == ["hashes", "retractions"]


def test_nothing_at_all_is_sent_without_the_rule(server: StopNCIIServer) -> None:
    bank = own_bank_with_a_hash()
    own = connect(server.address, "stopncii", bank=bank)
    server.put(pdq(1).hex())
    theirs = connect(server.address, "stopncii")
    work(theirs)
    say(Entry.objects.get(bank=theirs.bank), Verdict.CONFIRMED)
    for exchange in (own, theirs, own, theirs):
        again(exchange)
    assert {asked.method for asked in server.asked} == {"GET"}
    assert logged("exchange.sent") == []


def test_nothing_is_sent_once_the_exchange_is_paused(server: StopNCIIServer) -> None:
    exchange = connect(server.address, "stopncii", bank=own_bank_with_a_hash(), may_send_hashes=True)
    actions.begin_due()
    actions.pause_exchange(exchange, actor=person("lena"))
    again(exchange)
    assert server.asked == []


def test_hashes_of_a_bank_for_minors_never_go_to_a_programme_for_adults(server: StopNCIIServer) -> None:
    bank = own_bank_with_a_hash(on_match=Bank.OnMatch.RESTRICT)
    again(connect(server.address, "stopncii", bank=bank, may_send_hashes=True))
    assert server.asked == []


def test_hashes_that_came_from_a_list_or_stand_for_frames_stay_here(server: StopNCIIServer) -> None:
    bank = make_bank()
    keep(bank, pdq(1))
    keep(bank, pdq(2), clip=uuid4(), frame_at=1.0, origin_item=uuid4())
    again(connect(server.address, "stopncii", bank=bank, may_send_hashes=True))
    assert server.asked == []


def test_a_hash_that_the_server_refuses_for_good_holds_up_no_other(server: StopNCIIServer) -> None:
    server.put(pdq(1).hex())
    server.put(pdq(2).hex())
    exchange = connect(server.address, "stopncii", may_send_feedback=True)
    work(exchange)
    for entry in Entry.objects.all():
        say(entry, Verdict.CONFIRMED)
    server.records = [record for record in server.records if record["hashValue"] != pdq(1).hex()]
    again(exchange)
    assert set(server.feedback) == {pdq(2).hex()}
    assert sorted(told["refused"] for told in logged("exchange.sent")) == [False, True]
    assert Feedback.objects.get(entry__value=pdq(1)).refused_at is not None
    assert len(server.problems) == 2
    server.problems.clear()


# --- what a server may do to us -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        {"hasMoreRecords": True, "nextPageToken": "", "hashRecords": [], "nextSetTimestamp": 10},
        {"hasMoreRecords": "yes", "nextPageToken": "", "hashRecords": [], "nextSetTimestamp": 10},
        {"hasMoreRecords": False, "hashRecords": {}, "nextSetTimestamp": 10},
        {"hasMoreRecords": False, "hashRecords": []},
    ],
)
def test_an_answer_of_another_shape_is_said_to_be_one(
    answer: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = StopNCII(Connection("https://api.example/v1", {}, KEYS))
    monkeypatch.setattr(client, "_get_page", lambda state: answer)
    with pytest.raises(BadAnswer):
        list(client.fetch({}))


def test_a_page_token_that_grew_old_is_not_tried() -> None:
    client = StopNCII(Connection("https://api.example/v1"), now=lambda: 100_000.0)
    assert client._begin({"since": 500, "token": "t", "at": 99_900.0})[0]["token"] == "t"
    assert client._begin({"since": 500, "token": "t", "at": 90_000.0})[0] == {
        "since": 500,
        "token": "",
        "at": 90_000.0,
    }
