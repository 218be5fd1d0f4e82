"""What people send about banks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import Organisation

from .models import LEAST_PDQ_QUALITY, MOST_PDQ_RADIUS, MOST_PHASH_RADIUS, Bank
from .values import kinds_of

_TOO_WIDE = _(
    "The index finds every match only up to a distance of %(limit_value)s. Choose %(limit_value)s or less."
)
_TOO_FLAT = _(
    "Below %(limit_value)s a PDQ hash says too little about its picture and matches strangers. "
    "Choose %(limit_value)s or more."
)


class BankForm(forms.Form):
    """A bank: what it is for, what is a match, and what follows from one."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("It stands beside every match."))
    purpose = forms.CharField(
        label=_("Purpose"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whose pictures these are, who looked at them, and what a match is worth."),
    )
    source = forms.ChoiceField(
        label=_("Entries come from"),
        choices=Bank.Source.choices,
        help_text=_("This stays as it is made."),
    )
    owner = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Organisation.objects.order_by("name"),
        required=False,
        empty_label=_("this desk"),
    )
    on_match = forms.ChoiceField(
        label=_("On a match"), choices=Bank.OnMatch.choices, initial=Bank.OnMatch.RAISE.value
    )
    pdq_radius = forms.IntegerField(
        label=_("PDQ: distance up to"),
        initial=MOST_PDQ_RADIUS,
        min_value=0,
        max_value=MOST_PDQ_RADIUS,
        error_messages={"max_value": _TOO_WIDE},
        help_text=_(
            "Of 256 bits. 31 is what the makers of PDQ advise; fewer bits find fewer copies and err less."
        ),
    )
    pdq_quality = forms.IntegerField(
        label=_("PDQ: quality from"),
        initial=LEAST_PDQ_QUALITY,
        min_value=LEAST_PDQ_QUALITY,
        max_value=100,
        error_messages={"min_value": _TOO_FLAT},
        help_text=_("Of both sides, from 50 to 100. Flat pictures have low quality."),
    )
    pdq_turns = forms.BooleanField(
        label=_("Also look for pictures as turned and mirrored"),
        required=False,
        help_text=_("Eight questions for each picture instead of one. Films are looked for upright only."),
    )
    phash_radius = forms.IntegerField(
        label=_("pHash as a second opinion: distance up to"),
        required=False,
        min_value=0,
        max_value=MOST_PHASH_RADIUS,
        help_text=_("Of 64 bits. It comments on PDQ matches and never makes one. Empty: not asked."),
    )
    video_share = forms.FloatField(
        label=_("Films: share of frames from"),
        initial=0.8,
        min_value=0.01,
        max_value=1.0,
        help_text=_("Between 0 and 1, of the frames of either film."),
    )
    retention_days = forms.IntegerField(
        label=_("Delete entries after days"),
        required=False,
        min_value=1,
        max_value=36500,
        help_text=_("Counted from when a source last named them. Empty: they are kept."),
    )
    active = forms.BooleanField(label=_("Match against this bank"), required=False, initial=True)

    def __init__(self, *args: Any, bank: Bank | None = None, **kwargs: Any) -> None:
        if bank is not None:
            kwargs["initial"] = {name: getattr(bank, name) for name in self.base_fields}
        super().__init__(*args, **kwargs)
        self.bank = bank
        if bank is not None:
            del self.fields["source"]

    def clean_name(self) -> str:
        name = str(self.cleaned_data["name"])
        others = Bank.objects.filter(name__iexact=name)
        if self.bank is not None:
            others = others.exclude(pk=self.bank.pk)
        if others.exists():
            raise forms.ValidationError(_("A bank of this name is here already."))
        return name


class HashForm(forms.Form):
    """A hash to be looked up."""

    value = forms.CharField(
        label=_("Look a hash up"),
        max_length=64,
        help_text=_("PDQ, SHA-256, MD5 or pHash, in hex digits. That you looked is written down."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_value(self) -> str:
        value = str(self.cleaned_data["value"]).strip()
        if not kinds_of(value):
            raise forms.ValidationError(_("This is no hash: write 64, 32 or 16 hex digits, without spaces."))
        return value


class WithdrawForm(forms.Form):
    """Why an entry is matched no longer."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=300,
        error_messages={"required": _("Say why. Nothing was withdrawn.")},
    )
