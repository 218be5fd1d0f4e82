"""Suspending by one person, at once and everywhere; taking up again by two."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from casework.accounts.models import User
from casework.partners import actions
from casework.partners.conflicts import AlreadySettled, PartnerConflict, StaleChange
from casework.partners.models import Contact, Partner
from tests.cast import client_of
from tests.journal import all_verbs

from .directory import make_contact, make_partner, nowhere_in_the_bodies, personal

pytestmark = pytest.mark.django_db


def browser_of(user: User):
    """A browser in which *user* is signed in, with the row that a real sign-in leaves."""
    client = client_of(user)
    UserSession.objects.get_or_create(
        user=user,
        session_key=client.session.session_key,
        defaults={"ip": "127.0.0.1", "user_agent": "a test"},
    )
    return client


def signed_in(client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_ada_suspends_and_its_people_are_out_at_once(ada: User, nia: User, mona: User):
    partner = make_partner()
    make_contact(partner, nia)
    hers, another = browser_of(nia), browser_of(mona)
    assert signed_in(hers)
    partner = actions.suspend_partner(partner, actor=ada, reason="their mailbox was taken over by Rosa")
    assert (partner.state, partner.receives) == ("suspended", False)
    assert partner.suspended_at is not None
    assert not signed_in(hers)
    assert signed_in(another)
    assert all_verbs()[-2:] == ["partner.suspended", "person.session_ended"]
    assert "Rosa" in personal("partner.suspended")["reason"]
    assert nowhere_in_the_bodies("Rosa")


def test_what_is_not_in_force_is_not_suspended(ada: User):
    change = actions.propose_partner(actor=ada, name="Haven", kind="ngo")
    with pytest.raises(PartnerConflict, match="not in force"):
        actions.suspend_partner(change.partner, actor=ada, reason="x")
    assert "partner.suspended" not in all_verbs()


def test_taking_it_up_again_needs_two(ada: User, lena: User):
    partner = make_partner()
    actions.suspend_partner(partner, actor=ada, reason="x")
    change = actions.ask_to_resume(partner, actor=ada, why="the mailbox is theirs again")
    with pytest.raises(PermissionDenied):
        actions.agree_change(change, actor=ada)
    partner.refresh_from_db()
    assert partner.state == Partner.State.SUSPENDED
    actions.agree_change(change, actor=lena)
    partner.refresh_from_db()
    assert (partner.state, partner.suspended_at) == ("active", None)
    assert all_verbs()[-2:] == ["partner.change_proposed", "partner.change_agreed"]


def test_it_is_asked_once_and_only_of_what_is_suspended(ada: User, lex: User):
    partner = make_partner()
    with pytest.raises(PartnerConflict, match="not suspended"):
        actions.ask_to_resume(partner, actor=ada, why="x")
    actions.suspend_partner(partner, actor=ada, reason="x")
    actions.ask_to_resume(partner, actor=ada, why="x")
    before = all_verbs()
    with pytest.raises(PartnerConflict, match="asked for this already"):
        actions.ask_to_resume(partner, actor=lex, why="x")
    assert all_verbs() == before


def test_an_edit_of_a_suspended_partner_does_not_take_it_up_again(ada: User, lena: User):
    partner = make_partner()
    change = actions.propose_edit(partner, actor=ada, why="", countries=["FR"])
    actions.suspend_partner(partner, actor=ada, reason="x")
    assert actions.agree_change(change, actor=lena).state == Partner.State.SUSPENDED


def test_a_change_to_resume_is_stale_when_it_is_in_force(ada: User, lena: User):
    partner = make_partner()
    actions.suspend_partner(partner, actor=ada, reason="x")
    change = actions.ask_to_resume(partner, actor=ada, why="x")
    Partner.objects.filter(pk=partner.pk).update(state=Partner.State.ACTIVE, suspended_at=None)
    before = all_verbs()
    with pytest.raises(StaleChange):
        actions.agree_change(change, actor=lena)
    assert all_verbs() == before


def test_one_contact_is_ended_at_once(ada: User, nia: User):
    contact = make_contact(make_partner(), nia)
    hers = browser_of(nia)
    actions.end_contact(contact, actor=ada, reason="Nia left")
    contact.refresh_from_db()
    assert contact.ended_at is not None
    assert not signed_in(hers)
    assert all_verbs()[-2:] == ["partner.contact_ended", "person.session_ended"]
    before = all_verbs()
    with pytest.raises(AlreadySettled):
        actions.end_contact(contact, actor=ada, reason="again")
    assert all_verbs() == before
    assert nowhere_in_the_bodies("Nia left")


def test_a_contact_that_ended_meanwhile_is_not_changed(ada: User, lena: User):
    partner = make_partner()
    contact = make_contact(partner)
    change = actions.propose_contact(partner, contact, actor=ada, position="director")
    actions.end_contact(contact, actor=ada, reason="left")
    with pytest.raises(StaleChange, match="has ended"):
        actions.agree_change(change, actor=lena)
    contact.refresh_from_db()
    assert contact.position == ""


def test_somebody_who_comes_back_gets_a_new_contact_with_the_same_sign_in(ada: User, nia: User):
    partner = make_partner()
    old = make_contact(partner, nia)
    actions.end_contact(old, actor=ada, reason="left")
    new = make_contact(partner, nia)
    assert new != old
    assert list(Contact.objects.filter(user=nia)) == [new]
