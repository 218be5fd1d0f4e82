"""Signing in: password, second factor, limits, and an entry for each."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from casework.cases.models import Case
from tests.cast import PASSWORD, make_case, person
from tests.journal import all_verbs

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
COUNTER = 58_000_000


@pytest.fixture(autouse=True)
def fresh_limits():
    cache.clear()


@pytest.fixture
def mona():
    mona = person("mona")
    mona.set_password(PASSWORD)
    mona.save()
    return mona


@pytest.fixture(autouse=True)
def still_time(monkeypatch):
    """The half minute of a code never ends in the middle of a test."""
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([COUNTER]))


def code() -> str:
    return format_hotp_value(hotp_value(SECRET, COUNTER))


def sign_in(client: Client, password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": "mona@demo.test", "password": password})


def test_mona_signs_in_with_password_and_code(mona):
    TOTP.activate(mona, SECRET)
    client = Client()
    asked = sign_in(client)
    assert asked.headers["Location"].startswith(reverse("mfa_authenticate"))
    assert client.get(reverse("queue")).status_code == 302, "half a sign-in opens nothing"
    client.post(reverse("mfa_authenticate"), {"code": code()})
    assert client.get(reverse("queue")).status_code == 200
    assert all_verbs()[-1] == "person.signed_in"


def test_a_code_works_once(mona):
    TOTP.activate(mona, SECRET)
    used = code()
    for expected in (200, 302):
        client = Client()
        sign_in(client)
        client.post(reverse("mfa_authenticate"), {"code": used})
        assert client.get(reverse("queue")).status_code == expected
    assert all_verbs().count("person.signed_in") == 1


def test_without_a_second_factor_mona_only_reaches_her_account(mona):
    client = Client()
    sign_in(client)
    refused = client.get(reverse("queue"))
    assert refused.headers["Location"] == reverse("mfa_index")
    assert client.get(reverse("account")).status_code == 200


def test_a_wrong_password_is_an_entry_and_opens_nothing(mona):
    client = Client()
    assert sign_in(client, "not this one").status_code == 200
    assert all_verbs() == ["person.sign_in_failed"]
    assert client.get(reverse("account")).status_code == 302


def test_the_page_says_the_same_for_a_wrong_password_and_an_unknown_person(mona):
    known = sign_in(Client(), "not this one")
    unknown = Client().post(
        reverse("account_login"), {"login": "nobody@demo.test", "password": "not this one"}
    )
    strip = lambda page: page.text.replace("nobody@demo.test", "X").replace("mona@demo.test", "X")  # noqa: E731
    without_token = lambda text: [line for line in text.splitlines() if "csrf" not in line]  # noqa: E731
    assert without_token(strip(known)) == without_token(strip(unknown))


def test_guessing_is_slowed_down(mona):
    for _ in range(6):
        last = sign_in(Client(), "guess")
    assert last.status_code == 429 or "Too many" in last.text
    assert "person.signed_in" not in all_verbs()
    assert sign_in(Client()).status_code != 302, "the right password does not help a guesser either"


def test_nobody_signs_up(mona):
    assert Client().get("/account/signup/").status_code in (302, 404)


def test_the_shared_secret_is_not_readable_in_the_database(mona):
    TOTP.activate(mona, SECRET)
    assert SECRET not in str(Authenticator.objects.get(user=mona).data)


def test_signing_out_is_an_entry_and_frees_what_was_claimed(mona):
    TOTP.activate(mona, SECRET)
    client = Client()
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    case = make_case()
    client.post(reverse("case_claim", args=[case.public_id]))
    client.post(reverse("account_logout"))
    assert Case.objects.get(pk=case.pk).claimed_by is None
    assert all_verbs()[-2:] == ["case.released", "person.signed_out"]
