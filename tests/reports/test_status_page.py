"""The reporter comes back: reference and access code, honest words, messages, withdrawal; guessing leads nowhere."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from casework.accounts.models import User
from casework.cases import actions as cases
from casework.cases import reading
from casework.cases.models import Basis, Case, Policy
from casework.reports import codes, limits
from casework.reports.actions import Filed, send_message
from casework.reports.models import Message, Report
from tests.cast import person
from tests.journal import verbs_of

from .conftest import entries

pytestmark = pytest.mark.django_db
FileOne = Callable[..., Filed]


def come_back(client: Client, filed: Filed, **changes: str) -> Any:
    sent = {"reference": filed.report.reference, "code": filed.access_code, **changes}
    return client.post("/status/", sent)


def decide(case: Case, *, who: str, outcome: str) -> None:
    actor = person(who)
    token = cases.claim_case(case, actor=actor)
    cases.decide_case(
        case,
        actor=actor,
        token=token,
        outcome=outcome,
        policy=Policy.NCII_AI,
        bases=[Basis.REPORT],
        grounds="x",
    )


def page(client: Client) -> str:
    response = client.get("/status/page/")
    assert response.status_code == 200, response["Location"]
    return response.content.decode()


def test_reference_and_code_open_the_page_and_the_look_is_written_down(
    client: Client, file_one: FileOne
) -> None:
    filed = file_one()
    assert come_back(client, filed)["Location"] == "/status/page/"
    text = page(client)
    assert "We have your report" in text
    assert codes.shown_reference(filed.report.reference) in text
    assert filed.access_code not in text
    assert len(entries("report.read_by_reporter", filed.report.case)) == 1


def test_the_code_may_be_typed_in_any_spelling(client: Client, file_one: FileOne) -> None:
    filed = file_one()
    typed = (
        codes.shown_access_code(filed.access_code)
        .lower()
        .replace("-", " ")
        .replace("0", "o")
        .replace("1", "l")
    )
    assert come_back(client, filed, code=typed)["Location"] == "/status/page/"


def without_own_words(response: Any) -> str:
    """The page without its token and without what was typed into it."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", response.content.decode())
    return re.sub(r'value="[^"]*"', "", text)


def test_a_wrong_code_and_an_unknown_reference_get_the_very_same_page(
    client: Client, file_one: FileOne
) -> None:
    filed = file_one()
    restricted = file_one(age_at_the_time="minor")
    answers = [
        come_back(client, filed, code=codes.new_access_code()),
        come_back(client, restricted, code=codes.new_access_code()),
        come_back(client, filed, reference=codes.new_reference()),
        come_back(client, filed, reference=codes.new_reference(), code="wrong"),
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert len({without_own_words(answer) for answer in answers}) == 1
    assert not entries("report.read_by_reporter")


def test_an_unknown_reference_costs_the_same_argon2_work(
    monkeypatch: pytest.MonkeyPatch, file_one: FileOne
) -> None:
    from casework.reports.actions import open_status

    filed = file_one()
    codes._hash_of_nothing()
    spent: list[float] = []
    verify = codes._HASHER.verify

    class Counting:
        hash = codes._HASHER.hash

        @staticmethod
        def verify(stored: str, code: str) -> bool:
            start = time.process_time()
            try:
                return verify(stored, code)
            finally:
                spent.append(time.process_time() - start)

    monkeypatch.setattr(codes, "_HASHER", Counting)
    assert open_status(filed.report.reference, codes.new_access_code()) is None
    assert open_status(codes.new_reference(), codes.new_access_code()) is None
    assert open_status("nonsense", "nonsense") is None
    assert open_status(filed.report.reference, filed.access_code) is not None
    assert len(spent) == 4
    assert min(spent) > max(spent) / 20  # all of them are real work


def test_a_slip_in_the_reference_is_told_without_asking_whether_it_exists(
    client: Client, file_one: FileOne
) -> None:
    filed = file_one()
    slip = filed.report.reference[:-1] + ("A" if filed.report.reference[-1] != "A" else "B")
    answer = come_back(client, filed, reference=slip)
    assert answer.status_code == 422
    assert "typing mistake" in answer.content.decode()


def test_guessing_one_reference_is_stopped_after_ten_tries_also_with_the_right_code(
    client: Client, file_one: FileOne
) -> None:
    filed = file_one()
    tries = [
        come_back(Client(REMOTE_ADDR=f"10.0.{n}.1"), filed, code=codes.new_access_code()) for n in range(12)
    ]
    assert [answer.status_code for answer in tries] == [422] * 10 + [429] * 2
    right = come_back(client, filed)
    assert right.status_code == 429
    assert int(right["Retry-After"]) > 0
    assert not entries("report.read_by_reporter")


def test_guessing_from_one_address_prefix_is_stopped_over_all_references() -> None:
    for number in range(31):
        guess = {"reference": codes.new_reference(), "code": codes.new_access_code()}
        answer = Client(REMOTE_ADDR=f"198.51.100.{number}").post("/status/", guess)
    assert answer.status_code == 429
    assert Client(REMOTE_ADDR="198.51.101.1").post("/status/", guess).status_code == 422


def test_guessing_is_stopped_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casework.reports.views.status.STATUS_IN_ALL", limits.Limit("tight", 3, 3600))
    answers = [
        Client(REMOTE_ADDR=f"10.{n}.0.1").post("/status/", {"reference": codes.new_reference(), "code": "x"})
        for n in range(4)
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 429]


def test_more_than_a_hundred_guesses_from_as_many_addresses_open_nothing(
    file_one: FileOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed = file_one()
    monkeypatch.setattr(
        "casework.reports.actions.following.code_matches", lambda stored, code: stored == code
    )
    opened = [
        come_back(Client(REMOTE_ADDR=f"10.{n}.0.9"), filed, code=codes.new_access_code()).status_code
        for n in range(120)
    ]
    assert set(opened) == {422, 429}
    assert opened.count(422) == 10


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("", "unknown"),
    ],
)
def test_addresses_are_counted_by_prefix(rf: Any, address: str, prefix: str) -> None:
    assert limits.address_prefix(rf.get("/", REMOTE_ADDR=address)) == prefix


