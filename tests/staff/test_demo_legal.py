"""The demo's legal requests and its report to NCMEC: made by people's own actions, once, and nothing is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from casework.cases import actions as cases
from casework.cases.models import Case
from casework.escalations.models import Escalation
from casework.legal.models import LegalLetter, LegalRequest
from casework.outbox.models import Message
from casework.staff.management.demo_legal import REQUESTS, make_requests
from casework.staff.management.demo_partners import describe_tip, make_partners
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs
from tests.worlds import make_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(tmp_path: Path):
    cast = {name: person(name) for name in ("mona", "sena", "lena", "lex", "ada", "nia")}
    make_partners(cast, tmp_path / "demo")
    return cast


def bridge() -> Case:
    case = make_case(links=["https://pictures.example/demo/bridge"])
    cases.add_locators(case, [("account", "@old.account")], actor=None)
    return case


def test_each_request_is_in_the_state_that_its_people_brought_it_to(people):
    bridge()
    make_requests(people)
    found = {request.authority_reference: request.state for request in LegalRequest.objects.all()}
    assert found == {
        "DEMO-P-11": "preserved", "DEMO-S-24": "checking", "DEMO-E-07": "produced", "DEMO-W-31": "refused",
        "DEMO-N-02": "checking", "DEMO-O-40": "accepted",
    }  # fmt: skip
    assert not LegalLetter.objects.filter(released_at__isnull=True).exists()
    assert "legal.clock_breached" not in all_verbs()


def test_nothing_of_them_is_sent_or_noted_as_handed_over(people):
    bridge()
    make_requests(people)
    draft = Escalation.objects.get(basis="legal_request")
    request = LegalRequest.objects.get(authority_reference="DEMO-O-40")
    assert draft.state == "draft"
    assert draft.nondisclosure_until == request.nondisclosure_until
    assert not Message.objects.exists()
    assert "legal.letter_handed_over" not in all_verbs()


def test_a_second_run_adds_nothing(people):
    bridge()
    case = make_case(minor_indicated=True)
    make_report(case)
    make_requests(people)
    describe_tip(case, people)
    before = all_verbs()
    make_requests(people)
    describe_tip(case, people)
    assert all_verbs() == before
    assert LegalRequest.objects.count() == len(REQUESTS)


def test_the_report_to_ncmec_is_a_draft_that_says_what_stands_in_its_way(people):
    case = make_case(minor_indicated=True)
    make_report(case)
    describe_tip(case, people)
    draft = Escalation.objects.get(case=case)
    assert (draft.state, draft.channel, draft.offered_at) == ("draft", "cybertip", None)
    assert all_verbs()[-2:] == ["escalation.drafted", "tip.described"]
    page = client_of(people["sena"]).get(f"/escalations/{draft.public_id}/preview/")
    assert page.context["problems"]
    assert not Message.objects.exists()
