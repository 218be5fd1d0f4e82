"""What people write about legal requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from casework.partners.models import Partner
from casework.ui.moments import MomentField

from . import scope, targets
from .actions import EMERGENCY_PARTS
from .clocks import DEADLINE_NEEDED
from .models import Category, LegalCheck, LegalHandOver, LegalRequest, Type
from .wording import ground_choices

OFFICER = ("name", "title", "badge", "mail", "phone", "supervisor")
#: Headings of the entry page and how the names of the fields under each begin; every field is under exactly one.
_PARTS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("The authority"), ("authority", "country", "citation", "partner")),
    (_("The officer it names"), ("officer_",)),
    (_("Dates and service"), ("issued_on", "received_at", "served_by", "deadline_at", "urgent")),
    (_("What it is about"), ("targets", "categories", "period_")),
    (_("Silence, notice and costs"), ("nondisclosure_until", "notice_due_at", "cost")),
    (_("The emergency"), ("emergency_",)),
)
_EMERGENCY_LABELS = {
    "nature": _("What is the danger?"),
    "person_at_risk": _("Who is at risk?"),
    "imminence": _("Why is it imminent?"),
    "why_no_process": _("Why is there no time for process?"),
    "data_needed": _("Which data would avert it, and how?"),
}


def _words(label: Any, *, rows: int = 3, needed: bool = True, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=needed, max_length=5000, help_text=help_text,
        widget=forms.Textarea({"rows": rows}),
    )  # fmt: skip


class EntryForm(forms.Form):
    """A request as it was served; which fields there are follows from *type*."""

    authority = forms.CharField(label=_("Issuing authority"), max_length=200)
    country = forms.RegexField(
        r"^[A-Za-z]{2}$", label=_("Country"), help_text=_("Two letters, such as US, DE or AU.")
    )
    authority_reference = forms.CharField(label=_("Their case number"), max_length=200, required=False)
    citation = forms.CharField(label=_("Law it rests on, as cited"), max_length=200, required=False)
    partner = forms.ModelChoiceField(
        label=_("Entry in the directory"), queryset=Partner.objects.none(), required=False,
        help_text=_("Found by you in the directory, not by the request. A production leaves through it."),
    )  # fmt: skip
    officer_name = forms.CharField(label=_("Name of the officer"), max_length=200)
    officer_title = forms.CharField(label=_("Title or rank"), max_length=200, required=False)
    officer_badge = forms.CharField(label=_("Badge number"), max_length=100, required=False)
    officer_mail = forms.EmailField(label=_("Official e-mail address"), required=False)
    officer_phone = forms.CharField(
        label=_("Telephone number in the request"), max_length=50, required=False,
        help_text=_("It is written down so that nobody calls it back."),
    )  # fmt: skip
    officer_supervisor = forms.CharField(label=_("Supervisor"), max_length=200, required=False)
    issued_on = forms.DateField(
        label=_("Issued on"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    received_at = MomentField(label=_("Received"), help_text=_("The clock starts here."))
    served_by = forms.CharField(label=_("How it was served"), max_length=200, required=False)
    deadline_at = MomentField(label=_("Deadline named in the document"), required=False)
    urgent = forms.BooleanField(label=_("The order says it is an emergency: 8 hours"), required=False)
    targets = forms.CharField(
        label=_("What it names, one a line"), max_length=20_000, widget=forms.Textarea({"rows": 4}),
        help_text=_("Exact identifiers: full addresses, accounts as @name, digests, case numbers, references."),
    )  # fmt: skip
    categories = forms.MultipleChoiceField(
        label=_("What it asks for"), choices=Category.choices, widget=forms.CheckboxSelectMultiple
    )
    period_from = MomentField(label=_("For the time from"), required=False)
    period_until = MomentField(label=_("For the time until"), required=False)
    nondisclosure_until = MomentField(label=_("Nobody may be told until"), required=False)
    notice_due_at = MomentField(label=_("The person concerned is told on"), required=False)
    cost = forms.DecimalField(
        label=_("Costs to be paid back"), max_digits=12, decimal_places=2, min_value=0, required=False
    )
    cost_currency = forms.RegexField(r"^[A-Z]{3}$", label=_("Currency"), required=False)

    def __init__(self, data: Any = None, *, type: str, partners: Any) -> None:  # noqa: A002
        super().__init__(data, label_suffix="")
        self.type = type
        self.fields["partner"].queryset = partners  # type: ignore[attr-defined]
        self.fields["deadline_at"].required = type in DEADLINE_NEEDED
        if type in (Type.PRESERVATION, Type.EPOC_PR):
            del self.fields["categories"], self.fields["deadline_at"]
        if type != Type.EPOC:
            del self.fields["urgent"]
        if type == Type.EMERGENCY:
            for part in EMERGENCY_PARTS:
                self.fields[f"emergency_{part}"] = _words(_EMERGENCY_LABELS[part], rows=2)

    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields as the page groups them: a heading and what stands under it, in the order of the document."""
        parts = [
            (heading, [self[name] for name in self.fields if name.startswith(starts)])
            for heading, starts in _PARTS
        ]
        return [(heading, fields) for heading, fields in parts if fields]

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()

    def clean_received_at(self) -> datetime:
        at: datetime = self.cleaned_data["received_at"]
        if at > timezone.now():
            raise forms.ValidationError(_("That is in the future."))
        return at

    def clean_targets(self) -> list[dict[str, str]]:
        try:
            return targets.parse(str(self.cleaned_data["targets"]))
        except targets.NotExact as error:
            raise forms.ValidationError(str(error)) from None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        received, deadline = values.get("received_at"), values.get("deadline_at")
        if received and deadline and deadline <= received:
            self.add_error("deadline_at", _("The deadline lies before the receipt."))
        since, until = values.get("period_from"), values.get("period_until")
        if since and until and until < since:
            self.add_error("period_until", _("This ends before it begins."))
        return values

    def request_fields(self) -> dict[str, Any]:
        """What ``enter_request`` takes besides actor and type."""
        values = dict(self.cleaned_data)
        officer = {part: values.pop(f"officer_{part}") for part in OFFICER}
        emergency = {part: values.pop(f"emergency_{part}", "") for part in EMERGENCY_PARTS}
        values.setdefault("categories", [Category.PRESERVE])
        return values | {
            "officer": {key: value for key, value in officer.items() if value},
            "emergency": emergency if self.type == Type.EMERGENCY else {},
        }

    def beyond(self) -> list[str]:
        """What is asked for and can't be given under this process, in words."""
        codes = scope.beyond(self.type, self.cleaned_data.get("categories", []))
        return [str(Category(code).label) for code in codes]


