"""Who may become the sign-in of a contact: a partner's person of that organisation, for one contact at a time."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from casework.accounts.models import User
from casework.partners import actions
from casework.partners.conflicts import StaleChange
from casework.partners.models import Contact
from tests.journal import all_verbs

from .directory import body, make_contact, make_partner
from .test_suspend import browser_of, signed_in

pytestmark = pytest.mark.django_db


def test_nia_of_the_organisation_becomes_its_contact(nia: User):
    contact = make_contact(make_partner(), nia)
    assert contact.user == nia
    assert body("partner.change_agreed")["now"]["user"] == str(nia.public_id)


def test_somebody_of_no_organisation_joins_it_once_two_people_agreed(ada: User, lena: User, nia: User):
    partner = make_partner()
    change = actions.propose_contact(partner, actor=ada, name="Nia", user=nia)
    nia.refresh_from_db()
    assert nia.organisation is None
    actions.agree_change(change, actor=lena)
    nia.refresh_from_db()
    assert nia.organisation == partner.organisation


def test_somebody_of_another_organisation_does_not(ada: User, nia: User):
    partner, another = make_partner(), make_partner("Harbour")
    nia.organisation = another.organisation
    nia.save()
    before = all_verbs()
    with pytest.raises(ValidationError, match="of no other organisation"):
        actions.propose_contact(partner, actor=ada, name="Nia", user=nia)
    assert all_verbs() == before


def test_a_moderator_does_not_even_of_that_organisation(ada: User, mona: User):
    partner = make_partner()
    mona.organisation = partner.organisation
    mona.save()
    with pytest.raises(ValidationError, match="of no other organisation"):
        actions.propose_contact(partner, actor=ada, name="Mona", user=mona)


def test_one_sign_in_belongs_to_one_contact(ada: User, nia: User):
    partner = make_partner()
    make_contact(partner, nia)
    with pytest.raises(ValidationError, match="of no other contact"):
        actions.propose_contact(partner, actor=ada, name="Nia again", user=nia)


def test_a_sign_in_that_was_given_away_meanwhile_is_stale(ada: User, lena: User, nia: User):
    partner = make_partner()
    nia.organisation = partner.organisation
    nia.save()
    first = actions.propose_contact(partner, actor=ada, name="Nia", user=nia)
    second = actions.propose_contact(partner, actor=ada, name="Nia too", user=nia)
    actions.agree_change(first, actor=lena)
    with pytest.raises(StaleChange, match="of no other contact"):
        actions.agree_change(second, actor=lena)
    assert Contact.objects.count() == 1


def test_a_sign_in_taken_away_ends_its_sessions(ada: User, lena: User, nia: User):
    partner = make_partner()
    contact = make_contact(partner, nia)
    hers = browser_of(nia)
    change = actions.propose_contact(partner, contact, actor=ada, user=None)
    assert signed_in(hers)
    actions.agree_change(change, actor=lena)
    contact.refresh_from_db()
    assert contact.user is None
    assert not signed_in(hers)
    assert set(all_verbs()[-2:]) == {"person.session_ended", "partner.change_agreed"}
