"""What a partner or a contact has to look like before anybody is asked to agree to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

import pyrage
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils.translation import gettext as _

from casework.accounts.models import Organisation, User
from casework.accounts.permissions import Role
from casework.outbox.models import Endpoint

from .models import Accepts, Channel, Contact, Partner, Tlp
from .places import is_country, is_language

LONGEST_RESPONSE = 2160  # hours: ninety days
#: Channels that go to an endpoint of the outbox.
BY_ENDPOINT = (Channel.WEBHOOK, Channel.XARF_API)
_NUMBER = re.compile(r"\+?[0-9][0-9 ()/.-]{4,38}", re.ASCII)

Problems = dict[str, str]


def partner_problems(values: Mapping[str, Any], partner: Partner | None = None) -> Problems:
    """What is wrong with a partner's fields (plain JSON, all of them), by field; empty when nothing is.

    *partner* is the one that they would belong to: its own name is not taken.
    """
    found = {
        "name": _name(str(values["name"]).strip(), partner),
        "kind": "" if values["kind"] in _KINDS else _("Choose what kind of organisation it is."),
        "countries": _codes(values["countries"], is_country, _("“%(code)s” is no country: write DE, FR, US.")),
        "languages": _codes(values["languages"], is_language, _("“%(code)s” is no language: write de, fr, pt-BR.")),
        "accepts": "" if set(values["accepts"]) <= set(Accepts.values) else _("Choose from the list."),
        "channel": "" if values["channel"] in Channel.values else _("Choose a channel."),
        "tlp_ceiling": "" if values["tlp_ceiling"] in Tlp.values else _("Choose a label."),
        "mail": _mail(values["mail"]),
        "response_hours": _hours(values["response_hours"]),
        "agreement_until": _order(values),
    }  # fmt: skip
    found |= _way(values) | _call_back(values)
    return {name: sentence for name, sentence in found.items() if sentence}


_KINDS = [kind for kind in Organisation.Kind.values if kind != Organisation.Kind.OWN]


def _name(name: str, partner: Partner | None) -> str:
    if not 1 <= len(name) <= 200:
        return _("Write the organisation's name.")
    taken = Partner.objects.filter(organisation__name__iexact=name)
    if partner is not None:
        # An organisation that is no partner keeps its name as well: names are unique.
        others = Organisation.objects.filter(name__iexact=name).exclude(pk=partner.organisation_id)
        return _("Another organisation has this name.") if others.exists() else ""
    if Organisation.objects.filter(name__iexact=name, kind=Organisation.Kind.OWN).exists():
        return _("This is our own organisation: nothing is handed over to ourselves.")
    return _("It is in the directory already.") if taken.exists() else ""


def _codes(codes: Iterable[str], known: Callable[[str], bool], sentence: str) -> str:
    return next((sentence % {"code": code} for code in codes if not known(code)), "")


def _mail(text: str) -> str:
    if not text:
        return ""
    try:
        validate_email(text)
    except ValidationError:
        return _("This is no e-mail address.")
    return ""


def _hours(hours: Any) -> str:
    if isinstance(hours, int) and 1 <= hours <= LONGEST_RESPONSE:
        return ""
    return _("Between 1 hour and %(most)d hours (90 days).") % {"most": LONGEST_RESPONSE}


def _order(values: Mapping[str, Any]) -> str:
    begins, ends = values["agreement_from"], values["agreement_until"]
    return _("The agreement would end before it begins.") if begins and ends and ends < begins else ""


def _way(values: Mapping[str, Any]) -> Problems:
    channel, endpoint = values["channel"], values["endpoint"]
    if channel == Channel.XARF_MAIL and not values["mail"]:
        return {"mail": _("Notices by e-mail need an address.")}
    if channel not in BY_ENDPOINT:
        return {"endpoint": _("This channel uses no endpoint: leave it empty.")} if endpoint else {}
    usable = Endpoint.objects.filter(enabled=True, purpose=Endpoint.Purpose.PARTNER)
    if not endpoint or not usable.filter(public_id=UUID(str(endpoint))).exists():
        return {"endpoint": _("This channel needs an endpoint for a partner's system that is switched on.")}
    return {}


def _call_back(values: Mapping[str, Any]) -> Problems:
    number, source = values["call_back_number"], str(values["call_back_source"]).strip()
    found = _phone(number, source, "call_back_number", "call_back_source")
    if number and not values["call_back_found_at"]:
        found["call_back_found_at"] = _("Say when the number was found.")
    return found


def _phone(number: str, source: str, of_number: str, of_source: str) -> Problems:
    found: Problems = {}
    if number and not _NUMBER.fullmatch(number):
        found[of_number] = _(
            "This is no telephone number: write it with its country code, such as +49 30 123456."
        )
    if number and not source:
        found[of_source] = _(
            "Say where the number was found: a public register, their printed letterhead, a directory of an "
            "authority. Never what they sent us themselves."
        )
    return found


def contact_problems(values: Mapping[str, Any], partner: Partner, contact: Contact | None = None) -> Problems:
    """What is wrong with a contact's fields (plain JSON, all of them), by field; empty when nothing is."""
    found = {
        "name": "" if str(values["name"]).strip() else _("Write the person's name."),
        "mail": _mail(values["mail"]),
        "languages": _codes(values["languages"], is_language, _("“%(code)s” is no language: write de, fr, pt-BR.")),
        "user": _sign_in(values["user"], partner, contact),
    }  # fmt: skip
    found |= _phone(values["phone"], str(values["phone_source"]).strip(), "phone", "phone_source")
    return {name: sentence for name, sentence in found.items() if sentence}


def portal_people(partner: Partner, contact: Contact | None = None) -> list[User]:
    """Who may become the sign-in of *contact*: partners' people of this organisation or of none yet, each for one
    contact."""
    taken = Contact.objects.filter(user__isnull=False, ended_at__isnull=True)
    if contact is not None:
        taken = taken.exclude(pk=contact.pk)
    theirs = Q(organisation=partner.organisation_id) | Q(organisation__isnull=True)
    people = User.objects.filter(theirs, role=Role.PARTNER, is_active=True)
    return list(people.exclude(pk__in=taken.values("user_id")).order_by("name"))


def _sign_in(public_id: str | None, partner: Partner, contact: Contact | None) -> str:
    if not public_id or public_id in {str(user.public_id) for user in portal_people(partner, contact)}:
        return ""
    return _("The sign-in has to be a partner's person, of no other organisation and of no other contact.")


def recipient_problem(text: str) -> str:
    """What is wrong with an age recipient, in words; empty for one that a file can be encrypted to."""
    if text.strip().upper().startswith("AGE-SECRET-KEY-"):
        return _(
            "This is a secret key. It must not be here: delete it, and tell the partner to make a new pair. "
            "What belongs here begins with age1."
        )
    try:
        pyrage.x25519.Recipient.from_str(text.strip())
    except pyrage.RecipientError:
        return _("This is no age recipient. It begins with age1 and has 62 characters.")
    return ""
