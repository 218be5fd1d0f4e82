"""What people propose about partners. Everything is checked again by the action (``checking``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import Organisation, User
from casework.outbox.models import Endpoint

from . import values
from .checking import LONGEST_RESPONSE, contact_problems, partner_problems, portal_people, recipient_problem
from .models import Accepts, Channel, Contact, Partner, PartnerKey, Tlp
from .wording import LABELS

_KINDS = [choice for choice in Organisation.Kind.choices if choice[0] != Organisation.Kind.OWN]


class CodesField(forms.CharField):
    """Codes with commas or spaces between them, as a list without repetitions."""

    def __init__(self, *, upper: bool = False, **kwargs: Any) -> None:
        self.upper = upper
        super().__init__(max_length=600, required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        text = str(super().clean(value)).replace(",", " ")
        return list(dict.fromkeys((text.upper() if self.upper else text).split()))


class DayField(forms.DateField):
    """A day."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


def _text(
    name: str, most: int, help_text: Any = "", *, rows: int = 0, required: bool = False
) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows}) if rows else forms.TextInput()
    return forms.CharField(
        label=LABELS[name], max_length=most, required=required, help_text=help_text, widget=widget
    )


def _why(*, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=_("Why?"),
        max_length=1000,
        required=required,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For the second person and for later."),
    )


