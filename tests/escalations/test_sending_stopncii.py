"""Hashes of what was removed are handed to StopNCII through the bank that contributes to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from casework.cases.models import Case
from casework.escalations.actions import sending
from casework.escalations.channels import exchange_attempts, exchange_words, problems
from casework.escalations.conflicts import NotReady
from casework.escalations.models import Escalation, EscalationItem
from casework.evidence.actions import offer_hashes
from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Entry
from casework.partners.models import Partner
from tests.cases.test_decide import decide
from tests.cast import client_of, make_case, person
from tests.evidence.matching import hashed_item
from tests.hashbanks.exchanging import again, connect, work
from tests.hashbanks.making import make_bank, pdq
from tests.hashbanks.servers.stopncii import StopNCIIServer
from tests.hashbanks.servers.validating import Told
from tests.journal import verbs_of
from tests.outbox.conftest import loopback_allowed  # noqa: F401

from .handing import make_partner, make_sent


@pytest.fixture
def server(db: None, loopback_allowed: None) -> Iterator[StopNCIIServer]:  # noqa: F811
    with StopNCIIServer() as running:
        yield running


@pytest.fixture
def exchange(server: StopNCIIServer) -> Exchange:
    return connect(server.address, "stopncii", bank=make_bank(), may_send_hashes=True)


@pytest.fixture
def partner(db: None) -> Partner:
    return make_partner("StopNCII", channel="stopncii")


@pytest.fixture
def case(db: None) -> Case:
    made = make_case()
    for seed in (1, 2):
        hashed_item(made, seed)
    decide(made)
    return made


def hand_over(case: Case, partner: Partner, *, items: int = 1, **given: Any) -> Escalation:
    """An approved hand-over of the hashes of the first *items* pictures of *case*."""
    one = make_sent(partner, case=case, state="approved", **given)
    for item in case.items.order_by("position")[:items]:
        EscalationItem.objects.create(escalation=one, item=item)
    return one


def fresh(escalation: Escalation) -> Escalation:
    escalation.refresh_from_db()
    return escalation


def test_the_hashes_of_the_chosen_pictures_reach_stopncii_and_no_others(
    case: Case, partner: Partner, exchange: Exchange, server: StopNCIIServer
):
    one = hand_over(case, partner)
    sending.send(one, None, actor=person("lena"))
    assert fresh(one).state == "sent"
    work(exchange)
    assert [record["hashValue"] for record in server.records] == [pdq(1).hex()]
    assert fresh(one).state == "delivered"
    found = verbs_of(case)
    assert (
        found.index("escalation.sent") < found.index("evidence.offered") < found.index("escalation.delivered")
    )


def test_it_is_delivered_when_the_last_picture_was_taken(
    case: Case, partner: Partner, exchange: Exchange, server: StopNCIIServer, monkeypatch: pytest.MonkeyPatch
):
    from casework.hashbanks.exchanges import tasks

    one = hand_over(case, partner, items=2)
    sending.send(one, None, actor=None)
    taken = []
    real = tasks.actions.mark_sent

    def noted(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        taken.append(fresh(one).state)

    monkeypatch.setattr(tasks.actions, "mark_sent", noted)
    work(exchange)
    assert taken[-1] == "delivered"
    assert len(server.records) == 2
    assert verbs_of(case).count("escalation.delivered") == 1


def test_what_stopncii_has_already_is_delivered_at_once(case: Case, partner: Partner, exchange: Exchange):
    offer_hashes(case, exchange.bank, actor=person("mona"))
    work(exchange)
    one = hand_over(case, partner, items=2)
    sending.send(one, None, actor=None)
    assert fresh(one).state == "delivered"
    assert "escalation.delivered" in verbs_of(case)


def test_while_stopncii_does_not_answer_it_stays_sent(
    case: Case, partner: Partner, exchange: Exchange, server: StopNCIIServer
):
    one = hand_over(case, partner)
    sending.send(one, None, actor=None)
    Exchange.objects.filter(pk=exchange.pk).update(address="http://127.0.0.1:9/v1")
    work(exchange)
    assert fresh(one).state == "sent"
    Exchange.objects.filter(pk=exchange.pk).update(address=f"{server.address}/v1")
    again(exchange)
    assert fresh(one).state == "delivered"
    assert "escalation.delivered" in verbs_of(case)


def test_the_page_says_how_far_each_picture_is_and_why_it_stands_still(
    case: Case, partner: Partner, exchange: Exchange, server: StopNCIIServer
):
    one = hand_over(case, partner)
    sending.send(one, None, actor=None)
    Exchange.objects.filter(pk=exchange.pk).update(address="http://127.0.0.1:9/v1")
    work(exchange)
    waiting = exchange_words(fresh(one))
    assert "waits to be handed over" in waiting[0]
    assert "does not take connections" in waiting[1]
    page = client_of(person("lena")).get(f"/escalations/{one.public_id}/").content.decode()
    assert "Handed to StopNCII" in page
    assert "does not take connections" in page
    Exchange.objects.filter(pk=exchange.pk).update(address=f"{server.address}/v1")
    again(exchange)
    (said,) = exchange_words(fresh(one))
    assert "took its hash" in said


def test_a_hash_that_stopncii_refuses_for_good_is_told_and_nothing_is_delivered(
    case: Case, partner: Partner, exchange: Exchange, server: StopNCIIServer
):
    one = hand_over(case, partner)
    sending.send(one, None, actor=None)
    server.answer = lambda asked: Told(status=422)  # type: ignore[method-assign]
    work(exchange)
    assert fresh(one).state == "sent"
    assert "refused its hash for good" in exchange_words(one)[0]
    assert "escalation.delivered" not in verbs_of(case)


def refused(escalation: Escalation) -> str:
    """Why it can't be sent; nothing has changed."""
    before = verbs_of(escalation.case)
    with pytest.raises(NotReady) as error:
        sending.send(escalation, None, actor=None)
    assert fresh(escalation).state == "approved"
    assert verbs_of(escalation.case) == before
    assert not Entry.objects.exists()
    assert error.value.problems == tuple(problems(escalation))
    return " ".join(error.value.problems)


