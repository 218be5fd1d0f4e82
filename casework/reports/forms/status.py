"""What is typed on the status page and on the case page's panel."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import Organisation
from casework.reports.codes import is_reference, normal
from casework.reports.models import ApiKey, Element, Report

from .public import ContactForm, SignForm, WhereForm

LONGEST_MESSAGE = 4000
_ADDS = ("links", "accounts", "signature", "no_consent", "statement", "address")


class StatusForm(forms.Form):
    """Reference and access code, in any spelling that can be read as one."""

    reference = forms.CharField(
        max_length=40,
        label=_("Reference"),
        help_text=_("Nine letters and digits. Capitals and hyphens do not matter."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
    code = forms.CharField(
        max_length=80,
        label=_("Access code"),
        help_text=_("Twenty letters and digits."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def clean_reference(self) -> str:
        # The check character tells a slip of the finger from a guess, without asking whether such a report exists.
        reference = normal(self.cleaned_data["reference"])
        if not is_reference(reference):
            raise forms.ValidationError(
                _("This reference has a typing mistake in it. Compare it with your note.")
            )
        return reference


class MessageForm(forms.Form):
    text = forms.CharField(
        max_length=LONGEST_MESSAGE,
        label=_("Your message"),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        error_messages={"required": _("Write something first.")},
    )


class DeskMessageForm(MessageForm):
    text = forms.CharField(
        max_length=LONGEST_MESSAGE,
        label=_("Write to the reporter"),
        help_text=_("They read it on their status page. Send no pictures, name no other reporter."),
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write something first.")},
    )


class AddForm(forms.Form):
    """The fields of what is missing; places and contact can always be added. Nothing here is required by itself."""

    use_required_attribute = False

    def __init__(self, *args: Any, report: Report, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        missing = report.missing_elements()
        wanted: dict[type[forms.Form], tuple[str, ...]] = {WhereForm: ("links", "accounts")}
        if Element.Kind.STATEMENT in missing:
            wanted[SignForm] = ("no_consent", "statement")
        if Element.Kind.SIGNATURE in missing:
            wanted[SignForm] = (*wanted.get(SignForm, ()), "signature")
        wanted[ContactForm] = ("channel", "address", "name", "hours", "message_ok")
        for form, names in wanted.items():
            for name in names:
                self.fields[name] = form.base_fields[name].__deepcopy__({})
                self.fields[name].required = False

    clean_links = WhereForm.clean_links
    clean_accounts = WhereForm.clean_accounts

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        reachable = said.get("channel") in ContactForm.CHANNELS
        if reachable and not said.get("address"):
            self.add_error("address", _("Type the address or number."))
        elif said.get("address") and not reachable:
            self.add_error(
                "channel", _("Say whether this is an e-mail address, a number, or something else.")
            )
        if not self.errors and not any(said.get(name) for name in _ADDS):
            raise forms.ValidationError(_("There is nothing here yet that could be added."))
        return said

    def additions(self) -> dict[str, Any]:
        """Keyword arguments for ``actions.add_missing``."""
        said = self.cleaned_data
        contact = {name: said.get(name, "") for name in ("channel", "address", "name", "hours", "message_ok")}
        given = {name: said[name] for name in _ADDS if name != "address" and said.get(name)}
        return given | ({"contact": contact} if contact["address"] else {})


class ApiKeyForm(forms.Form):
    name = forms.CharField(max_length=100, label=_("What is the key for?"))
    organisation = forms.CharField(
        max_length=200, label=_("Whose key is it?"), help_text=_("The organisation's name.")
    )
    kind = forms.ChoiceField(
        label=_("What kind of organisation?"),
        choices=Organisation.Kind.choices,
        initial=Organisation.Kind.PLATFORM,
        help_text=_("Used when the organisation is new here."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"),
        choices=ApiKey.Scope.choices,
        initial=ApiKey.Scope.values,
        widget=forms.CheckboxSelectMultiple,
    )
    trusted_flagger = forms.BooleanField(
        required=False,
        label=_("Trusted flagger"),
        help_text=_("Its reports come earlier in the queue. They are decided like all others."),
    )
