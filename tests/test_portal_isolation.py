"""Every address, asked by nia of a partner: hers are the living matters of her organisation, and nothing else exists.

The walk is made from the URLconf, so a new door is walked without being named here.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from casework.accounts.permissions import PUBLIC, SIGNED_IN, Perm
from casework.escalations.models import Escalation, Package
from casework.partners.models import Channel, Partner
from tests.cast import client_of, make_case, person
from tests.escalations.handing import make_package, make_partner, make_sent
from tests.test_doors import API_KEY, DOORS, THIRD_PARTY, Door, address
from tests.worlds import make_world

pytestmark = pytest.mark.django_db

PORTAL = [door for door in DOORS if door.permission == Perm.USE_PORTAL]
MATTER = [door for door in PORTAL if door.parameters]
#: What nia sends where it is not enough to send nothing.
TYPED = {
    "portal_line": {"kind": "word", "text": "x"}, "portal_answer": {"outcome": "taken_on"},
    "portal_decline": {"text": "x"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def own_store(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


def sent(partner: Partner, **kwargs: Any) -> Escalation:
    found = make_sent(partner, **kwargs)
    Package.objects.filter(pk=make_package(found).pk).update(stamp=b"0", stamped_at=Now())
    return found


def hers() -> Partner:
    return Partner.objects.get(contacts__user=person("nia"))


def in_state(state: str) -> Escalation:
    return sent(hers(), state=state)


def expired() -> Escalation:
    return sent(hers(), expires_at=Now() - timedelta(seconds=1))


#: What is not nia's to see, each for one reason.
NOT_HERS: dict[str, Callable[[], Escalation]] = {
    "another organisation's": lambda: sent(make_partner("Another")),
    "expired": expired,
    "by link": lambda: sent(hers(), channel=Channel.LINK),
    "restricted": lambda: sent(hers(), case=make_case(minor_indicated=True)),
    **{
        state: partial(in_state, state)
        for state in ("draft", "returned", "approved", "refused", "withdrawn", "expired", "closed")
    },
}


class Anything(dict[str, Any]):
    """Objects of a world; what none of them is stands for an id that nothing has."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, uuid.uuid4() if default is None else default)


def ask(client: Client, door: Door, method: str, objects: dict[str, Any]) -> Any:
    where = address(door, Anything(objects))
    return client.get(where) if method == "get" else client.post(where, TYPED.get(door.name, {}))


def of(found: Escalation) -> dict[str, Any]:
    return {"public_id": found.public_id}


@pytest.fixture
def nia() -> Client:
    user = person("nia")
    make_partner("Safe Harbour", people=(user,))
    client = client_of(user)
    client.raise_request_exception = False
    return client


def test_there_is_a_portal_to_walk() -> None:
    assert len(MATTER) >= 8


@pytest.mark.parametrize("door", MATTER, ids=lambda door: door.name)
def test_her_own_living_matter_is_there(nia: Client, door: Door) -> None:
    found = sent(hers())
    answers = [ask(nia, door, method, of(found)).status_code for method in ("get", "post")]
    assert 405 in answers
    assert {200, 302} & set(answers) or door.name == "portal_release"
    assert not {403, 404, 500} & set(answers)


@pytest.mark.parametrize("why", NOT_HERS, ids=str)
def test_whatever_is_not_hers_does_not_exist_at_any_door_of_the_portal(nia: Client, why: str) -> None:
    found = NOT_HERS[why]()
    before = Escalation.objects.filter(pk=found.pk).values().get()
    for door in MATTER:
        for method in ("get", "post"):
            assert ask(nia, door, method, of(found)).status_code in (404, 405), (door.name, method)
    assert Escalation.objects.filter(pk=found.pk).values().get() == before


def test_nothing_that_is_not_hers_is_mentioned_on_any_page_she_can_open(nia: Client) -> None:
    others = [make() for make in NOT_HERS.values()]
    own = sent(hers())
    pages = [
        nia.get(address(door, {}))
        for door in DOORS
        if not door.parameters and door.name not in ("account_logout",)
    ]
    pages.append(nia.get(reverse("portal_escalation", args=[own.public_id])))
    secrets = [each.number for each in others] + [str(each.public_id) for each in others]
    secrets += [each.case.number for each in [*others, own]] + ["Another"]
    assert sum(page.status_code == 200 for page in pages) >= 5
    for page in pages:
        text = (b"".join(page.streaming_content) if page.streaming else page.content).decode(errors="replace")
        assert not [secret for secret in secrets if secret in text], page.request["PATH_INFO"]


def test_at_every_other_door_there_is_nothing_for_her(nia: Client) -> None:
    """404, not 403: she does not learn what there is. Own account and public pages are everybody's."""
    world = make_world()
    wrong = []
    for door in DOORS:
        if door.permission in (PUBLIC, SIGNED_IN, API_KEY) or door in PORTAL or door.name in THIRD_PARTY:
            continue
        for method in ("get", "post"):
            for objects in (world.open, world.open | world.restricted):
                status = ask(nia, door, method, objects).status_code
                if status not in (404, 405):
                    wrong.append((door.name, method, status))
    assert wrong == []


def test_a_suspended_partners_people_find_no_portal_at_all(nia: Client) -> None:
    found = sent(hers())
    Partner.objects.filter(pk=hers().pk).update(state=Partner.State.SUSPENDED)
    for door in PORTAL:
        if door.name == "portal_second_factor":  # it says what is needed and nothing of anybody
            continue
        for method in ("get", "post"):
            assert ask(nia, door, method, of(found)).status_code in (404, 405), door.name


def test_without_a_session_every_door_of_the_portal_leads_to_signing_in(nia: Client) -> None:
    found = sent(hers())
    stranger = Client()
    for door in PORTAL:
        for method in ("get", "post"):
            answer = ask(stranger, door, method, of(found))
            assert answer.status_code in (302, 405), door.name
            if answer.status_code == 302:
                assert answer.headers["Location"].startswith(reverse("account_login"))
