"""What people send about evidence."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.hashbanks.models import Verdict

from .models import RevealReason


class RevealForm(forms.Form):
    """Why somebody has to look. Without a reason nothing is opened."""

    reason = forms.ChoiceField(
        label=_("Why do you have to look?"),
        choices=RevealReason.choices,
        error_messages={
            "required": _("Pick a reason. Nothing was opened."),
            "invalid_choice": _("Pick a reason from the list. Nothing was opened."),
        },
    )


class PlayForm(RevealForm):
    """Why somebody has to watch, from where on (seconds), and whether in colour."""

    at = forms.FloatField(
        required=False,
        min_value=0,
        max_value=7 * 86_400,
        error_messages={"invalid": _("Choose a frame to play from. Nothing was opened.")},
    )
    coloured = forms.BooleanField(required=False)


class JudgeForm(forms.Form):
    """What somebody says of a match with a bank."""

    verdict = forms.ChoiceField(choices=Verdict.choices)
