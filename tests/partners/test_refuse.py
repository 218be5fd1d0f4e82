"""Refusing: everything stays as it is, and the reason is kept."""

from __future__ import annotations

import pytest

from casework.accounts.models import User
from casework.partners import actions
from tests.journal import all_verbs

from .directory import make_partner, nowhere_in_the_bodies, personal

pytestmark = pytest.mark.django_db


def test_lena_refuses_what_ada_proposed(ada: User, lena: User):
    partner = make_partner()
    change = actions.propose_edit(partner, actor=ada, why="", imagery_allowed=True)
    actions.refuse_change(change, actor=lena, reason="Rosa has not signed")
    partner.refresh_from_db()
    change.refresh_from_db()
    assert not partner.imagery_allowed
    assert (change.agreed, change.decided_by, change.reason) == (False, lena, "Rosa has not signed")
    assert all_verbs()[-1] == "partner.change_refused"
    assert personal("partner.change_refused")["reason"] == "Rosa has not signed"
    assert nowhere_in_the_bodies("Rosa")


def test_a_new_partner_that_is_refused_stays_without_anything(ada: User, lena: User):
    change = actions.propose_partner(actor=ada, name="Haven", kind="ngo", countries=["DE"])
    partner = actions.refuse_change(change, actor=lena, reason="unknown to us")
    assert (partner.state, partner.countries, partner.receives) == ("proposed", [], False)
