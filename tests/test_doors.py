"""Every address, for every person: the walk is made from the URLconf, so a new door without an answer fails it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from casework.accounts.permissions import GRANTS, PUBLIC, SIGNED_IN, Perm, Role
from tests.cast import CAST, client_of, person, refusal
from tests.worlds import World, make_world

pytestmark = pytest.mark.django_db

API_KEY = "api key"
PEOPLE = [*CAST, "stranger"]

#: What allauth's doors answer: they carry no permission of ours. ``signed in``: everybody with an account and no
#: stranger; ``public``: sign-in itself; ``half``: only in the middle of signing in, else a redirect.
THIRD_PARTY = {
    "account_login": PUBLIC,
    "account_logout": PUBLIC,
    "account_change_password": SIGNED_IN,
    "account_reauthenticate": SIGNED_IN,
    "mfa_index": SIGNED_IN,
    "mfa_authenticate": "half",
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
    "mfa_list_webauthn": SIGNED_IN,
    "mfa_add_webauthn": SIGNED_IN,
    "mfa_reauthenticate_webauthn": SIGNED_IN,
    "mfa_edit_webauthn": SIGNED_IN,
    "mfa_remove_webauthn": SIGNED_IN,
    "usersessions_list": SIGNED_IN,
}
#: Addresses whose object belongs to one person; for everybody else it does not exist.
OWN_ONLY = {"reveal_stage", "reveal_image", "reveal_extend", "reveal_colour", "reveal_close"}
OWN_ONLY |= {"reveal_film", "playback", "playback_open"}


#: Doors that refuse by a rule of the object: four eyes, nobody changes themselves, a look that is over.
REFUSES_ITSELF = OWN_ONLY | {"case_review", "change_role", "change_clearance", "set_standing"}


@dataclass(frozen=True)
class Door:
    name: str
    permission: Any
    parameters: tuple[str, ...]


def doors() -> Iterator[Door]:
    def walk(resolver: URLResolver) -> Iterator[URLPattern]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry)
            else:
                yield entry

    for pattern in walk(get_resolver()):
        view = pattern.callback
        declared = getattr(view, "permission", None) or getattr(
            getattr(view, "cls", None), "permission", None
        )
        yield Door(
            pattern.name or "",
            declared or THIRD_PARTY.get(pattern.name or ""),
            tuple(pattern.pattern.converters),
        )


DOORS = list(doors())


def address(door: Door, objects: dict[str, Any]) -> str:
    """The address of *door* for one set of objects: parameters are looked up by door name, then by their own name."""
    if door.name == "api_nothing":
        return "/api/nothing/"
    known = objects.get(door.name, {})
    return reverse(door.name, kwargs={name: known.get(name, objects.get(name)) for name in door.parameters})


def test_every_address_has_a_name_and_declares_who_may_use_it():
    assert [door for door in DOORS if not door.name or door.permission is None] == []
    assert {door.name for door in DOORS} >= set(THIRD_PARTY)


def may(who: str, permission: Any) -> bool:
    if permission == PUBLIC:
        return True
    if who == "stranger":
        return False
    return permission == SIGNED_IN or (isinstance(permission, Perm) and permission in GRANTS[CAST[who][0]])


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    return make_world()


@pytest.mark.parametrize("who", PEOPLE)
def test_each_address_answers_as_its_permission_says_to(who: str, world: World):
    """Both methods on an open case's objects: refused exactly where the table of grants has no such right."""
    client = client_of(None if who == "stranger" else person(who))
    client.raise_request_exception = False
    wrong = []
    for door in DOORS:
        for method in (client.get, client.post):
            if door.name in ("account_logout", "take_break"):
                visitor = client_of(None if who == "stranger" else person(who))
                answer = getattr(visitor, method.__name__)(address(door, world.open))
            else:
                answer = method(address(door, world.open))
            verdict = judge(who, door, answer)
            if verdict:
                wrong.append((door.name, method.__name__, answer.status_code, verdict))
    assert wrong == []


