"""Forms of the outbox. Secrets are made by us, shown once and typed by nobody."""

from __future__ import annotations

import ipaddress
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from .addresses import is_inside, parse
from .errors import Refused
from .models import Endpoint


class EndpointForm(forms.Form):
    """A receiver outside; *endpoint* is the one that is changed (its purpose stays)."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Who receives it, for people."))
    url = forms.CharField(
        label=_("Address"), max_length=500, help_text=_("An https address. Redirects are not followed.")
    )
    purpose = forms.ChoiceField(label=_("What it is for"), choices=Endpoint.Purpose.choices)
    private_net = forms.CharField(
        label=_("Private network"),
        max_length=50,
        required=False,
        help_text=_(
            "Only for a receiver inside your own network, such as 10.1.2.0/24. The operator has to list it, and "
            "somebody else has to allow it here."
        ),
    )

    key = forms.CharField(
        label=_("Key that the receiver gave us"),
        max_length=500,
        required=False,
        widget=forms.PasswordInput,
        help_text=_(
            "Sent as a bearer token with notices to an API (XARF). Kept encrypted and never shown again. Left empty, "
            "the one there is stays; with another address it has to be given again."
        ),
    )
    forget_key = forms.BooleanField(label=_("Forget the key that is kept"), required=False)

    def __init__(self, data: Any = None, *, endpoint: Endpoint | None = None) -> None:
        initial = {}
        if endpoint is not None:
            initial = {"name": endpoint.name, "url": endpoint.url, "private_net": endpoint.private_net}
        super().__init__(data, initial=initial, label_suffix="")
        if endpoint is not None:
            del self.fields["purpose"]
        if endpoint is None or not endpoint.key:
            del self.fields["forget_key"]

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"]).strip()
        if not (key.isascii() and key.isprintable() and " " not in key):
            raise forms.ValidationError(_("A key has no spaces and only plain characters."))
        return key

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"]).strip()
        try:
            target = parse(url)
        except Refused as refused:
            raise forms.ValidationError(refused.sentence) from None
        if target.scheme != "https" and not settings.OUTBOUND_ALLOWED_NETS:
            raise forms.ValidationError(_("Only https addresses are used."))
        return url

    def clean_private_net(self) -> str:
        text = str(self.cleaned_data["private_net"]).strip()
        if not text:
            return ""
        try:
            net = ipaddress.ip_network(text)
        except ValueError:
            raise forms.ValidationError(_("Write a network such as 10.1.2.0/24.")) from None
        if not any(is_inside(net, listed) for listed in settings.OUTBOUND_ALLOWED_NETS):
            raise forms.ValidationError(
                _now("The operator does not list this network (OUTBOUND_ALLOWED_NETS). Ask them first.")
            )
        return str(net)


class AgreeForm(forms.Form):
    """Which change of an endpoint was seen."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class RotateForm(forms.Form):
    """How long the secret before stays good."""

    keep_hours = forms.IntegerField(
        label=_("Keep the old secret for … hours"),
        min_value=0,
        max_value=168,
        initial=24,
        help_text=_("Until then both sign. 0 ends the old one now: after a leak."),
    )


class ReplayForm(forms.Form):
    """Why a dead letter is sent again."""

    reason = forms.CharField(label=_("Why send it again?"), max_length=500, widget=forms.Textarea)
