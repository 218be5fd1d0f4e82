"""Sessions end: by time, and at once when somebody's password, role, clearance or standing changes."""

from __future__ import annotations

import time

import pytest
from django.urls import reverse

from casework.cases import actions as cases
from casework.staff import actions
from tests.cast import client_of, make_case, person
from tests.journal import all_verbs

pytestmark = pytest.mark.django_db


def aged(client, **seconds):
    session = client.session
    now = int(time.time())
    session.update({key: now - ago for key, ago in seconds.items()})
    session.save()
    return client


def is_in(client) -> bool:
    return client.get(reverse("account")).status_code == 200


def test_a_session_ends_after_fifteen_idle_minutes():
    assert is_in(aged(client_of(person("mona")), began=1000, seen=14 * 60))
    assert not is_in(aged(client_of(person("mona")), began=1000, seen=16 * 60))


def test_a_session_ends_after_eight_hours_in_any_case():
    assert not is_in(aged(client_of(person("mona")), began=8 * 3600 + 60, seen=5))


def test_a_heartbeat_is_not_activity():
    client = aged(client_of(person("mona")), began=1000, seen=600)
    seen = client.session["seen"]
    client.get(reverse("account"), headers={"X-Background": "1"})
    assert client.session["seen"] == seen
    client.get(reverse("account"))
    assert client.session["seen"] > seen


CHANGES = {
    "role": lambda mona, ada: actions.change_role(mona, "legal", actor=ada),
    "clearance": lambda mona, ada: actions.change_clearance(mona, True, actor=ada),
    "standing": lambda mona, ada: actions.set_standing(mona, False, actor=ada),
    "password": lambda mona, ada: actions.choose_first_password(mona, "another long sentence"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_session_ends_with_a_change_of(change):
    mona, ada = person("mona"), person("ada")
    browsers = [client_of(mona) for _ in range(3)]
    assert all(is_in(browser) for browser in browsers)
    case = make_case()
    cases.claim_case(case, actor=mona)
    CHANGES[change](mona, ada)
    assert not any(is_in(browser) for browser in browsers)
    case.refresh_from_db()
    assert case.claimed_by is None, "a lease ends with its session"
    assert "person.session_ended" in all_verbs()


@pytest.mark.parametrize("change", ["role", "clearance", "standing"])
def test_nobody_changes_themselves(change):
    ada = person("ada")
    with pytest.raises(actions.NotOnOneself):
        CHANGES[change](ada, ada)
    assert all_verbs() == []