def test_a_forwarded_address_counts_only_from_a_proxy_that_is_trusted(rf: Any, settings: Any) -> None:
    request = rf.get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": "192.0.2.9, 203.0.113.77"})
    settings.TRUSTED_PROXIES = ()
    assert limits.address_prefix(request) == "10.0.0.0/24"
    settings.TRUSTED_PROXIES = ("10.0.0.1",)
    assert limits.address_prefix(request) == "203.0.113.0/24"


def test_the_page_closes_after_fifteen_minutes(
    client: Client, file_one: FileOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back(client, file_one())
    now = time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 14 * 60)
    assert client.get("/status/page/").status_code == 200
    monkeypatch.setattr(signing.time, "time", lambda: now + 28 * 60)
    assert client.get("/status/page/").status_code == 200  # a click keeps it open
    monkeypatch.setattr(signing.time, "time", lambda: now + 44 * 60)
    assert client.get("/status/page/")["Location"] == "/status/?again=1"


@pytest.mark.parametrize(
    "cookie", ["", "nonsense", pytest.param(signing.dumps("x", salt="another"), id="of another purpose")]
)
def test_a_made_up_cookie_opens_nothing(client: Client, cookie: str) -> None:
    client.cookies["w"] = cookie
    assert client.get("/status/page/")["Location"] == "/status/?again=1"
    assert client.post("/status/withdraw/")["Location"] == "/status/?again=1"


def test_closing_forgets_the_page(client: Client, file_one: FileOne) -> None:
    come_back(client, file_one())
    assert client.post("/status/close/").cookies["w"].value == ""
    assert client.get("/status/page/").status_code == 302


def test_the_reporter_and_mona_write_to_each_other(client: Client, file_one: FileOne, mona: User) -> None:
    filed = file_one()
    come_back(client, filed)
    client.post("/status/message/", {"text": "Is there news?"})
    send_message(filed.report, "We are on it.", actor=mona)
    text = page(client)
    assert "Is there news?" in text
    assert "We are on it." in text
    assert mona.name not in text
    assert len(entries("report.message_received", filed.report.case)) == 1
    [(_, sent)] = entries("report.message_sent", filed.report.case)
    assert sent == {"sender": "desk", "length": 13}


def test_an_empty_message_is_not_sent(client: Client, file_one: FileOne) -> None:
    come_back(client, file_one())
    assert client.post("/status/message/", {"text": "  "}).status_code == 422
    assert not Message.objects.exists()
    assert not entries("report.message_received")