class PartnerForm(forms.Form):
    """A partner's fields; *partner* is the one that is changed, none for a new one."""

    name = _text("name", 200, required=True)
    kind = forms.ChoiceField(label=LABELS["kind"], choices=_KINDS)
    countries = CodesField(
        label=LABELS["countries"],
        upper=True,
        help_text=_("Where it works: two letters each, such as DE, FR."),
    )
    languages = CodesField(label=LABELS["languages"], help_text=_("Such as de, fr, pt-BR."))
    accepts = forms.MultipleChoiceField(
        label=LABELS["accepts"], choices=Accepts.choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    channel = forms.ChoiceField(label=LABELS["channel"], choices=Channel.choices)
    endpoint = forms.ChoiceField(
        label=LABELS["endpoint"],
        required=False,
        help_text=_("For a webhook or a XARF API. Endpoints for partners that are switched on are listed."),
    )
    mail = _text("mail", 254, _("For notices that something waits, and for XARF notices."))
    response_hours = forms.IntegerField(
        label=_("Answers within … hours"), min_value=1, max_value=LONGEST_RESPONSE
    )
    tlp_ceiling = forms.ChoiceField(
        label=LABELS["tlp_ceiling"],
        choices=Tlp.choices,
        help_text=_("What is labelled more tightly than this is never sent to it."),
    )
    imagery_allowed = forms.BooleanField(
        label=_("Pictures may go to it, where the basis allows and a third person agrees"), required=False
    )
    agreement_reference = _text("agreement_reference", 200, _("Where the signed agreement is kept."))
    agreement_from = DayField(label=LABELS["agreement_from"])
    agreement_until = DayField(
        label=LABELS["agreement_until"], help_text=_("Nothing is sent after this day.")
    )
    call_back_number = _text("call_back_number", 40, _("With its country code, such as +49 30 123456."))
    call_back_source = _text(
        "call_back_source",
        300,
        _("A source of its own: never a letter, mail or site of whoever asks to be trusted."),
    )
    call_back_found_at = DayField(label=LABELS["call_back_found_at"])
    remark = _text("remark", 2000, rows=3)
    why = _why()

    #: The order and headings in which a page shows the fields.
    SECTIONS = (
        (_("Who it is"), ("name", "kind", "countries", "languages", "accepts")),
        (_("How it is reached"), ("channel", "endpoint", "mail", "response_hours")),
        (_("What it may get"), ("tlp_ceiling", "imagery_allowed")),
        (_("Agreement"), ("agreement_reference", "agreement_from", "agreement_until")),
        (_("Calling back"), ("call_back_number", "call_back_source", "call_back_found_at")),
        (_("For colleagues"), ("remark", "why")),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, partner: Partner | None = None) -> None:
        self.partner = partner
        shown = partner or Partner(organisation=Organisation(name="", kind=Organisation.Kind.NGO))
        super().__init__(data, initial=values.of_partner(shown), label_suffix="")
        endpoint = self.fields["endpoint"]
        assert isinstance(endpoint, forms.ChoiceField)
        listed = Endpoint.objects.filter(purpose=Endpoint.Purpose.PARTNER, enabled=True)
        endpoint.choices = [("", _("none")), *((str(one.public_id), one.receiver) for one in listed)]

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Headings and fields in order."""
        return [(title, [self[name] for name in names]) for title, names in self.SECTIONS]

    def clean_endpoint(self) -> str | None:
        return self.cleaned_data["endpoint"] or None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            _add(self, partner_problems(_plain(cleaned, values.PARTNER_FIELDS), self.partner))
        return cleaned


class ContactForm(forms.Form):
    """A contact's fields; *contact* is the one that is changed, none for a new one."""

    name = _text("name", 200, required=True)
    position = _text("position", 200)
    mail = _text("mail", 254)
    phone = _text("phone", 40, _("With its country code, such as +49 30 123456."))
    phone_source = _text(
        "phone_source", 300, _("A source of its own, as with every number that is called back.")
    )
    languages = CodesField(label=LABELS["languages"], help_text=_("Such as de, fr, pt-BR."))
    always_reachable = forms.BooleanField(label=LABELS["always_reachable"], required=False)
    user = forms.ChoiceField(
        label=LABELS["user"],
        required=False,
        help_text=_(
            "A person with the role “partner”, of no other organisation. They see what this one is sent."
        ),
    )
    why = _why()

    def __init__(self, data: Any = None, *, partner: Partner, contact: Contact | None = None) -> None:
        self.partner, self.contact = partner, contact
        super().__init__(data, initial=values.of_contact(contact), label_suffix="")
        user = self.fields["user"]
        assert isinstance(user, forms.ChoiceField)
        user.choices = [("", _("none")), *_sign_ins(portal_people(partner, contact))]

    def clean_user(self) -> str | None:
        return self.cleaned_data["user"] or None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            told = _plain(cleaned, values.CONTACT_FIELDS)
            _add(self, contact_problems(told, self.partner, self.contact))
        return cleaned


class KeyForm(forms.Form):
    """An age recipient."""

    recipient = forms.CharField(
        label=_("age recipient"),
        max_length=2500,
        help_text=_(
            "The public half, which begins with age1. Its owner keeps the secret half to themselves."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_recipient(self) -> str:
        text = str(self.cleaned_data["recipient"]).strip()
        if problem := recipient_problem(text):
            raise ValidationError(problem)
        return text


class VerifyForm(forms.Form):
    """How a fingerprint was compared, and with whom."""

    how = forms.ChoiceField(
        label=_("How did you compare it?"), choices=PartnerKey.How.choices, widget=forms.RadioSelect
    )
    with_whom = forms.CharField(
        label=_("With whom?"), max_length=300, help_text=_("Name and position; on a call also who picked up.")
    )


class ReasonForm(forms.Form):
    """Why something is stopped, refused or taken up again."""

    reason = forms.CharField(label=_("Why?"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class DirectoryForm(forms.Form):
    """What is looked for in the directory."""

    q = forms.CharField(label=LABELS["name"], max_length=200, required=False)
    kind = forms.ChoiceField(label=LABELS["kind"], choices=[("", _("any")), *_KINDS], required=False)
    country = forms.CharField(label=_("Country, two letters"), max_length=2, required=False)
    language = forms.CharField(label=_("Language"), max_length=20, required=False)
    accepts = forms.ChoiceField(
        label=LABELS["accepts"], choices=[("", _("any")), *Accepts.choices], required=False
    )
    channel = forms.ChoiceField(
        label=LABELS["channel"], choices=[("", _("any")), *Channel.choices], required=False
    )
    state = forms.ChoiceField(
        label=LABELS["state"], choices=[("", _("any")), *Partner.State.choices], required=False
    )

    def clean_country(self) -> str:
        return str(self.cleaned_data["country"]).upper()


def _sign_ins(people: Iterable[User]) -> list[tuple[str, str]]:
    return [(str(user.public_id), f"{user.name} ({user.email})") for user in people]


def _plain(cleaned: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    return {name: values.plain(cleaned[name]) for name in names}


def _add(form: forms.Form, problems: Mapping[str, str]) -> None:
    for name, sentence in problems.items():
        form.add_error(name, sentence)
