"""What people send about evidence."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

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
