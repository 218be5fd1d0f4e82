"""Whoever proposed a change of the directory takes it back, as long as nobody has decided."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.urls import reverse

from casework.partners import actions
from casework.partners.conflicts import AlreadySettled, NotTheProposer
from casework.partners.models import PartnerChange
from casework.partners.reading import open_changes
from tests.cast import client_of, person
from tests.escalations.making import make_partner
from tests.journal import all_verbs

pytestmark = pytest.mark.django_db


def proposed() -> PartnerChange:
    return actions.propose_edit(make_partner(), actor=person("lex"), why="They moved.", response_hours=5)


def test_lex_takes_back_what_he_proposed_and_nothing_changes() -> None:
    change = proposed()
    answer = client_of(person("lex")).post(reverse("partner_proposal_withdraw", args=[change.public_id]))
    assert answer.status_code == 302
    assert all_verbs()[-1] == "partner.change_withdrawn"
    assert open_changes() == []
    change.partner.refresh_from_db()
    assert change.partner.response_hours == 72


def test_lena_refuses_what_lex_proposed_and_does_not_take_it_back() -> None:
    change = proposed()
    before = all_verbs()
    with pytest.raises(NotTheProposer):
        actions.withdraw_change(change, actor=person("lena"))
    page = reverse("partner_proposal_withdraw", args=[change.public_id])
    assert client_of(person("lena")).post(page).status_code == 409
    assert [verb for verb in all_verbs() if verb.startswith("partner.")] == [
        verb for verb in before if verb.startswith("partner.")
    ]
    assert len(open_changes()) == 1


def test_nobody_agrees_to_what_was_taken_back_and_nobody_takes_back_what_was_agreed() -> None:
    change = proposed()
    actions.withdraw_change(change, actor=person("lex"))
    with pytest.raises(AlreadySettled):
        actions.agree_change(change, actor=person("lena"))
    with pytest.raises(AlreadySettled):
        actions.withdraw_change(change, actor=person("lex"))
    agreed = actions.propose_edit(change.partner, actor=person("lex"), why="Again.", response_hours=6)
    actions.agree_change(agreed, actor=person("lena"))
    with pytest.raises(AlreadySettled):
        actions.withdraw_change(agreed, actor=person("lex"))
    with pytest.raises(IntegrityError), transaction.atomic():
        PartnerChange.objects.filter(pk=agreed.pk).update(withdrawn_at=Now())


def test_the_page_offers_it_to_its_author_alone() -> None:
    page = reverse("partner_proposal", args=[proposed().public_id])
    assert "Take it back" in client_of(person("lex")).get(page).content.decode()
    assert "Take it back" not in client_of(person("lena")).get(page).content.decode()