class CheckForm(forms.Form):
    """One person's finding."""

    how = forms.ChoiceField(label=_("How did you check?"), choices=LegalCheck.How.choices)
    number = forms.CharField(
        label=_("Number you called"), max_length=50, required=False,
        help_text=_("Found by you: never the one in the request."),
    )  # fmt: skip
    number_source = forms.CharField(
        label=_("Where you found it"), max_length=300, required=False,
        help_text=_("Such as the directory of partners, or the authority's official site."),
    )  # fmt: skip
    authentic = forms.ChoiceField(
        label=_("What did you find?"), widget=forms.RadioSelect,
        choices=[("yes", _("It is authentic")), ("no", _("It is not authentic, or I can't tell"))],
    )  # fmt: skip
    words = _words(_("Whom you spoke with, and what they said"))

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("how") == LegalCheck.How.CALL_BACK:
            for name in ("number", "number_source"):
                if not values.get(name):
                    self.add_error(name, _("A call back needs it."))
        return values


class RefuseForm(forms.Form):
    """Why not, in codes that become the paragraphs of the letter."""

    grounds = forms.MultipleChoiceField(
        label=_("Reasons"), choices=ground_choices, widget=forms.CheckboxSelectMultiple
    )
    objection = _words(_("Objection or remedy that was raised"), needed=False, rows=2)


class ReasonForm(forms.Form):
    reason = _words(_("Why?"), rows=2)


class ReferenceForm(forms.Form):
    reference = forms.CharField(label=_("Their letter or order, by its reference"), max_length=200)


class SilenceForm(ReferenceForm):
    until = MomentField(label=_("Nobody may be told until"))


class PartnerForm(forms.Form):
    partner = forms.ModelChoiceField(label=_("Entry in the directory"), queryset=Partner.objects.none())

    def __init__(self, data: Any = None, *, partners: Any) -> None:
        super().__init__(data, label_suffix="")
        self.fields["partner"].queryset = partners  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    words = _words(_("What was answered, to whom and how"))


class NotifiedForm(forms.Form):
    how = _words(_("How they were told"), rows=2)


class LetterForm(forms.Form):
    text = forms.CharField(
        label=_("Letter"), max_length=20_000, widget=forms.Textarea({"rows": 16}),
        help_text=_("Somebody else reads and releases it."),
    )  # fmt: skip


class HandOverForm(forms.Form):
    """How a released letter reached the authority."""

    way = forms.ChoiceField(label=_("How"), choices=LegalHandOver.Way.choices)
    to_whom = forms.CharField(label=_("To whom"), max_length=300)
    reference = forms.CharField(
        label=_("Number of the filing, consignment or receipt"), max_length=200, required=False
    )
    at = MomentField(label=_("When"))


class HoldForm(forms.Form):
    """A hold placed by hand: a dispute before a court."""

    reference = forms.CharField(label=_("Matter, by its reference"), max_length=100)
    until = MomentField(label=_("Until"), required=False, help_text=_("Empty: until two people lift it."))

    def clean_until(self) -> datetime | None:
        until: datetime | None = self.cleaned_data["until"]
        if until is not None and until <= timezone.now():
            raise forms.ValidationError(_now("That is in the past."))
        return until


def initial_of(request: LegalRequest) -> dict[str, Any]:
    """What a check form can offer: the directory's own number, which came by another way than the request."""
    partner = request.partner
    if partner is None or not partner.call_back_number:
        return {}
    return {"number": partner.call_back_number, "number_source": partner.call_back_source}
