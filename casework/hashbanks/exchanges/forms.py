"""How somebody connects a bank with an exchange. Keys are written and never shown again."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.hashbanks.exchanges.models import Exchange
from casework.hashbanks.models import Bank
from casework.outbox.addresses import parse
from casework.outbox.errors import Refused

from .base import Input, KindSpec
from .kinds import ADDRESSES, KINDS
from .plain import FILE

_KEPT = _("Set. It stays as it is unless you write another one.")


def kinds_for(bank: Bank) -> list[str]:
    """The kinds of exchange that *bank* may be connected with: read from, or for an own bank offered to."""
    if bank.source == Bank.Source.EXCHANGE:
        return list(KINDS)
    return [kind for kind, spec in KINDS.items() if spec.signals] if bank.source == Bank.Source.OWN else []


class ExchangeForm(forms.Form):
    """A connection of *bank* with an exchange of *kind*; *exchange* is the one that is changed."""

    address = forms.CharField(label=_("Address"), max_length=500)
    interval_minutes = forms.IntegerField(
        label=_("Read every … minutes"), min_value=5, max_value=7 * 24 * 60, help_text=_("From 5 to 10080.")
    )
    may_send_hashes = forms.BooleanField(
        label=_("Offer hashes of this bank that were confirmed here"), required=False
    )
    may_send_feedback = forms.BooleanField(
        label=_("Tell the exchange what people here say of its matches"), required=False
    )

    def __init__(self, data: Any = None, *, bank: Bank, kind: str, exchange: Exchange | None = None) -> None:
        super().__init__(data, initial=_initial(KINDS[kind], exchange), label_suffix="")
        self.bank, self.kind, self.exchange, self.spec = bank, kind, exchange, KINDS[kind]
        self.fields["address"].help_text = _address_help(kind)
        for one in self.spec.inputs:
            self.fields[one.name] = self._field(one)
        reads = bank.source == Bank.Source.EXCHANGE
        if reads or not self.spec.signals:
            del self.fields["may_send_hashes"]
        if not reads or not self.spec.verdicts:
            del self.fields["may_send_feedback"]
        if not reads:
            del self.fields["interval_minutes"]

    def clean_address(self) -> str:
        address = str(self.cleaned_data["address"]).strip()
        if self.kind == Exchange.Kind.PLAIN and address.startswith(FILE):
            return address
        try:
            target = parse(address)
        except Refused as refused:
            raise forms.ValidationError(refused.sentence) from None
        if target.scheme != "https" and not settings.OUTBOUND_ALLOWED_NETS:
            raise forms.ValidationError(_("Only https addresses are used."))
        return address

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.kind == Exchange.Kind.NCMEC and self.bank.on_match != Bank.OnMatch.RESTRICT:
            self.add_error(
                None,
                _now(
                    "What NCMEC lists shows people under 18. Set the bank to restrict the case on a match first, "
                    "so that only cleared people see it."
                ),
            )
        if self.bank.source == Bank.Source.EXCHANGE and self.bank.retention_days is not None:
            self.add_error(
                None,
                _now(
                    "The bank deletes what was not seen for a while, and an exchange names a hash once: hashes in "
                    "force would be lost. Let the bank keep entries until they are withdrawn."
                ),
            )
        if self._is_elsewhere(cleaned) and not self._all_keys_given(cleaned):
            self.add_error(
                "address",
                _now(
                    "With another address every key has to be given again: kept keys go nowhere but where they were."
                ),
            )
        return cleaned

    def settings(self) -> dict[str, Any]:
        """What was chosen, without keys, as ``connect_exchange`` and ``change_exchange`` take it."""
        chosen: dict[str, Any] = {
            name: self.cleaned_data[name]
            for name in ("address", "interval_minutes", "may_send_hashes", "may_send_feedback")
            if name in self.fields
        }
        options = {one.name: self.cleaned_data[one.name] for one in self.spec.inputs if not one.secret}
        return {**chosen, "options": {name: value for name, value in options.items() if value}}

    def keys(self) -> dict[str, str]:
        """The keys that were written; what was left empty stays."""
        return {
            one.name: self.cleaned_data[one.name]
            for one in self.spec.inputs
            if one.secret and self.cleaned_data.get(one.name)
        }

    def _is_elsewhere(self, cleaned: dict[str, Any]) -> bool:
        return (
            self.exchange is not None and "address" in cleaned and cleaned["address"] != self.exchange.address
        )

    def _all_keys_given(self, cleaned: dict[str, Any]) -> bool:
        kept = (self.exchange.credentials or {}) if self.exchange else {}
        return all(cleaned.get(name) for name in kept)

    def _field(self, one: Input) -> forms.Field:
        kept = (
            one.secret and self.exchange is not None and bool((self.exchange.credentials or {}).get(one.name))
        )
        given: dict[str, Any] = {
            "label": one.label, "required": one.required and not kept, "help_text": _KEPT if kept else one.help,
        }  # fmt: skip
        if one.choices:
            return forms.ChoiceField(choices=[("", _("the list says it")), *one.choices], **given)
        widget = forms.PasswordInput(attrs={"autocomplete": "off"}) if one.secret else forms.TextInput()
        look = re.compile(rf"\A(?:{one.pattern})\Z", re.ASCII)
        return forms.RegexField(look, max_length=1000, widget=widget, **given)


def _initial(spec: KindSpec, exchange: Exchange | None) -> dict[str, Any]:
    if exchange is None:
        return {"address": spec.address, "interval_minutes": spec.interval_minutes}
    return {
        "address": exchange.address,
        "interval_minutes": exchange.interval_minutes,
        "may_send_hashes": exchange.may_send_hashes,
        "may_send_feedback": exchange.may_send_feedback,
        **exchange.options,
    }


def _address_help(kind: str) -> str:
    if kind == Exchange.Kind.PLAIN:
        return _now("An https address, or “file:name.csv” for a file in the workers' directory for lists.")
    known = ADDRESSES.get(kind, {})
    return "; ".join(f"{address} ({label})" for address, label in known.items())
