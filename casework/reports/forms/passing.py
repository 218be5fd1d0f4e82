"""May the report be handed on, and to whom: a page of the form, and a part of the status page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.reports.models import PassingOn

Kind, Choice = PassingOn.Kind, PassingOn.Choice

_CHOICES = [
    (Choice.AGREE, _("Yes")),
    (Choice.ASK_FIRST, _("Ask me first")),
    (Choice.REFUSE, _("No")),
]


def _question(label: Any, help_text: Any) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, help_text=help_text, choices=_CHOICES, widget=forms.RadioSelect, required=False
    )


class PassingFields(forms.Form):
    """One question a kind. Nothing is ticked beforehand; what is left open means "ask me first"."""

    police = _question(
        _("The police, or another authority"),
        _("They can look for whoever did it. This may lead to a case in court."),
    )
    ngo = _question(
        _("An organisation that supports people concerned"),
        _("They can advise you, and help to get copies removed."),
    )
    hotline = _question(
        _("A hotline against abuse"), _("They report to sites and to the police in many countries.")
    )
    host = _question(
        _("The company on whose computers it is"), _("They can take it down where the site itself does not.")
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        return said | {kind: said[kind] or Choice.ASK_FIRST for kind in Kind.values if kind in said}

    def chosen(self) -> dict[str, str]:
        """Kind -> choice of a cleaned form; a value that is none counts as left open."""
        return {kind: self.cleaned_data.get(kind) or Choice.ASK_FIRST.value for kind in Kind.values}
