"""What people at the desk send about an escalation."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.partners.models import Partner, Tlp
from casework.ui.moments import MomentField

from .actions.fetches import MOST_AT_ONCE
from .choosing import FIELDS
from .models import Basis, BreakGlass, Consent, Escalation, State, Urgency
from .rules import tlps_within

FACTS_MAX = 6000
REASON_MAX = 2000
#: Break-glass words have to say something.
GLASS_MIN = 20

Choices = Sequence[tuple[str, Any]]


class FilterForm(forms.Form):
    """The filters of the list; what does not fit is left out."""

    partner = forms.UUIDField(required=False)
    state = forms.ChoiceField(required=False, choices=State.choices)
    urgency = forms.ChoiceField(required=False, choices=Urgency.choices)


class CountryForm(forms.Form):
    """Which country is concerned, two letters; it orders the directory and goes into the draft."""

    country = forms.RegexField(r"^[A-Za-z]{2}$", label=_("Country concerned"), required=False)

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"]
        return country.upper()


class StartForm(forms.Form):
    """The first three answers: to whom, on what basis, how urgent."""

    partner = forms.ChoiceField(label=_("To whom"), choices=(), widget=forms.RadioSelect)
    basis = forms.ChoiceField(label=_("Why it may leave"), choices=Basis.choices, widget=forms.RadioSelect)
    urgency = forms.ChoiceField(
        label=_("Urgency"), choices=Urgency.choices, initial=Urgency.ROUTINE, widget=forms.RadioSelect
    )

    legal_request = forms.ChoiceField(label=_("The legal request that it answers"), required=False)

    def __init__(
        self, *args: Any, partners: Iterable[Partner], requests: Choices = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offer_requests(self, requests)
        self._partners = {str(partner.public_id): partner for partner in partners}
        choice = self.fields["partner"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(key, partner.organisation.name) for key, partner in self._partners.items()]

    def clean_partner(self) -> Partner:
        return self._partners[self.cleaned_data["partner"]]

    def clean_legal_request(self) -> uuid.UUID | None:
        return request_named(self)


class DraftForm(forms.Form):
    """A whole draft. ``version`` is the one that the page showed; ``why_<code>`` says why a field leaves that the
    basis does not ask for."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    basis = forms.ChoiceField(label=_("Why it may leave"), choices=Basis.choices)
    authority = forms.CharField(
        label=_("The law, order or agreement"), max_length=200, required=False,
        help_text=_("In its own words, with article or number."),
    )  # fmt: skip
    legal_request = forms.ChoiceField(label=_("The legal request that it answers"), required=False)
    urgency = forms.ChoiceField(label=_("Urgency"), choices=Urgency.choices)
    jurisdiction = forms.CharField(
        label=_("Country concerned"),
        max_length=2,
        min_length=2,
        required=False,
        help_text=_("Two letters: DE, US."),
    )
    jurisdiction_how = forms.CharField(label=_("How that is known"), max_length=200, required=False)
    offence_hint = forms.CharField(
        label=_("What offence it may be"), max_length=200, required=False,
        help_text=_("A hint for whoever receives it, not a judgement."),
    )  # fmt: skip
    facts = forms.CharField(
        label=_("Facts"), max_length=FACTS_MAX, required=False,
        widget=forms.Textarea(attrs={"rows": 7, "data-count": FACTS_MAX}),
        help_text=_("What happened, when and where, without opinions and without names that nobody needs."),
    )  # fmt: skip
    tlp = forms.ChoiceField(label=_("How far they may share it"), choices=Tlp.choices)
    consent = forms.ChoiceField(label=_("Consent of the person depicted"), choices=Consent.choices)
    consent_how = forms.CharField(
        label=_("When and how they said so, or why it is right to go without"), max_length=500, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip
    nondisclosure_until = MomentField(
        label=_("Nobody may be told until"), required=False,
        help_text=_(
            "Until then the reporter's page says nothing of this, and nobody of the desk tells whoever is concerned. "
            "Empty: it is told as soon as it has left."
        ),
    )  # fmt: skip
    locators = forms.MultipleChoiceField(
        label=_("Places"), required=False, choices=(), widget=forms.CheckboxSelectMultiple
    )
    items = forms.MultipleChoiceField(
        label=_("Items"), required=False, choices=(), widget=forms.CheckboxSelectMultiple
    )
    pictures = forms.MultipleChoiceField(
        label=_("Pictures that go along"), required=False, choices=(), widget=forms.CheckboxSelectMultiple
    )
    fields_chosen = forms.MultipleChoiceField(
        label=_("What leaves"), required=False, choices=(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, *args: Any, items: Choices, locators: Choices, tlps: Choices, silent_until: datetime | None = None,
        requests: Choices = (), **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        offer_requests(self, requests)
        self.silent_until = silent_until  # what a legal request says that it answers
        offered = {
            "items": items, "pictures": items, "locators": locators, "tlp": tlps,
            "fields_chosen": [(code, field.label) for code, field in FIELDS.items()],
        }  # fmt: skip
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices
        for code, described in FIELDS.items():
            self.fields[f"why_{code}"] = forms.CharField(
                label=_("Why “%(field)s” has to leave") % {"field": described.label},
                max_length=300,
                required=False,
            )

    def clean_legal_request(self) -> uuid.UUID | None:
        return request_named(self)

    def clean_jurisdiction(self) -> str:
        country: str = self.cleaned_data["jurisdiction"].strip().upper()
        if country and not (country.isascii() and country.isalpha()):
            raise forms.ValidationError(_("Two letters, as in DE or US."))
        return country

    def clean_nondisclosure_until(self) -> datetime | None:
        until: datetime | None = self.cleaned_data["nondisclosure_until"]
        if self.silent_until is None:
            return until
        if until is None or until < self.silent_until.replace(second=0, microsecond=0):
            raise forms.ValidationError(
                _(
                    "The legal request that this answers forbids any word before that. A later date can be set here."
                )
            )
        return max(until, self.silent_until)  # the field knows no seconds

    def clean_pictures(self) -> list[str]:
        pictures: list[str] = self.cleaned_data["pictures"]
        if set(pictures) - set(self.cleaned_data.get("items", [])):
            raise forms.ValidationError(_("A picture can go along only with an item that is chosen."))
        return pictures

    def reasons(self) -> dict[str, str]:
        """Code -> why, of the chosen fields that something was written for."""
        said = {
            code: self.cleaned_data.get(f"why_{code}", "").strip()
            for code in self.cleaned_data["fields_chosen"]
        }
        return {code: why for code, why in said.items() if why}


class DigestForm(forms.Form):
    """What somebody has seen, by the digest of its preview."""

    digest = forms.RegexField(r"^[0-9a-f]{64}$", widget=forms.HiddenInput)


class ReasonForm(forms.Form):
    """A reason that others will read."""

    reason = forms.CharField(
        label=_("Reason"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 3})
    )


class FetchesForm(ReasonForm):
    """How many fetches of the file more than the limit that was seen, and why."""

    was = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    more = forms.IntegerField(
        label=_("How many more"), min_value=1, max_value=MOST_AT_ONCE, initial=1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    field_order = ("was", "more", "reason")


class ImageryForm(ReasonForm, DigestForm):
    """A word for the pictures of the preview that was seen, and why."""


class GlassForm(DigestForm):
    """Sending without a second person."""

    why = forms.ChoiceField(
        label=_("What is about to happen"), choices=BreakGlass.choices, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("What you know, and why it can't wait"), min_length=GLASS_MIN, max_length=REASON_MAX,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Every supervisor reads this. At least 20 characters."),
    )  # fmt: skip


class GlassReviewForm(forms.Form):
    """Whether going without a second person was right."""

    right = forms.ChoiceField(
        label=_("Was it right?"),
        choices=[("yes", _("Right: it could not wait")), ("no", _("Wrong: it should have waited"))],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=_("In your words"), max_length=REASON_MAX, widget=forms.Textarea(attrs={"rows": 3})
    )


class LineForm(forms.Form):
    """A line to the partner."""

    kind = forms.ChoiceField(
        label=_("This is"),
        choices=[("word", _("a message")), ("question", _("a question")), ("answer", _("an answer"))],
    )
    text = forms.CharField(
        label=_("To the partner"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )


def offer_requests(form: forms.Form, requests: Choices) -> None:
    """Let *form* offer these legal requests (public id, words), and none."""
    field = form.fields["legal_request"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [("", _("none")), *requests]
    if not requests:
        field.help_text = _(
            "None is open for this case: a request is offered here once it is on record, names the case and a partner, "
            "and two people have checked and accepted it."
        )


def request_named(form: forms.Form) -> uuid.UUID | None:
    """The request that a draft on that basis rests on; None on every other basis."""
    said = form.cleaned_data["legal_request"]
    if form.cleaned_data.get("basis") != Basis.LEGAL_REQUEST:
        return None
    if not said:
        raise forms.ValidationError(_("Choose the legal request that this answers, or another basis."))
    return uuid.UUID(said)


def tlps_up_to(ceiling: str) -> Choices:
    """The markings that a partner with this ceiling may be sent."""
    return [(value, label) for value, label in Tlp.choices if value in tlps_within(ceiling)]


def initial_of(escalation: Escalation) -> dict[str, Any]:
    """A stored draft as the values of ``DraftForm``."""
    names = (
        "version", "basis", "authority", "urgency", "jurisdiction", "jurisdiction_how", "offence_hint", "facts",
        "tlp", "consent", "consent_how", "nondisclosure_until", "legal_request",
    )  # fmt: skip
    values: dict[str, Any] = {name: getattr(escalation, name) for name in names}
    chosen = list(escalation.chosen_items.select_related("item"))
    values["items"] = [str(one.item.public_id) for one in chosen]
    values["pictures"] = [str(one.item.public_id) for one in chosen if one.with_picture]
    places = escalation.chosen_locators.select_related("locator")
    values["locators"] = [str(one.locator.public_id) for one in places]
    values["fields_chosen"] = list(escalation.fields)
    return values | {f"why_{code}": why for code, why in escalation.reasons.items() if code in FIELDS}
