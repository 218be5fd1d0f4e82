"""What supervisors send about calibrations and outcomes."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Question, Truth


class ReasonForm(forms.Form):
    """Why a calibration is accepted, refused or ended. Without a reason nothing changes."""

    reason = forms.CharField(
        label=_("Why?"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Kept with the calibration and in the log."),
        error_messages={"required": _("Say why. Nothing was changed.")},
    )


class OutcomeForm(forms.Form):
    """What an item was in truth, for one question."""

    question = forms.ChoiceField(choices=Question.choices, widget=forms.HiddenInput)
    truth = forms.ChoiceField(
        label=_("What was it in truth?"),
        choices=Truth.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Pick an answer. Nothing was confirmed.")},
    )