def test_messages_are_limited(client: Client, file_one: FileOne, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casework.reports.views.status.MESSAGE_PER_REPORT", limits.Limit("few", 2, 3600))
    come_back(client, file_one())
    answers = [client.post("/status/message/", {"text": "hello"}).status_code for _ in range(3)]
    assert answers == [302, 302, 429]
    assert Message.objects.count() == 2


def test_adding_what_is_missing_completes_the_report_without_a_new_clock(
    client: Client, file_one: FileOne
) -> None:
    filed = file_one(links=(), signature="", no_consent=False, contact=None)
    due = filed.report.case.clocks.get().due_at
    come_back(client, filed)
    assert "your typed signature" in page(client)
    client.post("/status/add/", {"links": "https://a.example/1", "signature": "Noor", "no_consent": "on"})
    assert Report.objects.get().missing_elements() == ["contact"]
    client.post("/status/add/", {"channel": "email", "address": "noor@mail.example"})
    report = Report.objects.get()
    assert report.missing_elements() == []
    assert report.valid_at is not None
    assert report.case.clocks.get().due_at == due
    assert [data["element"] for _, data in entries("report.element_found", report.case)] == [
        "signature", "identification", "statement", "contact",
    ] or len(entries("report.element_found", report.case)) == 4  # fmt: skip
    assert [data["complete"] for _, data in entries("report.element_found", report.case)] == [
        False,
        False,
        False,
        True,
    ]


def test_a_signature_that_was_given_is_not_overwritten_but_a_contact_is(
    client: Client, file_one: FileOne
) -> None:
    filed = file_one()
    come_back(client, filed)
    client.post("/status/add/", {"signature": "Another", "channel": "phone", "address": "555"})
    report = Report.objects.get()
    assert report.signature == "Noor Example"
    assert report.contact["address"] == "555"
    assert not entries("report.element_found")


def test_nothing_to_add_is_said(client: Client, file_one: FileOne) -> None:
    come_back(client, file_one())
    assert client.post("/status/add/", {"links": " "}).status_code == 422
    assert client.post("/status/add/", {"address": "only an address"}).status_code == 422


def test_withdrawing_says_what_it_means_and_then_takes_the_case_out_of_the_queue(
    client: Client, file_one: FileOne
) -> None:
    filed = file_one()
    come_back(client, filed)
    assert "can’t be undone" in client.get("/status/withdraw/").content.decode()
    assert Report.objects.get().withdrawn_at is None
    client.post("/status/withdraw/")
    client.post("/status/withdraw/")
    report = Report.objects.get()
    assert report.withdrawn_at is not None
    assert report.case.status == "withdrawn"
    assert len(entries("report.withdrawn", report.case)) == 1
    assert "You withdrew this report" in page(client)


def test_a_restricted_report_has_the_same_page(client: Client, file_one: FileOne) -> None:
    ordinary, restricted = file_one(), file_one(age_at_the_time="minor")
    pages = []
    for filed in (ordinary, restricted):
        come_back(client, filed)
        text = page(client)
        text = text.replace(codes.shown_reference(filed.report.reference), "")
        pages.append(re.sub(r'value="[^"]+"', "", text.split("Who helps besides")[0]))
    assert pages[0] == pages[1]


@pytest.mark.parametrize("outcome", ["keep", "need_more"])
def test_what_the_reporter_writes_after_a_decision_is_seen_by_somebody(
    client: Client, file_one: FileOne, mona: User, outcome: str
) -> None:
    filed = file_one()
    case = filed.report.case
    decide(case, who="milo", outcome=outcome)
    assert case not in reading.in_queue(mona)
    come_back(client, filed)
    client.post("/status/message/", {"text": "Look at the second picture."})
    assert case in reading.in_queue(mona)
    assert verbs_of(case)[-1] == "case.moved"


def test_a_word_of_thanks_does_not_reopen_a_removal(client: Client, file_one: FileOne, mona: User) -> None:
    filed = file_one()
    case = filed.report.case
    decide(case, who="milo", outcome="remove")
    come_back(client, filed)
    client.post("/status/message/", {"text": "Thank you."})
    assert case not in reading.in_queue(mona)
    assert verbs_of(case)[-1] == "report.message_received"


def test_a_place_added_to_a_decided_report_brings_it_back(
    client: Client, file_one: FileOne, mona: User
) -> None:
    filed = file_one()
    case = filed.report.case
    decide(case, who="milo", outcome="remove")
    come_back(client, filed)
    assert client.post("/status/add/", {"links": "https://other.example/2"}).status_code == 302
    assert case in reading.in_queue(mona)
    assert "case.moved" in verbs_of(case)[-3:]
