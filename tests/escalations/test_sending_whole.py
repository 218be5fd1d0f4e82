"""From draft to delivery by channels that carry no package: what was previewed is what arrives, to the letter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import translation

from casework.cases.models import Case
from casework.escalations import actions, choosing
from casework.escalations.conflicts import LookAgain, NotReady
from casework.escalations.models import Basis, Escalation
from casework.hashbanks.exchanges.models import Exchange
from casework.outbox.models import Message
from casework.partners.models import Channel, Partner
from tests.cases.test_decide import decide
from tests.cast import make_case, person
from tests.evidence.matching import hashed_item
from tests.hashbanks.exchanging import connect, work
from tests.hashbanks.making import make_bank, pdq
from tests.hashbanks.servers.stopncii import StopNCIIServer
from tests.journal import verbs_of
from tests.outbox.conftest import loopback_allowed  # noqa: F401

from . import making
from .test_sending_xarf import _attachment as attachment

LINKS = ["https://host.example/p/1", "https://host.example/p/2"]


@pytest.fixture
def case(db: None) -> Case:
    made = make_case(links=LINKS)
    hashed_item(made, 1)
    decide(made)
    return made


@pytest.fixture
def host(db: None) -> Partner:
    return making.make_partner("A host", kind="host", channel=Channel.XARF_MAIL, mail="abuse@host.example")


@pytest.fixture
def stopncii(db: None) -> Partner:
    return making.make_partner("StopNCII", kind="hotline", channel=Channel.STOPNCII)


@pytest.fixture
def exchange(loopback_allowed: None, db: None) -> Iterator[Exchange]:  # noqa: F811
    with StopNCIIServer() as server:
        yield connect(server.address, "stopncii", bank=make_bank(), may_send_hashes=True)


def draft_for(case: Case, partner: Partner, **more: Any) -> Escalation:
    items = {item: False for item in case.items.all()}
    return making.make_draft(case, partner=partner, locators=list(case.locators.all()), items=items, **more)


def shown(escalation: Escalation) -> dict[str, list[str]]:
    """What the preview says that leaves, by label."""
    fields = choosing.preview(escalation, viewer=person("mona")).fields
    return {field.label: field.shown for field in fields if field.included}


def test_a_notice_leaves_as_it_was_previewed(case: Case, host: Partner):
    one = draft_for(case, host)
    previewed = shown(one)
    making.offered(one)
    actions.approve(one, actor=person("lena"), digest=making.seen(one, person("lena")))
    one.refresh_from_db()
    assert one.state == "sent"
    said = [json.loads(attachment(message)) for message in Message.objects.order_by("pk")]
    assert [notice["url"] for notice in said] == LINKS
    told = previewed["Notice to “host.example”"]
    last = said[-1]
    for name, value in last.items():
        assert name == "timestamp" or f"{name}: {json.dumps(value, ensure_ascii=False)}" in told
    assert len(told) == len(last) - 1
    assert verbs_of(case).count("outbox.posted") == 2


def test_the_minimum_for_a_host_is_what_a_notice_has_a_place_for(case: Case, host: Partner):
    assert set(draft_for(case, host).fields) == {"facts", "locators"}


def test_what_a_notice_has_no_place_for_can_t_be_promised(case: Case, host: Partner):
    one = draft_for(
        case, host, fields=["facts", "locators", "custody"], reasons={"custody": "They asked for it."}
    )
    problems = choosing.preview(one, viewer=person("mona")).problems
    assert any("no place for “Custody history”" in problem for problem in problems)
    before = verbs_of(case)
    with pytest.raises(NotReady):
        making.offered(one)
    assert not Message.objects.exists()
    assert "escalation.offered" not in verbs_of(case)[len(before) :]


def test_a_name_that_changes_after_the_look_asks_for_another_look(case: Case, host: Partner, settings: Any):
    one = making.offered(draft_for(case, host))
    digest = making.seen(one, person("lena"))
    settings.DESK_NAME = "Somebody else"
    before = verbs_of(case)
    with pytest.raises(LookAgain):
        actions.approve(one, actor=person("lena"), digest=digest)
    assert not Message.objects.exists()
    assert verbs_of(case) == before


def test_two_people_with_two_languages_approve_the_same(case: Case, stopncii: Partner, exchange: Exchange):
    one = draft_for(case, stopncii)
    with translation.override("ar-xb"):
        other = choosing.preview(one, viewer=person("mona")).digest
    assert choosing.preview(one, viewer=person("mona")).digest == other


def test_hashes_leave_as_they_were_previewed(case: Case, stopncii: Partner, exchange: Exchange):
    one = draft_for(case, stopncii, basis=Basis.VICTIM_REQUEST)
    assert set(one.fields) == {"hashes"}
    (told,) = shown(one)["Hashes for StopNCII"]
    assert pdq(1).hex() in told
    making.offered(one)
    actions.approve(one, actor=person("lena"), digest=making.seen(one, person("lena")))
    one.refresh_from_db()
    assert one.state == "sent"
    work(exchange)
    one.refresh_from_db()
    assert one.state == "delivered"
    assert [sent.entry.hex for sent in exchange.sent.all()] == [pdq(1).hex()]
    assert "escalation.delivered" in verbs_of(case)
