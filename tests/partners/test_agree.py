"""The second person: never the author, never about something that changed meanwhile, and only once."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from casework.accounts.models import User
from casework.outbox import actions as outbox
from casework.partners import actions
from casework.partners.conflicts import AlreadySettled, StaleChange
from casework.partners.models import Contact, Partner, PartnerChange
from tests.journal import all_verbs

from .directory import NUMBER, body, make_contact, make_partner, nowhere_in_the_bodies

pytestmark = pytest.mark.django_db


def test_lena_agrees_to_what_ada_proposed(ada: User, lena: User):
    change = actions.propose_partner(
        actor=ada,
        name="Haven",
        kind="hotline",
        countries=["DE", "AT"],
        agreement_until="2030-01-31",
        **NUMBER,
    )
    partner = actions.agree_change(change, actor=lena)
    partner.refresh_from_db()
    assert (partner.state, partner.countries, partner.receives) == ("active", ["DE", "AT"], True)
    assert str(partner.agreement_until) == "2030-01-31"
    assert (partner.organisation.kind, partner.call_back_number) == ("hotline", NUMBER["call_back_number"])
    assert all_verbs() == ["partner.change_proposed", "partner.change_agreed"]
    assert body("partner.change_agreed")["change"] == str(change.public_id)
    assert nowhere_in_the_bodies("901820", "Haven")


def test_whoever_proposed_it_is_not_its_second_person(ada: User):
    change = actions.propose_partner(actor=ada, name="Haven", kind="ngo")
    for act in (
        lambda: actions.agree_change(change, actor=ada),
        lambda: actions.refuse_change(change, actor=ada, reason="I changed my mind"),
    ):
        with pytest.raises(PermissionDenied, match="Somebody other"):
            act()
    assert Partner.objects.get().state == Partner.State.PROPOSED
    assert all_verbs() == ["partner.change_proposed"]


def test_the_database_refuses_the_same_two_people_too(ada: User):
    change = actions.propose_partner(actor=ada, name="Haven", kind="ngo")
    with pytest.raises(IntegrityError, match="partner_change_by_two"), transaction.atomic():
        PartnerChange.objects.filter(pk=change.pk).update(
            decided_by=ada, decided_at=change.proposed_at, agreed=True
        )


def test_an_edit_holds_once_it_is_agreed_to(ada: User, lena: User):
    partner = make_partner()
    change = actions.propose_edit(
        partner, actor=ada, why="", name="Haven e.V.", imagery_allowed=True, mail="desk@haven.example"
    )
    actions.agree_change(change, actor=lena)
    partner.refresh_from_db()
    assert (partner.organisation.name, partner.imagery_allowed) == ("Haven e.V.", True)
    assert partner.mail == "desk@haven.example"
    assert body("partner.change_agreed")["now"] == {"imagery_allowed": True}


def test_a_change_of_what_has_changed_since_is_refused(ada: User, lena: User):
    partner = make_partner()
    first = actions.propose_edit(partner, actor=ada, why="", tlp_ceiling="TLP:RED")
    second = actions.propose_edit(partner, actor=ada, why="", tlp_ceiling="TLP:GREEN", countries=["FR"])
    actions.agree_change(second, actor=lena)
    before = all_verbs()
    with pytest.raises(StaleChange, match="propose it anew"):
        actions.agree_change(first, actor=lena)
    partner.refresh_from_db()
    assert partner.tlp_ceiling == "TLP:GREEN"
    assert all_verbs() == before
    assert not actions.refuse_change(first, actor=lena, reason="too late").changes.filter(decided_at=None)


def test_a_change_of_another_field_holds_beside_it(ada: User, lena: User):
    partner = make_partner()
    first = actions.propose_edit(partner, actor=ada, why="", tlp_ceiling="TLP:RED")
    second = actions.propose_edit(partner, actor=ada, why="", countries=["FR"])
    actions.agree_change(second, actor=lena)
    actions.agree_change(first, actor=lena)
    partner.refresh_from_db()
    assert (partner.tlp_ceiling, partner.countries) == ("TLP:RED", ["FR"])


def test_what_does_not_hold_any_more_is_refused(ada: User, lena: User):
    partner = make_partner()
    made, _secret = outbox.create_endpoint(
        actor=ada, name="Their desk", url="https://partner.example/", purpose="partner"
    )
    outbox.switch_endpoint(made, actor=ada, on=True)
    change = actions.propose_edit(partner, actor=ada, why="", channel="webhook", endpoint=made)
    outbox.switch_endpoint(made, actor=ada, on=False)
    with pytest.raises(StaleChange, match="switched on"):
        actions.agree_change(change, actor=lena)
    partner.refresh_from_db()
    assert partner.channel == "portal"
    assert "partner.change_agreed" not in all_verbs()[-2:]


def test_a_settled_change_is_settled(ada: User, lena: User, lex: User):
    partner = make_partner()
    change = actions.propose_edit(partner, actor=ada, why="", countries=["FR"])
    actions.agree_change(change, actor=lena)
    before = all_verbs()
    for act in (
        lambda: actions.agree_change(change, actor=lex),
        lambda: actions.refuse_change(change, actor=lex, reason="no"),
    ):
        with pytest.raises(AlreadySettled):
            act()
    assert all_verbs() == before


def test_a_contact_is_made_changed_and_never_by_one_person(ada: User, lena: User):
    partner = make_partner()
    contact = make_contact(partner, position="director")
    change = actions.propose_contact(
        partner, contact, actor=lena, phone="+49 30 901821", phone_source="the register"
    )
    with pytest.raises(PermissionDenied):
        actions.agree_change(change, actor=lena)
    actions.agree_change(change, actor=ada)
    contact.refresh_from_db()
    assert (contact.name, contact.position, contact.phone) == ("Nia", "director", "+49 30 901821")
    assert Contact.objects.count() == 1