def test_without_a_bank_that_contributes_nothing_is_sent_and_it_says_why(case: Case, partner: Partner):
    assert "No bank of confirmed hashes here is connected" in refused(hand_over(case, partner))


def test_a_bank_that_may_not_offer_is_none(case: Case, partner: Partner, server: StopNCIIServer):
    connect(server.address, "stopncii", bank=make_bank(), may_send_hashes=False)
    assert "No bank" in refused(hand_over(case, partner))


def test_only_what_was_decided_to_be_removed_is_handed_over(partner: Partner, exchange: Exchange):
    case = make_case()
    hashed_item(case, 1)
    assert "Decide first" in refused(hand_over(case, partner))


def test_a_case_that_may_show_somebody_under_18_never_goes_to_stopncii(partner: Partner, exchange: Exchange):
    case = make_case(minor_indicated=True)
    hashed_item(case, 1)
    assert "pictures of adults" in refused(hand_over(case, partner))


def test_a_picture_with_too_little_detail_is_named(partner: Partner, exchange: Exchange):
    case = make_case()
    hashed_item(case, 1, quality=49)
    decide(case)
    assert "has no hash that StopNCII takes" in refused(hand_over(case, partner))


def test_no_picture_no_hash(case: Case, partner: Partner, exchange: Exchange):
    assert "Choose at least one" in refused(hand_over(case, partner, items=0))


def test_every_try_to_hand_a_hash_over_stands_on_the_page_of_its_escalation(
    case: Case, partner: Partner, exchange: Exchange, server: StopNCIIServer
):
    one, other = hand_over(case, partner), hand_over(make_other(), partner)
    sending.send(one, None, actor=person("lena"))
    server.mode = "503"
    work(exchange)
    server.mode = "ok"
    again(exchange)
    rows = exchange_attempts(fresh(one))
    assert [(row["attempt"].code, row["attempt"].status) for row in rows] == [("", None), ("status_503", 503)]
    page = client_of(person("mona")).get(f"/escalations/{one.public_id}/").content.decode()
    assert "StopNCII.org (127.0.0.1)" in page
    assert "answered 503" in page
    assert "It was taken." in page
    assert exchange_attempts(fresh(other)) == []
    about = rows[0]["attempt"].about
    for _each in range(60):
        exchange.attempts.create(what="hashes", receiver="StopNCII.org (127.0.0.1)", about=about)
    assert len(exchange_attempts(fresh(one))) == 50


def test_what_stopncii_does_not_take_for_three_days_stands_among_the_stopped(
    case: Case, partner: Partner, exchange: Exchange, server: StopNCIIServer
):
    one = hand_over(case, partner)
    sending.send(one, None, actor=person("lena"))
    lena = client_of(person("lena"))

    def stopped() -> list[str]:
        return [row["what"] for row in lena.get("/escalations/", {"show": "stopped"}).context["rows"]]

    Escalation.objects.filter(pk=one.pk).update(sent_at=Now() - timedelta(hours=71))
    assert stopped() == []
    Escalation.objects.filter(pk=one.pk).update(sent_at=Now() - timedelta(hours=73))
    assert stopped() == ["stopped: StopNCII has not taken it"]
    assert "within 72 hours" in lena.get(f"/escalations/{one.public_id}/").content.decode()
    work(exchange)
    assert stopped() == []


def make_other() -> Case:
    """Another case, with a picture that nobody handed over."""
    made = make_case()
    hashed_item(made, 9)
    return made
