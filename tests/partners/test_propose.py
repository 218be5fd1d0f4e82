"""Proposing: nothing holds yet, and the log says who asked for what without naming anybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from casework.accounts.models import Organisation, User
from casework.outbox import actions as outbox
from casework.partners import actions
from casework.partners.conflicts import PartnerConflict
from casework.partners.models import Contact, Partner, PartnerChange
from tests.journal import all_verbs

from .directory import NUMBER, body, make_partner, nowhere_in_the_bodies, personal, waiting

pytestmark = pytest.mark.django_db


def test_ada_proposes_a_partner_and_nothing_of_it_holds(ada: User):
    change = actions.propose_partner(
        actor=ada, why="asked for by the police", name="Haven", kind="ngo", countries=["DE"], tlp_ceiling="TLP:RED",
        imagery_allowed=True,
    )  # fmt: skip
    partner = change.partner
    assert (partner.state, partner.countries, partner.imagery_allowed) == ("proposed", [], False)
    assert not partner.receives
    assert not Partner.objects.receiving().exists()
    assert all_verbs() == ["partner.change_proposed"]
    assert body("partner.change_proposed")["now"] == {
        "countries": ["DE"], "imagery_allowed": True, "tlp_ceiling": "TLP:RED",
    }  # fmt: skip


def test_the_log_holds_numbers_addresses_and_reasons_on_its_erasable_side_only(ada: User):
    actions.propose_partner(
        actor=ada, why="Rosa knows them", name="Haven", kind="ngo", mail="desk@haven.example", **NUMBER
    )
    told = personal("partner.change_proposed")
    assert (told["mail"], told["call_back_number"]) == ("desk@haven.example", NUMBER["call_back_number"])
    assert (told["partner"], told["why"]) == ("Haven", "Rosa knows them")
    assert nowhere_in_the_bodies("haven.example", "901820", "Rosa", "Haven", "register of associations")


def test_an_organisation_that_is_here_already_is_taken_up(ada: User):
    flagger = Organisation.objects.create(name="Haven", kind="trusted_flagger")
    change = actions.propose_partner(actor=ada, name="haven", kind="ngo")
    assert change.partner.organisation == flagger
    assert change.content["fields"]["kind"] == {"from": "trusted_flagger", "to": "ngo"}


def test_our_own_organisation_is_nobodys_partner(ada: User):
    own = Organisation.objects.create(name="Lighthouse", kind=Organisation.Kind.OWN)
    before = all_verbs()
    with pytest.raises(ValidationError, match="our own organisation"):
        actions.propose_partner(actor=ada, name="lighthouse", kind="ngo")
    assert not Partner.objects.filter(organisation=own).exists()
    assert all_verbs() == before


def test_a_partner_is_proposed_once(ada: User):
    make_partner()
    before = all_verbs()
    with pytest.raises(ValidationError, match="in the directory already"):
        actions.propose_partner(actor=ada, name="HAVEN", kind="ngo")
    assert all_verbs() == before


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "  "}, "name"),
    ({"kind": "own"}, "kind"),
    ({"countries": ["EU"]}, "countries"),
    ({"countries": ["de"]}, "countries"),
    ({"languages": ["Deutsch"]}, "languages"),
    ({"accepts": ["everything"]}, "accepts"),
    ({"channel": "fax"}, "channel"),
    ({"tlp_ceiling": "TLP:PINK"}, "tlp_ceiling"),
    ({"mail": "haven"}, "mail"),
    ({"channel": "xarf_mail"}, "mail"),
    ({"response_hours": 0}, "response_hours"),
    ({"response_hours": 2161}, "response_hours"),
    ({"agreement_from": "2026-05-01", "agreement_until": "2026-04-30"}, "agreement_until"),
    ({"channel": "webhook"}, "endpoint"),
    ({"channel": "xarf_api"}, "endpoint"),
    (NUMBER | {"call_back_source": " "}, "call_back_source"),
    (NUMBER | {"call_back_number": "call us"}, "call_back_number"),
    (NUMBER | {"call_back_found_at": None}, "call_back_found_at"),
]


@pytest.mark.parametrize(
    ("fields", "wrong"), REFUSED, ids=[f"{n}-{wrong}" for n, (_, wrong) in enumerate(REFUSED)]
)
def test_what_does_not_hold_is_refused_by_field(ada: User, fields: dict[str, Any], wrong: str):
    with pytest.raises(ValidationError) as refusal:
        actions.propose_partner(actor=ada, **({"name": "Haven", "kind": "ngo"} | fields))
    assert list(refusal.value.message_dict) == [wrong]
    assert not Partner.objects.exists()
    assert all_verbs() == []


@pytest.mark.parametrize(
    ("purpose", "on", "fits"), [("partner", True, True), ("partner", False, False), ("platform", True, False)]
)
def test_a_webhook_goes_to_an_endpoint_for_partners_that_is_switched_on(
    ada: User, purpose: str, on: bool, fits: bool
):
    made, _secret = outbox.create_endpoint(
        actor=ada, name="A", url="https://partner.example/", purpose=purpose
    )
    outbox.switch_endpoint(made, actor=ada, on=on)
    fields = {"name": "Haven", "kind": "ngo", "channel": "webhook", "endpoint": made}
    if fits:
        assert actions.propose_partner(actor=ada, **fields).content["fields"]["endpoint"]["to"] == str(
            made.public_id
        )
        return
    with pytest.raises(ValidationError, match="switched on"):
        actions.propose_partner(actor=ada, **fields)


def test_lex_proposes_an_edit_and_the_partner_stays_as_it_was(lex: User):
    partner = make_partner()
    change = actions.propose_edit(
        partner, actor=lex, why="new agreement", tlp_ceiling="TLP:RED", mail="a@haven.example"
    )
    partner.refresh_from_db()
    assert (partner.tlp_ceiling, partner.mail) == ("TLP:AMBER", "")
    assert change.content["fields"] == {
        "tlp_ceiling": {"from": "TLP:AMBER", "to": "TLP:RED"}, "mail": {"from": "", "to": "a@haven.example"},
    }  # fmt: skip
    assert all_verbs()[-1] == "partner.change_proposed"
    assert body("partner.change_proposed")["was"] == {"tlp_ceiling": "TLP:AMBER"}
    assert nowhere_in_the_bodies("a@haven.example", "new agreement")


def test_an_edit_that_changes_nothing_is_none(ada: User):
    partner = make_partner()
    before = all_verbs()
    with pytest.raises(PartnerConflict, match="as it was"):
        actions.propose_edit(partner, actor=ada, why="", countries=["DE"])
    assert not partner.changes.filter(decided_at=None).exists()
    assert all_verbs() == before


def test_an_edit_may_not_take_another_organisations_name(ada: User):
    Organisation.objects.create(name="Harbour", kind="ngo")
    partner = make_partner()
    with pytest.raises(ValidationError, match="Another organisation"):
        actions.propose_edit(partner, actor=ada, why="", name="harbour")


def test_a_partner_that_was_refused_may_be_proposed_anew(ada: User, lena: User):
    change = actions.propose_partner(actor=ada, name="Haven", kind="ngo")
    with pytest.raises(PartnerConflict, match="already"):
        actions.propose_edit(change.partner, actor=ada, why="", countries=["FR"])
    actions.refuse_change(change, actor=lena, reason="no agreement")
    again = actions.propose_edit(change.partner, actor=ada, why="signed now", countries=["FR"])
    assert again.kind == PartnerChange.Kind.NEW
    assert actions.agree_change(again, actor=lena).receives


def test_a_contact_is_nobody_until_a_second_person_agrees(ada: User):
    partner = make_partner()
    actions.propose_contact(
        partner, actor=ada, name="Rosa", mail="rosa@haven.example", phone="+49 30 901821",
        phone_source="the same register",
    )  # fmt: skip
    assert not Contact.objects.exists()
    assert waiting(partner).kind == PartnerChange.Kind.CONTACT
    assert all_verbs()[-1] == "partner.change_proposed"
    assert personal("partner.change_proposed")["phone"] == "+49 30 901821"
    assert nowhere_in_the_bodies("Rosa", "rosa@haven.example", "901821", "same register")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"mail": "rosa"}, "mail"),
        ({"phone": "+49 30 901821"}, "phone_source"),
        ({"phone": "ask Rosa", "phone_source": "x"}, "phone"),
        ({"languages": ["german"]}, "languages"),
    ],
    ids=["name", "mail", "source", "phone", "languages"],
)  # fmt: skip
def test_a_contact_that_does_not_hold_is_refused_by_field(ada: User, fields: dict[str, Any], wrong: str):
    partner = make_partner()
    before = all_verbs()
    with pytest.raises(ValidationError) as refusal:
        actions.propose_contact(partner, actor=ada, **({"name": "Rosa"} | fields))
    assert list(refusal.value.message_dict) == [wrong]
    assert all_verbs() == before
