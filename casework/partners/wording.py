"""The directory in words: labels of fields, and values as people say them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from casework.accounts.models import Organisation, User
from casework.outbox.models import Endpoint

from .models import Accepts, Channel, Partner
from .places import country_name, language_name

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LABELS: dict[str, StrOrPromise] = {
    "name": _("Name"),
    "kind": _("Kind"),
    "countries": _("Countries"),
    "languages": _("Languages"),
    "accepts": _("Takes on"),
    "channel": _("Channel"),
    "endpoint": _("Endpoint"),
    "mail": _("E-mail address"),
    "response_hours": _("Answers within"),
    "tlp_ceiling": _("TLP ceiling"),
    "imagery_allowed": _("Pictures"),
    "agreement_reference": _("Agreement"),
    "agreement_from": _("Agreement begins"),
    "agreement_until": _("Agreement ends"),
    "call_back_number": _("Number to call back"),
    "call_back_source": _("The number was found in"),
    "call_back_found_at": _("The number was found on"),
    "remark": _("Remark"),
    "position": _("Position"),
    "phone": _("Telephone"),
    "phone_source": _("The number was found in"),
    "always_reachable": _("Reachable day and night"),
    "user": _("Sign-in to the portal"),
    "state": _("State"),
}


def hours(number: int) -> str:
    """“3 days” for 72, “5 hours” for 5."""
    if number % 24:
        return ngettext("%(n)d hour", "%(n)d hours", number) % {"n": number}
    return ngettext("%(n)d day", "%(n)d days", number // 24) % {"n": number // 24}


def day(value: date) -> str:
    """A day as the reader writes it."""
    return date_format(value, "j M Y")


def _choice(choices: Mapping[str, Any] | Any) -> Callable[[Any], str]:
    words = dict(choices)
    return lambda value: str(words.get(value, value))


def _several(one: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda values: ", ".join(one(value) for value in values)


def _endpoint(public_id: str) -> str:
    found = Endpoint.objects.filter(public_id=public_id).first()
    return found.receiver if found is not None else public_id


def _person(public_id: str) -> str:
    found = User.objects.filter(public_id=public_id).first()
    return f"{found.name} ({found.email})" if found is not None else public_id


def _pictures(allowed: bool) -> str:
    return _now("may go to it") if allowed else _now("never go to it")


_TELL: dict[str, Callable[[Any], str]] = {
    "kind": _choice(Organisation.Kind.choices),
    "countries": _several(country_name),
    "languages": _several(language_name),
    "accepts": _several(_choice(Accepts.choices)),
    "channel": _choice(Channel.choices),
    "endpoint": _endpoint,
    "response_hours": hours,
    "imagery_allowed": _pictures,
    "agreement_from": lambda text: day(date.fromisoformat(text)),
    "agreement_until": lambda text: day(date.fromisoformat(text)),
    "call_back_found_at": lambda text: day(date.fromisoformat(text)),
    "always_reachable": lambda value: _now("yes") if value else _now("no"),
    "user": _person,
    "state": _choice(Partner.State.choices),
}


def told(field: str, value: Any) -> str:
    """A field's plain value in words; “–” where there is none."""
    if value is None or value in ("", []):
        return "–"
    return _TELL.get(field, str)(value)
