"""What can be proposed about a partner or a contact: its fields as plain JSON, read from rows and written to them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from casework.accounts.models import User
from casework.outbox.models import Endpoint

from .models import Contact, Partner

#: Fields whose values are codes, numbers and dates: they may stand in the hashed body of the log.
CODED = (
    "kind", "countries", "languages", "accepts", "channel", "endpoint", "response_hours", "tlp_ceiling",
    "imagery_allowed", "agreement_from", "agreement_until", "call_back_found_at", "always_reachable", "user", "state",
)  # fmt: skip
PARTNER_FIELDS = (
    "name", "kind", "countries", "languages", "accepts", "channel", "endpoint", "mail", "response_hours", "tlp_ceiling",
    "imagery_allowed", "agreement_reference", "agreement_from", "agreement_until", "call_back_number",
    "call_back_source", "call_back_found_at", "remark",
)  # fmt: skip
CONTACT_FIELDS = (
    "name", "position", "mail", "phone", "phone_source", "languages", "always_reachable", "user",
)  # fmt: skip
#: Of the organisation's row, not of the partner's.
_ORGANISATION = ("name", "kind")
_DATES = ("agreement_from", "agreement_until", "call_back_found_at")


def plain(value: Any) -> Any:
    """*value* as JSON: dates as ISO text, rows as their public id, enums as text, sequences as lists."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Endpoint | User):
        return str(value.public_id)
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, str) else value


def of_partner(partner: Partner) -> dict[str, Any]:
    """Every field of a partner as plain JSON."""
    return {
        name: plain(getattr(partner.organisation if name in _ORGANISATION else partner, name))
        for name in PARTNER_FIELDS
    }


def of_contact(contact: Contact | None) -> dict[str, Any]:
    """Every field of a contact as plain JSON; of nobody, those of a new one."""
    return {name: plain(getattr(contact or Contact(), name)) for name in CONTACT_FIELDS}


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """``{field: {"from": …, "to": …}}`` for what *now* says otherwise than *was*; other fields are left alone."""
    told = {name: plain(value) for name, value in now.items()}
    return {name: {"from": was[name], "to": value} for name, value in told.items() if was[name] != value}


def write_partner(partner: Partner, fields: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the new values on the rows of *partner* and its organisation, and store both."""
    organisation = partner.organisation
    for name, both in fields.items():
        value = both["to"]
        if name in _ORGANISATION:
            setattr(organisation, name, value)
        elif name == "endpoint":
            partner.endpoint = Endpoint.objects.get(public_id=value) if value else None
        else:
            setattr(partner, name, date.fromisoformat(value) if name in _DATES and value else value)
    organisation.save(update_fields=["name", "kind"])
    partner.save()


def write_contact(contact: Contact, fields: Mapping[str, Mapping[str, Any]]) -> None:
    """Put the new values on the row of *contact* and store it; a sign-in of no organisation joins the partner's."""
    for name, both in fields.items():
        value = both["to"]
        if name == "user":
            contact.user = _joined(value, contact.partner) if value else None
        else:
            setattr(contact, name, value)
    contact.save()


def _joined(public_id: str, partner: Partner) -> User:
    user = User.objects.get(public_id=uuid.UUID(public_id))
    if user.organisation_id is None:
        user.organisation = partner.organisation
        user.save(update_fields=["organisation"])
    return user


def for_the_log(fields: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, str]]:
    """A change in two halves: codes for the hashed body (before and after), and the words for the erasable side.

    Nobody's number, address or name is in the first; what is not code is named there and no more.
    """
    coded = [name for name in fields if name in CODED]
    data = {
        "fields": sorted(fields),
        "was": {name: fields[name]["from"] for name in coded},
        "now": {name: fields[name]["to"] for name in coded},
    }
    return data, {name: str(both["to"]) for name, both in fields.items() if name not in CODED and both["to"]}
