"""Who works here: seen by those who may, changed by administrators, cleared by supervisors."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from casework.accounts.models import User
from tests.cast import client_of, person, refusal
from tests.journal import all_verbs

pytestmark = pytest.mark.django_db


def test_ada_invites_somebody_who_chooses_a_password():
    page = client_of(person("ada")).post(
        reverse("add_person"), {"name": "New", "email": "New@demo.test", "role": "moderator"}
    )
    link = re.search(r"/welcome/[^<\s]+/", page.text)[0]
    visitor = client_of(None)
    assert visitor.get(link).status_code == 200
    assert visitor.post(link, {"password": "short"}).status_code == 422
    assert visitor.post(link, {"password": "a long enough sentence"}).status_code == 302
    assert User.objects.get(email="new@demo.test").check_password("a long enough sentence")
    assert visitor.get(link).status_code == 404, "a link works once"
    assert {"person.created", "person.password_changed"} <= set(all_verbs())


def test_ada_changes_a_role_and_lena_cannot():
    mona = person("mona")
    address = reverse("change_role", args=[mona.public_id])
    assert client_of(person("lena")).post(address, {"role": "legal"}).status_code == 403
    assert "person.role_changed" not in all_verbs()
    client_of(person("ada")).post(address, {"role": "legal"})
    mona.refresh_from_db()
    assert mona.role == "legal"
    assert "person.role_changed" in all_verbs()


def test_lena_clears_and_ada_cannot():
    mona = person("mona")
    address = reverse("change_clearance", args=[mona.public_id])
    assert client_of(person("ada")).post(address, {"cleared": "yes"}).status_code == 403
    client_of(person("lena")).post(address, {"cleared": "yes"})
    mona.refresh_from_db()
    assert mona.cleared
    assert "person.clearance_changed" in all_verbs()


def test_a_deactivated_person_cannot_come_back_by_an_old_link():
    ada, mona = person("ada"), person("mona")
    page = client_of(ada).post(reverse("invite_again", args=[mona.public_id]))
    link = re.search(r"/welcome/[^<\s]+/", page.text)[0]
    client_of(ada).post(reverse("set_standing", args=[mona.public_id]), {"active": "no"})
    assert client_of(None).get(link).status_code == 404


@pytest.mark.parametrize("who", ["mona", "sena", "lex", "nia", "stan"])
def test_the_list_of_people_is_not_for(who):
    assert client_of(person(who)).get(reverse("people")).status_code == refusal(who)


def test_audra_reads_the_list_and_the_table_of_rights():
    page = client_of(person("audra")).get(reverse("people"))
    assert page.status_code == 200
    assert "reveal evidence" in page.text


def test_a_person_chooses_their_time_zone():
    stan = person("stan")
    client_of(stan).post(reverse("account"), {"timezone": "Asia/Tokyo"})
    stan.refresh_from_db()
    assert stan.timezone == "Asia/Tokyo"
