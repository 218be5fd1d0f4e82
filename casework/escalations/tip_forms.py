"""What only a person knows of a report to NCMEC. Nothing here is guessed, and most of it may stay empty."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.evidence.models import Item
from casework.ui.moments import MomentField

from .cybertip.facts import FileAnnotation, IncidentKind, Relevance
from .tip_wording import FILE_MARKS, KINDS, RELEVANCES, REPORT_MARKS

#: NCMEC's cap on reasons; ours on other free text.
REASON_MAX = 3000
TEXT_MAX = 4000
_PUBLIC = {"yes": True, "no": False, "": None}
_ACCOUNT = ("screen_name", "identifier", "profile_url", "mail", "more")
_CHILD = ("first_name", "last_name", "more")


def _names(words: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    return [(key.name, text) for key, text in words.items()]


def _words(label: Any, most: int, help_text: Any = "", rows: int = 0) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput
    return forms.CharField(label=label, max_length=most, required=False, help_text=help_text, widget=widget)


class TipForm(forms.Form):
    """The report but for its files. ``version`` is the draft's that the page showed."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(label=_("What happened"), choices=_names(KINDS))
    at = MomentField(
        label=_("When"),
        help_text=_("In your time zone. The best you know; say below what the moment means."),
    )  # fmt: skip
    at_means = _words(
        _("What this moment is"), 300, _("For example: when it was uploaded, or first reported to us.")
    )
    platform = _words(_("Platform or part of a service"), 250)
    urgent = _words(
        _("Why NCMEC has to hurry"), REASON_MAX,
        _("Leave it empty unless a child is in danger now: anything here asks NCMEC to hurry."), rows=2,
    )  # fmt: skip
    annotations = forms.MultipleChoiceField(
        label=_("What it is about"), required=False, choices=_names(REPORT_MARKS),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    suspect_screen_name = _words(_("Name on screen"), 250)
    suspect_identifier = _words(_("Id with the service"), 250)
    suspect_profile_url = _words(_("Address of the profile"), 2000)
    suspect_mail = forms.EmailField(label=_("E-mail address"), required=False)
    suspect_more = _words(_("What else is known of them"), TEXT_MAX, rows=2)
    child_first_name = _words(_("First name"), 100)
    child_last_name = _words(_("Last name"), 100)
    child_age = forms.IntegerField(label=_("Age in years"), required=False, min_value=0, max_value=150)
    child_born = forms.DateField(
        label=_("Date of birth"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    child_more = _words(_("What else is known of the child"), TEXT_MAX, rows=2)
    agency_name = _words(_("Who there knows of it"), 250)
    agency_case_number = _words(_("Their case number"), 100)
    agency_told = forms.BooleanField(label=_("We have already told them"), required=False)
    more = _words(_("Anything else NCMEC should know"), TEXT_MAX, rows=3)

    def incident(self) -> list[forms.BoundField]:
        """What happened: the fields that belong to no other group."""
        grouped = ("suspect_", "child_", "agency_")
        return [field for field in self.visible_fields() if not field.name.startswith(grouped)]

    def suspect(self) -> list[forms.BoundField]:
        """Who is reported."""
        return self._group("suspect_")

    def child(self) -> list[forms.BoundField]:
        """Who is the victim."""
        return self._group("child_")

    def agency(self) -> list[forms.BoundField]:
        """Who was told."""
        return self._group("agency_")

    def _group(self, prefix: str) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name.startswith(prefix)]

    def clean_at(self) -> datetime:
        moment: datetime = self.cleaned_data["at"]
        if moment > timezone.now():
            raise forms.ValidationError(_("This lies in the future. Check date and time."))
        return moment

    def clean_child_born(self) -> date | None:
        born: date | None = self.cleaned_data["child_born"]
        if born is not None and born > timezone.now().date():
            raise forms.ValidationError(_("This lies in the future. Check the date."))
        return born

    def content(self, files: Iterable[FileForm]) -> dict[str, Any]:
        """Everything that was typed, as it lies in ``Tip.content``. For valid forms only."""
        said = self.cleaned_data
        born = said["child_born"]
        return {
            "kind": said["kind"],
            "at": said["at"].isoformat(),
            **{name: said[name] for name in ("at_means", "platform", "urgent", "annotations", "more")},
            "suspect": {name: said[f"suspect_{name}"] for name in _ACCOUNT},
            "victim": {name: said[f"child_{name}"] for name in _CHILD}
            | {"age": said["child_age"], "born": born.isoformat() if born else ""},
            "agency": {
                "name": said["agency_name"],
                "case_number": said["agency_case_number"],
                "reported": said["agency_told"] or None,
            },
            "files": {file.prefix: file.content() for file in files},
        }


class FileForm(forms.Form):
    """What is said of one original; its prefix is the item's public id."""

    annotations = forms.MultipleChoiceField(
        label=_("What it shows, as far as you know"), required=False, choices=_names(FILE_MARKS),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    relevance = forms.ChoiceField(label=_("What it is for"), choices=_names(RELEVANCES))
    public = forms.ChoiceField(
        label=_("Could anybody see it where it was?"), required=False,
        choices=[("", _("not known")), ("yes", _("yes")), ("no", _("no"))],
    )  # fmt: skip
    more = _words(_("Anything else about this file"), TEXT_MAX)

    def __init__(
        self, item: Item, data: QueryDict | None = None, *, proven: bool = False, initial: dict[str, Any]
    ) -> None:
        super().__init__(data, prefix=str(item.public_id), initial=initial, label_suffix="")
        self.item = item
        #: A machine made it by a decision or by definitive provenance: that is said whatever is ticked here.
        self.proven = proven

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        meme = FileAnnotation.MEME.name in said.get("annotations", ())
        if meme and said.get("relevance") == Relevance.SUPPLEMENTAL.name:
            self.add_error("annotations", _("A supplemental file can't be marked as a possible meme."))
        return said

    def content(self) -> dict[str, Any]:
        """What was typed of this file."""
        said = self.cleaned_data
        return {
            "annotations": said["annotations"], "relevance": said["relevance"],
            "publicly_available": _PUBLIC[said["public"]], "more": said["more"],
        }  # fmt: skip


def initial_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """What ``TipForm`` shows of what was typed before; *content* may be empty."""
    if not content:
        return {"kind": IncidentKind.ABUSE_MATERIAL.name}
    shown: dict[str, Any] = {
        name: content[name] for name in ("kind", "at_means", "platform", "urgent", "annotations", "more")
    }
    shown["at"] = datetime.fromisoformat(content["at"])
    shown |= {f"suspect_{name}": value for name, value in content["suspect"].items()}
    shown |= {f"child_{name}": value for name, value in content["victim"].items()}
    agency = content["agency"]
    return shown | {
        "agency_name": agency["name"], "agency_case_number": agency["case_number"],
        "agency_told": bool(agency["reported"]),
    }  # fmt: skip


def initial_of_file(content: Mapping[str, Any]) -> dict[str, Any]:
    """What ``FileForm`` shows of what was typed before."""
    public = {True: "yes", False: "no", None: ""}[content.get("publicly_available")]
    return {**content, "public": public}
