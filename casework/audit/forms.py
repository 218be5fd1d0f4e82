"""What the log is searched by."""

from __future__ import annotations

from datetime import MAXYEAR, datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User

from . import wording
from .reading import Filters, find_case


class LogSearch(forms.Form):
    """Person, kind, case and time; every field may be left empty."""

    person = forms.ModelChoiceField(
        label=_("Person"),
        queryset=User.objects.order_by("name"),
        to_field_name="public_id",
        required=False,
        empty_label=_("Anybody"),
    )
    kind = forms.ChoiceField(
        label=_("What"), required=False, choices=[("", _("Everything")), *wording.KINDS.items()]
    )
    case = forms.CharField(label=_("Case or reference"), required=False, max_length=60)
    since = forms.DateTimeField(
        label=_("From"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )
    until = forms.DateTimeField(
        label=_("Before"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )
    before = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, viewer: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.viewer = viewer

    def clean_since(self) -> datetime | None:
        return self._of_our_time("since")

    def clean_until(self) -> datetime | None:
        return self._of_our_time("until")

    def _of_our_time(self, name: str) -> datetime | None:
        """A time that is one in every zone: the first and the last day of the calendar are not."""
        given: datetime | None = self.cleaned_data[name]
        if given is not None and not 1 < given.year < MAXYEAR:
            raise forms.ValidationError(_("There is no entry of that year."))
        return given

    def filters(self) -> Filters:
        """The valid form as filters. A case that does not exist for the viewer finds nothing, whatever the reason."""
        given = self.cleaned_data
        case = find_case(self.viewer, given["case"]) if given["case"] else None
        return Filters(
            person=given["person"],
            kind=given["kind"],
            case=case,
            since=given["since"],
            until=given["until"],
            impossible=bool(given["case"]) and case is None,
        )
