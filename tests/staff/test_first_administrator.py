"""The first administrator comes from the command line; everybody else is invited by people."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from casework.accounts.models import User
from casework.accounts.permissions import Role
from tests.cast import person
from tests.journal import all_verbs

pytestmark = pytest.mark.django_db


def add(email: str = "Grace@desk.example") -> str:
    out = io.StringIO()
    call_command("first_administrator", email, name="Grace", stdout=out)
    return out.getvalue()


def test_the_first_administrator_chooses_a_password_by_the_link(settings: Any) -> None:
    settings.PUBLIC_URL = "https://desk.example"
    link = re.search(r"https://desk\.example/welcome/\S+", add())
    assert link
    path = urlsplit(link[0]).path
    Client().post(path, {"password": "a long enough sentence"})
    grace = User.objects.get(email="grace@desk.example")
    assert (grace.role, grace.cleared) == (Role.ADMINISTRATOR, False)
    assert grace.check_password("a long enough sentence")
    assert all_verbs()[0] == "person.created"
    assert Client().get(path).status_code == 404, "a link works once"


def test_where_there_is_an_administrator_nobody_is_added() -> None:
    person("ada")
    with pytest.raises(CommandError, match="administrator already"):
        add()
    assert not User.objects.filter(email="grace@desk.example").exists()
    assert all_verbs() == []


@pytest.mark.parametrize("email", ["no address", "MONA@demo.test"])
def test_an_address_that_is_none_or_taken_is_refused_in_words(email: str) -> None:
    person("mona")
    with pytest.raises(CommandError, match=r"no e-mail address|has this address already"):
        add(email)
    assert User.objects.get().email == "mona@demo.test"
    assert all_verbs() == []
