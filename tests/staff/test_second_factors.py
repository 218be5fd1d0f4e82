"""Second factors: each code opens one door once, and every change of them is an entry of the log."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.urls import reverse

from casework.accounts.models import User
from tests.cast import PASSWORD, client_of, person
from tests.journal import all_verbs

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
COUNTER = 58_000_000


@pytest.fixture
def code(monkeypatch: pytest.MonkeyPatch) -> str:
    """The code of this moment, in which time stands still: a test does not end in the next half minute."""
    monkeypatch.setattr(auth, "yield_hotp_counters_from_time", lambda: iter([COUNTER]))
    return auth.format_hotp_value(auth.hotp_value(SECRET, COUNTER))


@pytest.fixture
def no_limits(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = False


def half_signed_in() -> Client:
    """A browser in which mona's password was accepted and her second factor is asked for."""
    client = Client()
    asked = client.post(reverse("account_login"), {"login": "mona@demo.test", "password": PASSWORD})
    assert asked.headers["Location"].startswith(reverse("mfa_authenticate"))
    return client


def in_the_state_of(other: Client) -> Client:
    """Another browser, as far as *other* in signing in."""
    client = Client()
    session = client.session
    session.update(dict(other.session.items()))
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("queue")).status_code == 200


@pytest.mark.usefixtures("no_limits")
def test_of_sixteen_uses_of_one_code_at_once_exactly_one_signs_in(committed_db: str, code: str) -> None:
    auth.TOTP.activate(person("mona"), SECRET)
    first = half_signed_in()
    waiting = [first, *(in_the_state_of(first) for _ in range(15))]
    together = threading.Barrier(16)

    def send(client: Client) -> bool:
        together.wait()
        try:
            client.post(reverse("mfa_authenticate"), {"code": code})
            return is_in(client)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(send, waiting)) == 1
    assert all_verbs().count("person.signed_in") == 1


@pytest.mark.django_db
def test_a_code_is_refused_to_somebody_whose_secret_is_another(code: str) -> None:
    cache.clear()
    auth.TOTP.activate(person("mona"), "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU")
    client = half_signed_in()
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert not is_in(client)
    assert "person.signed_in" not in all_verbs()


@pytest.mark.django_db
def test_a_recovery_code_signs_in_once() -> None:
    cache.clear()
    mona = person("mona")
    auth.TOTP.activate(mona, SECRET)
    spare = RecoveryCodes.activate(mona).get_unused_codes()[0]
    for expected in (True, False):
        client = half_signed_in()
        client.post(reverse("mfa_authenticate"), {"code": spare})
        assert is_in(client) is expected
    assert all_verbs().count("person.signed_in") == 1


def proved_again(user: User) -> Client:
    """A browser in which *user* has just given the password once more: changing second factors asks for it."""
    client = client_of(user)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.mark.django_db
def test_adding_and_removing_an_authenticator_are_entries(
    code: str, django_capture_on_commit_callbacks: Any
) -> None:
    cache.clear()
    mona = person("mona")
    client = proved_again(mona)
    Authenticator.objects.filter(user=mona).delete()
    session = client.session
    session[auth.SECRET_SESSION_KEY] = SECRET
    session.save()
    assert client.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 200
    assert "person.mfa_added" not in all_verbs(), "a wrong code adds nothing"
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(reverse("mfa_activate_totp"), {"code": code}).status_code == 302
    assert "person.mfa_added" in all_verbs()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_deactivate_totp"))
    assert "person.mfa_removed" in all_verbs()
    assert not Authenticator.objects.filter(user=mona, type=Authenticator.Type.TOTP).exists()


@pytest.mark.django_db
def test_new_recovery_codes_are_an_entry_and_end_the_old_ones(
    django_capture_on_commit_callbacks: Any,
) -> None:
    cache.clear()
    mona = person("mona")
    client = proved_again(mona)
    old = RecoveryCodes.activate(mona).get_unused_codes()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_generate_recovery_codes"))
    fresh = RecoveryCodes(Authenticator.objects.get(user=mona, type=Authenticator.Type.RECOVERY_CODES))
    assert not set(old) & set(fresh.get_unused_codes())
    assert "person.recovery_codes_made" in all_verbs()


@pytest.mark.django_db
def test_a_second_factor_is_not_changed_without_proving_again_who_one_is(code: str) -> None:
    mona = person("mona")
    client = client_of(mona)
    for door in (
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_generate_recovery_codes",
        "mfa_add_webauthn",
    ):
        answer = client.post(reverse(door), {"code": code})
        assert answer.headers["Location"].startswith(reverse("account_reauthenticate")), door
    assert [one.type for one in Authenticator.objects.filter(user=mona)] == [Authenticator.Type.TOTP]
    assert not any(verb.startswith("person.mfa") for verb in all_verbs())


@pytest.mark.django_db
def test_proving_again_who_one_is_is_an_entry() -> None:
    cache.clear()
    client = client_of(person("mona"))
    client.post(reverse("account_reauthenticate"), {"password": "not this one"})
    assert "person.stepped_up" not in all_verbs()
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert all_verbs().count("person.stepped_up") == 1


@pytest.mark.django_db
def test_a_changed_password_ends_every_session_with_an_entry() -> None:
    mona = person("mona")
    here, elsewhere = client_of(mona), client_of(mona)
    new = "a wholly different sentence"
    here.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new}
    )
    assert not is_in(elsewhere)
    assert not is_in(here)
    assert {"person.password_changed", "person.session_ended"} <= set(all_verbs())


@pytest.mark.django_db
@pytest.mark.parametrize(("profile", "expected"), [("production", 403), ("test", 302)])
def test_people_of_the_demo_do_not_sign_in_at_a_real_desk(settings: Any, profile: str, expected: int) -> None:
    cache.clear()
    settings.PROFILE = profile
    person("mona")
    client = Client()
    answer = client.post(reverse("account_login"), {"login": "mona@demo.test", "password": PASSWORD})
    assert answer.status_code == expected
    assert ("person.signed_in" in all_verbs()) is (expected == 302)
