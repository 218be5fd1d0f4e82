"""The whole way with each exchange: a stored picture is recognised, judged, told, and let go when it is withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse

from casework.accounts.models import User
from casework.cases.actions import restrict_case, unrestrict_case
from casework.evidence.models import BankMatch, Item, SignalRecord
from casework.hashbanks.actions import change_bank
from casework.hashbanks.exchanges import hma
from casework.hashbanks.exchanges.actions import begin_due
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Bank, Entry, Feedback
from casework.jobs import tasks
from casework.jobs.models import Job
from tests.cast import client_of, make_case
from tests.evidence.making import make_examined
from tests.hashbanks.exchanging import again, connect, logged, ready, work
from tests.hashbanks.making import flipped, keep, make_bank, pdq
from tests.hashbanks.servers.hma import HMAServer
from tests.hashbanks.servers.ncmec import NCMECServer
from tests.hashbanks.servers.plain import ListServer
from tests.hashbanks.servers.stopncii import StopNCIIServer
from tests.hashbanks.servers.threatexchange import ThreatExchangeServer
from tests.hashbanks.servers.validating import ValidatingServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback_allowed")]
THEIRS = flipped(pdq(1), 11).hex()


@dataclass
class Side:
    """The other side: how a hash gets there and goes, and what it was told."""

    server: ValidatingServer
    withdraw: Callable[[], object]
    heard: Callable[[], object]


def stopncii(stack: ExitStack) -> Side:
    server = stack.enter_context(StopNCIIServer())
    server.put(THEIRS)
    return Side(server, lambda: server.put(THEIRS, status="Withdrawn"), lambda: server.feedback.get(THEIRS))


def threatexchange(stack: ExitStack) -> Side:
    server = stack.enter_context(ThreatExchangeServer())
    server.put(THEIRS)
    return Side(server, lambda: server.take_back(THEIRS), lambda: server.reactions)


def from_hma(stack: ExitStack) -> Side:
    server = stack.enter_context(HMAServer())
    number = server.put(THEIRS)
    return Side(server, lambda: server.contents.pop(number), lambda: None)


def ncmec(stack: ExitStack) -> Side:
    server = stack.enter_context(NCMECServer())
    server.put("one", pdq=THEIRS)

    def withdraw() -> None:
        exchange = Exchange.objects.get()
        server.clock = exchange.checkpoint["from"]
        exchange.checkpoint["from"] -= 60
        exchange.save()
        server.put("one", deleted=True)
        server.entries["42", "one"]["at"] -= 30

    return Side(server, withdraw, lambda: server.votes)


def plain(stack: ExitStack) -> Side:
    server = stack.enter_context(ListServer(f"{THEIRS}\n{pdq(5).hex()}\n"))

    def withdraw() -> None:
        server.text = f"{pdq(5).hex()}\n"

    return Side(server, withdraw, lambda: None)


SIDES: dict[str, Callable[[ExitStack], Side]] = {
    "stopncii": stopncii, "threatexchange": threatexchange, "hma": from_hma, "ncmec": ncmec, "plain": plain,
}  # fmt: skip


@pytest.fixture(params=list(SIDES))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def side(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    monkeypatch.setattr(hma, "GAP", 5)
    with ExitStack() as stack:
        found = SIDES[kind](stack)
        yield found
        assert found.server.problems == []


@pytest.fixture
def item() -> Item:
    """A picture that was examined before any bank was connected."""
    return make_examined(make_case(), pdq=pdq(1).hex())


def sweep() -> None:
    for job in Job.objects.filter(kind="evidence.sweep", state=Job.State.QUEUED):
        tasks.run(str(job.public_id))


def case_page(person: User, item: Item) -> str:
    answer = client_of(person).get(reverse("case_evidence", args=[item.case.public_id]))
    assert answer.status_code == 200
    return str(answer.content.decode())


def signal(item: Item) -> SignalRecord:
    return SignalRecord.objects.get(item=item, name="banks")


def test_fetch_match_feedback_withdraw(kind: str, side: Side, item: Item, mona: User) -> None:
    bank = make_bank(f"Bank of {kind}", source=Bank.Source.EXCHANGE)
    exchange = connect(side.server.address, kind, bank=bank, may_send_feedback=True)
    work(exchange)
    sweep()
    match = BankMatch.objects.get(item=item)
    assert (match.entry.bank, match.algorithm, match.distance, match.retroactive) == (bank, "pdq", 11, True)
    assert signal(item).status == "found"
    assert bank.name in case_page(mona, item)

    client_of(mona).post(reverse("match_judge", args=[match.public_id]), {"verdict": "confirmed"})
    again(exchange)
    told = side.heard()
    assert bool(told) == (kind in ("stopncii", "threatexchange", "ncmec"))
    assert (Feedback.objects.get(by=mona).sent_at is not None) == bool(told)

    side.withdraw()
    again(exchange)
    assert (exchange.last_error, Entry.objects.get(pk=match.entry_id).status) == ("", "deleted")
    assert signal(item).status == "not_found"
    assert "deleted at its source since" in case_page(mona, item)


def test_hashes_of_a_case_that_may_show_a_minor_stay_here_and_come_back(item: Item, lena: User) -> None:
    bank = make_bank()
    keep(bank, pdq(1), quality=90, origin_item=item.public_id)
    with StopNCIIServer() as server:
        restrict_case(item.case, actor=lena, why="minor_suspected")
        exchange = connect(server.address, "stopncii", bank=bank, may_send_hashes=True)
        work(exchange)
        assert server.asked == []
        item.case.refresh_from_db()
        unrestrict_case(item.case, actor=lena)
        again(exchange)
        assert server.paths() == ["POST /v1/SubmitHashes"]
        item.case.refresh_from_db()
        restrict_case(item.case, actor=lena, why="minor_suspected")
        again(exchange)
        again(exchange)
        assert server.paths() == ["POST /v1/SubmitHashes", "POST /v1/SubmitFeedback"]
        assert server.feedback[pdq(1).hex()]["feedbackValue"] == "Withdrawn"


def test_a_hash_that_a_restricted_case_has_too_stays_here_whichever_case_offered_it(
    item: Item, lena: User
) -> None:
    bank, other = make_bank(), make_examined(make_case(minor_indicated=True), 77)
    entry = keep(bank, pdq(1), quality=90, origin_item=item.public_id)
    match = BankMatch.objects.create(item=other, entry=entry, algorithm="pdq", distance=3, threshold=31)
    with StopNCIIServer() as server:
        exchange = connect(server.address, "stopncii", bank=bank, may_send_hashes=True)
        work(exchange)
        assert server.asked == []
        BankMatch.objects.filter(pk=match.pk).update(distance=32)
        again(exchange)
        assert server.paths() == ["POST /v1/SubmitHashes"]
        BankMatch.objects.filter(pk=match.pk).update(distance=None)
        again(exchange)
        assert server.feedback[pdq(1).hex()]["feedbackValue"] == "Withdrawn"


def test_a_bank_that_was_switched_off_sends_nothing_more(item: Item, lena: User) -> None:
    bank = make_bank()
    keep(bank, pdq(1), quality=90, origin_item=item.public_id)
    with StopNCIIServer() as server:
        exchange = connect(server.address, "stopncii", bank=bank, may_send_hashes=True)
        begin_due()  # its job waits already
        change_bank(bank, actor=lena, active=False)
        while (job := ready()) is not None:
            tasks.run(str(job.public_id))
        assert server.asked == []
        assert logged("exchange.sent") == []
        change_bank(bank, actor=lena, active=True)
        again(exchange)
        assert server.paths() == ["POST /v1/SubmitHashes"]


def test_a_bank_for_minors_may_feed_a_partners_matcher(item: Item, lena: User) -> None:
    bank: Any = make_bank(on_match=Bank.OnMatch.RESTRICT)
    keep(bank, pdq(1), quality=90, origin_item=item.public_id)
    restrict_case(item.case, actor=lena, why="minor_suspected")
    with HMAServer() as server:
        work(connect(server.address, "hma", bank=bank, may_send_hashes=True))
        assert [content["signals"] for content in server.contents.values()] == [{"pdq": pdq(1).hex()}]
