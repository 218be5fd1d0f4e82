"""The people of the tests, and plain functions that make what they work on."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from casework.accounts.models import User
from casework.accounts.permissions import Role
from casework.cases import actions as cases
from casework.cases.models import Case

PASSWORD = "correct horse battery staple"  # noqa: S105
HASHED = make_password(PASSWORD)  # once: the hash is slow by intent

#: name -> role, cleared for restricted cases
CAST: dict[str, tuple[Role, bool]] = {
    "mona": (Role.MODERATOR, False),
    "milo": (Role.MODERATOR, False),
    "sena": (Role.SENIOR, True),
    "lena": (Role.SUPERVISOR, True),
    "lex": (Role.LEGAL, False),
    "audra": (Role.AUDITOR, False),
    "ada": (Role.ADMINISTRATOR, False),
    "nia": (Role.PARTNER, False),
    "stan": (Role.NONE, False),
}


def person(name: str, **kwargs: Any) -> User:
    """One of the cast, made on first use."""
    role, cleared = CAST[name]
    found = User.objects.filter(email=f"{name}@demo.test").first()
    if found:
        return found
    user = User(email=f"{name}@demo.test", name=name.capitalize(), role=role, cleared=cleared, **kwargs)
    user.password = HASHED
    user.save()
    return user


def refusal(name: str) -> int:
    """What one of the cast without the right is answered: a partner's people do not learn what there is."""
    return 404 if CAST[name][0] == Role.PARTNER else 403


def client_of(user: User | None, **kwargs: Any) -> Client:
    """A browser in which *user* has just signed in with password and second factor (nobody, for None)."""
    client = Client(**kwargs)
    if user is not None:
        Authenticator.objects.get_or_create(
            user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": ""}}
        )
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = client.session
        now = timezone.now().timestamp()
        session["account_authentication_methods_user"] = str(user.pk)
        session["account_authentication_methods"] = [
            {"method": "password", "at": now, "email": user.email},
            {"method": "mfa", "at": now, "type": "totp"},
        ]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
    return client


def make_case(**kwargs: Any) -> Case:
    """A case as the public form would open it, with one link unless told otherwise."""
    links = kwargs.pop("links", ["https://pictures.example/p/1"])
    defaults: dict[str, Any] = {
        "actor": None,
        "minor_indicated": False,
        "danger_indicated": False,
        "trusted_flagger": False,
        "from_depicted_person": True,
        "ai_claimed": None,
    }
    case = cases.open_case(**{**defaults, **kwargs})
    cases.add_locators(case, [("url", link) for link in links], actor=None)
    case.refresh_from_db()
    return case
