"""Partners of the tests, proposed by ada and agreed to by lena; keys of pyrage."""

from __future__ import annotations

import json
from typing import Any

import pyrage

from casework.accounts.models import User
from casework.audit.models import Entry
from casework.partners import actions
from casework.partners.models import Contact, Partner, PartnerChange, PartnerKey
from tests.cast import person

NUMBER = {
    "call_back_number": "+49 30 901820", "call_back_source": "the printed register of associations of Berlin",
    "call_back_found_at": "2026-11-02",
}  # fmt: skip


def recipient() -> str:
    """A fresh age recipient."""
    return str(pyrage.x25519.Identity.generate().to_public())


def make_partner(name: str = "Haven", **fields: Any) -> Partner:
    """A partner in force: an NGO in Germany reached by the portal, unless told otherwise."""
    told = {
        "kind": "ngo",
        "countries": ["DE"],
        "languages": ["de", "en"],
        "accepts": ["adult", "ai"],
    } | fields
    change = actions.propose_partner(actor=person("ada"), name=name, **told)
    return actions.agree_change(change, actor=person("lena"))


def make_key(partner: Partner, *, verified: bool = True, text: str = "") -> PartnerKey:
    """A key of *partner*, entered by ada and verified in person by lena."""
    key = actions.add_key(partner, text or recipient(), actor=person("ada"))
    if verified:
        key = actions.verify_key(key, actor=person("lena"), how="in_person", with_whom="their director")
    return key


def make_contact(partner: Partner, user: User | None = None, **fields: Any) -> Contact:
    """A contact of *partner*, with a sign-in where *user* is given (their organisation becomes the partner's)."""
    if user is not None:
        user.organisation = partner.organisation
        user.save(update_fields=["organisation"])
    told = {"name": "Nia", "mail": "nia@haven.example"} | fields
    change = actions.propose_contact(partner, actor=person("ada"), user=user, **told)
    actions.agree_change(change, actor=person("lena"))
    return Contact.objects.get(public_id=change.content["contact"])


def waiting(partner: Partner) -> PartnerChange:
    """The one change of *partner* that waits."""
    return partner.changes.get(decided_at__isnull=True)


def body(verb: str) -> dict[str, Any]:
    """What the hashed body of the newest entry of *verb* carries."""
    entry = Entry.objects.filter(verb=verb).latest("pk")
    data: dict[str, Any] = json.loads(bytes(entry.body))["data"]
    return data


def personal(verb: str) -> dict[str, Any]:
    """The erasable side of the newest entry of *verb*."""
    told: dict[str, Any] = Entry.objects.filter(verb=verb).latest("pk").detail.personal
    return told


def nowhere_in_the_bodies(*words: str) -> bool:
    """Whether none of *words* stands in the hashed body of any entry."""
    bodies = b"".join(bytes(entry.body) for entry in Entry.objects.all()).decode()
    return not any(word in bodies for word in words)
