"""What a partner's people find when they sign in: what their own organisation was sent, and nothing else."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from casework.accounts.models import User
from casework.audit import identity
from casework.escalations.models import Escalation
from casework.partners.models import Contact, Partner
from tests.cast import PASSWORD, client_of, make_case, person
from tests.escalations.handing import make_package, make_partner, make_sent
from tests.journal import all_verbs, verbs_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def harbour(nia: User) -> Partner:
    return make_partner(people=(nia,))


def page(client: Client, escalation: Escalation) -> Any:
    return client.get(reverse("portal_escalation", args=[escalation.public_id]))


def test_nia_lands_on_the_portal_after_signing_in(nia: User, harbour: Partner) -> None:
    assert client_of(nia).get("/").headers["Location"] == reverse("portal")


def test_the_inbox_lists_what_was_sent_to_her_organisation_and_nothing_of_others(
    nia: User, harbour: Partner
) -> None:
    own = make_sent(harbour)
    foreign = make_sent(make_partner("Another"))
    text = client_of(nia).get(reverse("portal")).content.decode()
    assert own.number in text
    assert foreign.number not in text
    assert "Another" not in text


@pytest.mark.parametrize(
    "state", ["draft", "returned", "approved", "refused", "withdrawn", "expired", "closed"]
)
def test_what_is_not_with_the_partner_does_not_exist_for_nia(nia: User, harbour: Partner, state: str) -> None:
    found = make_sent(harbour, state=state)
    client = client_of(nia)
    assert page(client, found).status_code == 404
    assert found.number not in client.get(reverse("portal")).content.decode()


def test_the_first_opening_counts_as_delivered_and_each_is_written_down(nia: User, harbour: Partner) -> None:
    found = make_sent(harbour)
    client = client_of(nia)
    assert page(client, found).status_code == 200
    assert page(client, found).status_code == 200
    found.refresh_from_db()
    assert found.state == "delivered"
    verbs = verbs_of(found.case)
    assert verbs.count("escalation.delivered") == 1
    assert verbs.count("escalation.read") == 2


def test_the_page_tells_what_was_approved_and_no_name_of_the_desk(nia: User, harbour: Partner) -> None:
    found = make_sent(harbour, fields=["facts"], urgency="ongoing_threat", offence_hint="Section 184k")
    text = page(client_of(nia), found).content.decode()
    assert "A picture was posted." in text
    assert "Section 184k" not in text
    assert found.case.number not in text
    for name in ("Mona", "Lena", "mona@", "lena@"):
        assert name not in text


def test_facts_that_were_not_to_leave_stay_away_from_the_page(nia: User, harbour: Partner) -> None:
    assert (
        "A picture was posted."
        not in page(client_of(nia), make_sent(harbour, fields=["locators"])).content.decode()
    )


def test_expiry_is_asked_of_the_database_clock(nia: User, harbour: Partner) -> None:
    found = make_sent(harbour)
    client = client_of(nia)
    assert page(client, found).status_code == 200
    Escalation.objects.filter(pk=found.pk).update(expires_at=Now() - timedelta(milliseconds=1))
    assert page(client, found).status_code == 404


def test_a_suspended_partner_is_out_with_the_next_request(nia: User, harbour: Partner) -> None:
    found = make_sent(harbour)
    client = client_of(nia)
    Partner.objects.filter(pk=harbour.pk).update(state=Partner.State.SUSPENDED)
    assert page(client, found).status_code == 404
    assert client.get(reverse("portal")).status_code == 404


def test_a_contact_who_has_left_is_out_with_the_next_request(nia: User, harbour: Partner) -> None:
    client = client_of(nia)
    Contact.objects.filter(user=nia).update(ended_at=Now())
    assert client.get(reverse("portal")).status_code == 404


def test_a_person_who_was_deactivated_is_sent_to_sign_in(nia: User, harbour: Partner) -> None:
    client = client_of(nia)
    User.objects.filter(pk=nia.pk).update(is_active=False)
    answer = client.get(reverse("portal"))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


def test_a_restricted_matter_exists_only_for_cleared_people_of_the_partner(
    nia: User, harbour: Partner
) -> None:
    found = make_sent(harbour, case=make_case(minor_indicated=True))
    client = client_of(nia)
    assert page(client, found).status_code == 404
    assert found.number not in client.get(reverse("portal")).content.decode()
    User.objects.filter(pk=nia.pk).update(cleared=True)
    nia.refresh_from_db()
    assert page(client_of(nia), found).status_code == 200


def without_second_factor(who: User) -> Client:
    client = client_of(who)
    Authenticator.objects.filter(user=who).delete()
    return client


@pytest.mark.parametrize("required", [True, False])
def test_outside_the_demo_the_portal_opens_only_with_a_second_factor(
    nia: User, harbour: Partner, settings: Any, required: bool
) -> None:
    settings.IS_DEMO, settings.MFA_REQUIRED = False, required
    found = make_sent(harbour)
    client = without_second_factor(nia)
    for address in (reverse("portal"), reverse("portal_escalation", args=[found.public_id])):
        assert client.get(address).headers["Location"] == reverse("portal_second_factor")
    text = client.get(reverse("portal_second_factor")).content.decode()
    assert reverse("mfa_index") in text
    assert found.number not in text
    assert "escalation.read" not in all_verbs()


def test_the_demo_opens_without_a_second_factor_and_says_so(
    nia: User, harbour: Partner, settings: Any
) -> None:
    settings.IS_DEMO, settings.MFA_REQUIRED = True, False
    found = make_sent(harbour)
    client = without_second_factor(nia)
    for address in (reverse("portal"), reverse("portal_escalation", args=[found.public_id])):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "You signed in without a second factor" in answer.content.decode()


def test_the_production_profile_is_no_demo(settings: Any) -> None:
    """What the two tests above switch is a constant of the profile, not something an operator sets."""
    assert settings.PROFILE == "test"
    assert settings.IS_DEMO is False


@pytest.mark.parametrize("who", ["mona", "lena", "ada", "audra", "stan"])
def test_the_portal_is_for_partners(who: str, harbour: Partner) -> None:
    assert client_of(person(who)).get(reverse("portal")).status_code == 403


def test_signing_in_asks_nia_for_her_second_factor(nia: User, harbour: Partner) -> None:
    client_of(nia)  # enrols
    client = Client()
    answer = client.post(reverse("account_login"), {"login": nia.email, "password": PASSWORD})
    assert answer.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert client.get(reverse("portal")).headers["Location"].startswith(reverse("account_login"))


def test_the_log_s_key_and_program_are_named_where_proofs_were_sent(nia: User, harbour: Partner) -> None:
    with_proofs, without = make_sent(harbour), make_sent(harbour)
    Escalation.objects.filter(pk=with_proofs.pk).update(fields=[*with_proofs.fields, "log_proofs"])
    for each in (with_proofs, without):
        make_package(each)
    client, key = client_of(nia), identity.verifier(None).vkey
    shown = html.unescape(page(client, with_proofs).text)
    assert f"python casework_verify_log.py {with_proofs.number}.tar --key '{key}'" in shown
    assert "casework_verify_log.py" not in page(client, without).text