def judge(who: str, door: Door, answer: Any) -> str:
    """What is wrong with an answer, or nothing."""
    status = answer.status_code
    to_sign_in = status == 302 and answer.headers.get("Location", "").startswith(reverse("account_login"))
    if status >= 500 and status != 503:
        return "the door broke"
    if door.permission == API_KEY:
        return "" if status in (401, 405) else "the API answers keys only"
    if door.permission == "half":
        return "" if status == 302 else "half a sign-in is needed"
    if door.name in THIRD_PARTY:
        expected = door.permission == PUBLIC or who != "stranger"
        return "" if to_sign_in is not expected or door.permission == PUBLIC else "signed-in people only"
    if status == 405:
        return ""
    if not may(who, door.permission):
        if who == "stranger":
            return "" if to_sign_in else "a stranger was not sent to sign in"
        return "" if status == refusal(who) else "refused people get 403, and a partner's people 404"
    if to_sign_in:
        return "somebody with the right was sent to sign in"
    if status == 403 and door.name not in REFUSES_ITSELF:
        return "somebody with the right was refused"
    return ""


@pytest.mark.parametrize("who", PEOPLE)
def test_objects_of_a_restricted_case_exist_only_for_the_cleared(who: str, world: World):
    """Every address that takes an object, with the objects of a case that may show somebody under 18."""
    client = client_of(None if who == "stranger" else person(who))
    client.raise_request_exception = False
    cleared = who in CAST and CAST[who][1]
    wrong = []
    for door in DOORS:
        if not set(door.parameters) & {"public_id", "effect_id"} or door.name not in world.restricted:
            continue
        for method in (client.get, client.post):
            answer = method(address(door, world.restricted))
            if answer.status_code == 405 or not may(who, door.permission):
                continue
            exists = answer.status_code != 404
            expected = cleared and (door.name not in OWN_ONLY or who == world.revealer)
            if exists and not expected:
                wrong.append((door.name, method.__name__, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("who", [name for name in CAST if not CAST[name][1]])
def test_no_page_mentions_a_restricted_case_to(who: str, world: World):
    """Lists, counts, search and the log, as full text: neither its number nor its id nor its address appears."""
    client = client_of(person(who))
    secrets = [world.restricted_case.number, str(world.restricted_case.public_id), world.restricted_host]
    for door in DOORS:
        if door.parameters or door.permission not in (PUBLIC, SIGNED_IN) and not may(who, door.permission):
            continue
        if door.name in THIRD_PARTY:
            continue
        for query in (
            {},
            {"q": world.restricted_case.number},
            {"q": world.restricted_host},
            {"show": "minor"},
        ):
            page = client.get(address(door, {}), query)
            body = b"".join(page.streaming_content) if page.streaming else page.content
            text = re.sub(rb'value="[^"]*"', b"", body).decode(errors="replace")
            # A page may show people what they typed themselves, and nothing more.
            told = [secret for secret in secrets if secret in text and secret not in query.values()]
            assert not told, (door.name, query)


def test_somebody_elses_reveal_does_not_exist(world: World):
    """A reveal belongs to whoever opened it; its address is 404 for people with every right."""
    for who in ("milo", "sena", "lena"):
        client = client_of(person(who))
        for name in OWN_ONLY:
            door = next(door for door in DOORS if door.name == name)
            for method in (client.get, client.post):
                assert method(address(door, world.open)).status_code in (404, 405), (who, name)


def test_the_grants_speak_of_every_role_and_every_right():
    assert set(GRANTS) == set(Role)
    granted = set().union(*GRANTS.values())
    assert granted == set(Perm), "a right that nobody has is a door that nobody can open"


def test_doors_reach_rows_only_through_for_user():
    """``views`` and ``api`` never write ``.objects.`` but ``.objects.for_user(`` or ``.objects.for_key(``."""
    root = Path(__file__).resolve().parent.parent / "casework"
    files = [*root.rglob("*views.py"), *root.glob("*/views/*.py"), *root.glob("*/api.py")]
    assert files
    found = [
        f"{file.relative_to(root)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if re.search(r"\.objects\.(?!for_user\(|for_key\()", line)
    ]
    assert found == []


def test_an_unknown_object_is_404_for_everybody_with_the_right():
    nothing = {name: uuid.uuid4() for name in ("public_id", "effect_id", "case_id", "hold_id", "letter_id")} | {
        "type": "x",
        "form": "decision", "kind": "contact", "token": "x", "pk": 0, "step": "who", "format": "json", "signal": "ela",
    }  # fmt: skip
    lena = client_of(person("lena"))
    for door in DOORS:
        if (
            "public_id" in door.parameters
            and isinstance(door.permission, Perm)
            and may("lena", door.permission)
        ):
            for method in (lena.get, lena.post):
                assert method(address(door, nothing)).status_code in (404, 405), door.name


def test_the_number_of_cells_is_what_the_threat_model_asks_for():
    assert len(DOORS) * len(PEOPLE) * 2 >= 1500
