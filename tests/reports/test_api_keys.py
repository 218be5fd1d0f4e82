"""Ada makes and revokes keys; nobody else does, and no secret is shown twice."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from casework.accounts.models import User
from casework.reports.actions import create_api_key, key_of
from casework.reports.models import ApiKey
from tests.cast import client_of, refusal

from .conftest import entries

pytestmark = pytest.mark.django_db
NEW = {"name": "Pictures", "organisation": "Pictures Ltd", "kind": "platform", "scopes": ["reports:file"]}


def made_by(person: User, **changes: Any) -> Any:
    return client_of(person).post(reverse("api_key_create"), {**NEW, **changes})


def test_ada_makes_a_key_and_sees_its_secret_once(ada: User) -> None:
    found = re.search(r'id="secret">([^<]+)<', made_by(ada).content.decode())
    assert found
    key = key_of(found.group(1))
    assert key is not None
    assert (key.name, key.organisation.name, key.scopes, key.made_by) == (
        "Pictures",
        "Pictures Ltd",
        ["reports:file"],
        ada,
    )
    assert found.group(1) not in client_of(ada).get(reverse("api_keys")).content.decode()
    [(_, data)] = entries("api_key.created")
    assert data["prefix"] == key.prefix
    assert "Pictures" not in str(data)


def test_a_key_without_a_scope_is_not_made(ada: User) -> None:
    assert made_by(ada, scopes=[]).status_code == 422
    assert not ApiKey.objects.exists()
    assert not entries("api_key.created")


def test_ada_revokes_a_key_at_once_and_only_once(ada: User) -> None:
    key, secret = create_api_key(actor=ada, name="A", organisation="A")
    for _ in range(2):
        client_of(ada).post(reverse("api_key_revoke", args=[key.public_id]))
    assert key_of(secret) is None
    assert len(entries("api_key.revoked")) == 1


@pytest.mark.parametrize("name", ["mona", "sena", "lena", "lex", "audra", "nia", "stan"])
def test_nobody_else_sees_makes_or_revokes_keys(name: str, request: pytest.FixtureRequest) -> None:
    person = request.getfixturevalue(name)
    key, _ = create_api_key(actor=None, name="A", organisation="A")
    client = client_of(person)
    assert client.get(reverse("api_keys")).status_code == refusal(name)
    assert client.post(reverse("api_key_create"), NEW).status_code == refusal(name)
    assert client.post(reverse("api_key_revoke", args=[key.public_id])).status_code == refusal(name)
    assert len(entries("api_key.created")) == 1
    assert not entries("api_key.revoked")


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("api_key", *args, stdout=out)
    return out.getvalue()


def test_the_command_makes_lists_and_revokes_keys() -> None:
    secret = run("create", "Hotline", "--organisation", "Hotline e.V.", "--trusted-flagger").split()[-1]
    key = key_of(secret)
    assert key is not None
    assert key.trusted_flagger
    listed = run("list")
    assert key.prefix in listed
    assert secret not in listed
    run("revoke", key.prefix)
    assert key_of(secret) is None
    assert "revoked" in run("list")
    assert len(entries("api_key.created")) == len(entries("api_key.revoked")) == 1
    with pytest.raises(CommandError, match="revoked already"):
        run("revoke", key.prefix)
    with pytest.raises(CommandError, match="no key"):
        run("revoke", "cw_nothing")


@pytest.mark.parametrize("secret", ["", ".", "cw_", "cw_00000000." + "x" * 43, "x" * 4000, "cw_é.é"])
def test_what_is_no_key_opens_nothing(secret: str) -> None:
    create_api_key(actor=None, name="A", organisation="A")
    assert key_of(secret) is None


def test_using_a_key_is_noted_to_the_minute() -> None:
    key, secret = create_api_key(actor=None, name="A", organisation="A")
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    client.get("/api/v1/reports/")
    key.refresh_from_db()
    first = key.last_used_at
    assert first is not None
    client.get("/api/v1/reports/")
    key.refresh_from_db()
    assert key.last_used_at == first


def test_the_name_of_a_key_without_its_secret_opens_nothing() -> None:
    key, secret = create_api_key(actor=None, name="Forum", organisation="Forum Ltd")
    assert key_of(secret) == key
    for forged in (key.prefix, f"{key.prefix}.", f"{key.prefix}.{'A' * 43}", secret[:-1], f"{secret}x"):
        assert key_of(forged) is None, forged
