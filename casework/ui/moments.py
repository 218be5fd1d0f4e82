"""Dates and times that people type."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _

#: Years that a moment may be of. The first and the last of the calendar are not a time in every zone: a row that holds
#: such a moment can't be shown to everybody, or not even be read again.
YEARS = range(1900, 2200)


class MomentField(forms.DateTimeField):
    """A date and time in the zone of whoever types it."""

    widget = forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")

    def clean(self, value: Any) -> datetime | None:
        """An aware moment of one of ``YEARS``, None where nothing was typed. Raises ValidationError."""
        moment: datetime | None = super().clean(value)
        if moment is not None and moment.year not in YEARS:
            raise forms.ValidationError(
                _("Take a year from %(first)d to %(last)d.") % {"first": YEARS[0], "last": YEARS[-1]}
            )
        return moment
