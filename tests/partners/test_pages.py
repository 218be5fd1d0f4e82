"""The doors of the directory, as people use them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from casework.partners import actions
from casework.partners.models import Contact, Partner, PartnerChange, PartnerKey
from tests.cast import client_of, person
from tests.journal import all_verbs

from .directory import NUMBER, make_contact, make_key, make_partner, recipient, waiting

pytestmark = pytest.mark.django_db

FIELDS = {
    "name": "Haven", "kind": "ngo", "countries": "de, at", "languages": "de en", "accepts": ["adult"],
    "channel": "portal", "response_hours": "48", "tlp_ceiling": "TLP:AMBER", "why": "they help people here",
}  # fmt: skip


def follow(client: Client, name: str, row: object, /, **data: object):
    """The page after a POST to the door *name* of *row*."""
    return client.post(reverse(name, args=[row.public_id]), data, follow=True)  # type: ignore[attr-defined]


def test_ada_proposes_a_partner_and_lena_agrees():
    ada, lena = client_of(person("ada")), client_of(person("lena"))
    page = ada.post(reverse("partner_create"), FIELDS, follow=True)
    assert "It waits for a second person" in page.text
    assert "Germany, Austria" in page.text
    assert "they help people here" in page.text
    change = PartnerChange.objects.get()
    assert "Agree, as second person" not in page.text
    assert "Agree, as second person" in lena.get(reverse("partner_proposal", args=[change.public_id])).text
    page = follow(lena, "partner_proposal_agree", change)
    assert "Agreed. It holds from now on." in page.text
    assert Partner.objects.get().countries == ["DE", "AT"]
    assert all_verbs()[-1] == "partner.change_agreed"


def test_the_author_is_refused_as_second_person_at_the_door_too():
    change = actions.propose_partner(actor=person("ada"), name="Haven", kind="ngo")
    ada = client_of(person("ada"))
    for name in ("partner_proposal_agree", "partner_proposal_refuse"):
        page = follow(ada, name, change, reason="x")
        assert page.status_code == 403
    assert "partner.change_agreed" not in all_verbs()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"countries": "EU"}, "is no country"),
        ({"channel": "webhook"}, "needs an endpoint"),
        ({"call_back_number": "+49 30 901820"}, "Say where the number was found"),
        ({"response_hours": "9000"}, "2160"),
        ({"agreement_from": "2026-05-02", "agreement_until": "2026-05-01"}, "end before it begins"),
        ({"mail": "nobody"}, "no e-mail address"),
    ],
    ids=["country", "endpoint", "source", "hours", "dates", "mail"],
)
def test_a_form_that_does_not_hold_comes_back_with_what_was_typed(wrong: dict[str, str], said: str):
    page = client_of(person("ada")).post(reverse("partner_create"), FIELDS | wrong)
    assert page.status_code == 422
    assert said in page.text
    assert "they help people here" in page.text
    assert not Partner.objects.exists()


def test_the_partners_page_says_what_blocks_it_and_what_to_do():
    partner = make_partner(**NUMBER)
    ada, lena = client_of(person("ada")), client_of(person("lena"))
    where = reverse("partner", args=[partner.public_id])
    assert "No key is on record" in ada.get(where).text
    page = follow(ada, "partner_key_add", partner, recipient=recipient())
    key = PartnerKey.objects.get()
    assert "You entered this key" in page.text
    assert all(group in page.text for group in key.fingerprint.split())
    assert "A key waits to be verified" in ada.get(where).text
    assert follow(ada, "partner_key_verify", key, how="in_person", with_whom="Rosa").status_code == 403
    page = follow(lena, "partner_key_verify", key, how="call_back", with_whom="Rosa at the desk")
    assert "Verified. It is used for a year from now." in page.text
    page = ada.get(where)
    assert "Nothing can be sent" not in page.text
    assert "up to its TLP ceiling" in page.text


def test_a_call_back_without_a_number_is_a_conflict_in_words():
    key = make_key(make_partner(), verified=False)
    page = follow(client_of(person("lena")), "partner_key_verify", key, how="call_back", with_whom="Rosa")
    assert page.status_code == 409
    assert "No number to call back" in page.text


def test_a_stale_change_is_a_conflict_in_words_and_its_page_shows_both():
    partner = make_partner()
    stale = actions.propose_edit(partner, actor=person("ada"), why="", tlp_ceiling="TLP:RED")
    newer = actions.propose_edit(partner, actor=person("ada"), why="", tlp_ceiling="TLP:GREEN")
    actions.agree_change(newer, actor=person("lena"))
    lena = client_of(person("lena"))
    page = lena.get(reverse("partner_proposal", args=[stale.public_id]))
    assert "now: TLP:GREEN" in page.text
    assert "Agree, as second person" not in page.text
    page = follow(lena, "partner_proposal_agree", stale)
    assert page.status_code == 409
    assert "has changed since" in page.text


def test_ada_suspends_and_asks_to_take_it_up_again():
    partner = make_partner()
    ada = client_of(person("ada"))
    assert follow(ada, "partner_suspend", partner).status_code == 422
    assert "partner.suspended" not in all_verbs()
    assert "Nothing is sent to it" in follow(ada, "partner_suspend", partner, reason="taken over").text
    assert (
        "It waits for a second person" in follow(ada, "partner_resume", partner, reason="theirs again").text
    )
    follow(client_of(person("lena")), "partner_proposal_agree", waiting(partner))
    assert Partner.objects.get().receives


def test_a_contact_is_proposed_changed_and_ended():
    partner = make_partner()
    nia = person("nia", organisation=partner.organisation)
    ada, lena = client_of(person("ada")), client_of(person("lena"))
    told = {
        "name": "Nia",
        "mail": "nia@haven.example",
        "user": str(nia.public_id),
        "why": "she leads the desk",
    }
    assert "Nia (nia@demo.test)" in follow(ada, "partner_contact_add", partner, **told).text
    follow(lena, "partner_proposal_agree", waiting(partner))
    contact = Contact.objects.get()
    assert contact.user == nia
    assert (
        "Signs in to the portal as nia@demo.test"
        in ada.get(reverse("partner", args=[partner.public_id])).text
    )
    follow(ada, "partner_contact_change", contact, **(told | {"position": "director"}))
    follow(lena, "partner_proposal_agree", waiting(partner))
    contact.refresh_from_db()
    assert contact.position == "director"
    assert follow(ada, "partner_contact_end", contact).status_code == 422
    assert "opens nothing any more" in follow(ada, "partner_contact_end", contact, reason="left").text
    assert ada.get(reverse("partner_contact_change", args=[contact.public_id])).status_code == 404


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "hav"}, {"Haven"}),
        ({"kind": "host"}, {"Blue Host"}),
        ({"country": "fr"}, {"Blue Host"}),
        ({"language": "de"}, {"Haven"}),
        ({"accepts": "hosting"}, {"Blue Host"}),
        ({"channel": "xarf_mail"}, {"Blue Host"}),
        ({"state": "suspended"}, set()),
        ({"country": "DE", "channel": "xarf_mail"}, set()),
        ({}, {"Haven", "Blue Host"}),
    ],
    ids=["name", "kind", "country", "language", "accepts", "channel", "state", "two", "nothing"],
)
def test_the_directory_is_searched_by(asked: dict[str, str], found: set[str]):
    make_partner()
    make_partner(
        "Blue Host", kind="host", countries=["FR"], languages=["fr"], accepts=["hosting"], channel="xarf_mail",
        mail="abuse@host.example",
    )  # fmt: skip
    page = client_of(person("mona")).get(reverse("partners"), asked)
    assert {row["partner"].organisation.name for row in page.context["rows"]} == found
    assert all(name in page.text for name in found)


def test_the_directory_shows_what_ends_soon():
    partner = make_partner()
    key = make_key(partner)
    soon = timezone.now() + timedelta(days=7)
    Partner.objects.update(agreement_until=soon.date())
    PartnerKey.objects.filter(pk=key.pk).update(expires_at=soon)
    page = client_of(person("mona")).get(reverse("partners")).text
    assert "The agreement ends on" in page
    assert "The key has to be compared again by" in page


@pytest.mark.parametrize("who", ["nia", "stan"])
def test_the_directory_is_no_partners_business(who: str):
    partner = make_partner()
    rows = {
        "partner": partner, "partner_key": make_key(partner), "partner_proposal": partner.changes.get(),
        "partner_contact_change": make_contact(partner),
    }  # fmt: skip
    client = client_of(person(who))
    assert client.get(reverse("partners")).status_code in (403, 404)
    for name, row in rows.items():
        assert client.get(reverse(name, args=[row.public_id])).status_code in (403, 404), name


def test_mona_reads_and_changes_nothing():
    partner = make_partner()
    mona = client_of(person("mona"))
    page = mona.get(reverse("partner", args=[partner.public_id])).text
    assert "Propose a change" not in page
    assert "Suspend now" not in page
    before = all_verbs()
    for name in (
        "partner_suspend",
        "partner_resume",
        "partner_key_add",
        "partner_contact_add",
        "partner_change",
    ):
        assert mona.post(reverse(name, args=[partner.public_id]), {"reason": "x"}).status_code == 403, name
    assert all_verbs() == before


def test_the_directory_asks_the_database_no_more_for_more_partners():
    lena = client_of(person("lena"))
    make_key(make_partner("Haven"))
    lena.get(reverse("partners"))  # what a first page fetches once
    with CaptureQueriesContext(connection) as for_one:
        lena.get(reverse("partners"))
    for name in ("Harbour", "Shelter", "Refuge"):
        make_key(make_partner(name))
    with CaptureQueriesContext(connection) as for_four:
        assert "Refuge" in lena.get(reverse("partners")).text
    assert len(for_four) == len(for_one)
