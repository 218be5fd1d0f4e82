"""What a partner's person sends, and what the desk says to make a secure link."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from casework.escalations.actions.links import MOST_DAYS
from casework.escalations.models import Escalation, Line, Outcome, SecureLink
from casework.partners.models import Contact

LONGEST = 4000


def _words(label: Any, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        **kwargs,
    )


class PartnerForm(forms.Form):
    """A form of the portal; behind a secure link (``named``) it also asks who writes."""

    name = forms.CharField(
        label=_("Your name and rank or position"),
        max_length=200,
        help_text=_("You came by a link, so we do not know who you are. It stands beside what you write."),
        error_messages={"required": _("Say who you are.")},
    )

    def __init__(self, *args: Any, named: bool = False, **kwargs: Any) -> None:
        # Several of these stand on one page: each field needs an id of its own.
        kwargs.setdefault("auto_id", f"{type(self).__name__.lower()}_%s")
        super().__init__(*args, **kwargs)
        if not named:
            del self.fields["name"]

    @property
    def written_by(self) -> str:
        """The name that was typed; empty for somebody with an account."""
        return str(self.cleaned_data.get("name", ""))


class AcknowledgeForm(PartnerForm):
    """ "We have it": their own number for it, and the digest of the file that they hold."""

    reference = forms.CharField(
        label=_("Your reference number"),
        max_length=100,
        required=False,
        help_text=_("The number under which you keep it, so that both sides can find it again."),
    )
    sha256 = forms.CharField(
        label=_("SHA-256 of the file that you have"),
        max_length=200,
        required=False,
        help_text=_("sha256sum says it. We compare it with ours and tell both sides."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )

    def clean_sha256(self) -> str:
        text = re.sub(r"\s+", "", self.cleaned_data["sha256"]).lower()
        if text and not re.fullmatch(r"[0-9a-f]{64}", text):
            raise forms.ValidationError(
                _(
                    "A SHA-256 has 64 characters, digits and the letters a to f. Copy the first part of the line."
                )
            )
        return text


class WordForm(PartnerForm):
    """A question or a word to the desk."""

    kind = forms.ChoiceField(
        label=_("This is"),
        choices=[(Line.Kind.QUESTION, _("a question")), (Line.Kind.WORD, _("a message"))],
        initial=Line.Kind.QUESTION,
        widget=forms.RadioSelect,
    )
    text = _words(_("To the desk"), error_messages={"required": _("Write something first.")})


class AnswerForm(PartnerForm):
    """What became of it."""

    outcome = forms.ChoiceField(label=_("What became of it"), choices=[("", _("Choose")), *Outcome.choices])
    reference = forms.CharField(label=_("Your reference number"), max_length=100, required=False)
    text = _words(_("In words"), required=False)


class DeclineForm(PartnerForm):
    """That it is not for them, and why."""

    text = _words(
        _("Why you can't take it"),
        help_text=_("Your access ends with this. If somebody else is competent, say who."),
        error_messages={"required": _("Say why, in a sentence.")},
    )


class CodeForm(forms.Form):
    """The code that somebody got by another way than the link."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        help_text=_("Ten letters and digits. Capitals and hyphens do not matter."),
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "characters", "spellcheck": "false"}
        ),
        error_messages={"required": _("Type the code.")},
    )


class ContactField(forms.ModelChoiceField):  # type: ignore[type-arg]  # Django's class takes no argument at run time
    """One person of the partner, by name and position."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, {obj.position}" if obj.position else obj.name


class LinkForm(forms.Form):
    """For whom a link is, where it is mailed, and by which other way the code goes."""

    contact = ContactField(label=_("For"), queryset=Contact.objects.none(), to_field_name="public_id")
    mail_to = forms.EmailField(label=_("Mail the link to"), max_length=254)
    code_by = forms.ChoiceField(
        label=_("The code goes by"),
        choices=SecureLink.CodeBy.choices,
        help_text=_("Another way than the link: whoever reads that mailbox must not get both."),
    )
    code_to = forms.EmailField(label=_("That other mailbox"), max_length=254, required=False)
    days = forms.IntegerField(
        label=_("Open for, in days"), min_value=1, max_value=MOST_DAYS, initial=7,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip

    def __init__(self, *args: Any, escalation: Escalation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contacts = escalation.partner.contacts.filter(ended_at__isnull=True)
        cast("ContactField", self.fields["contact"]).queryset = contacts
        if len(contacts) == 1:
            self.fields["contact"].initial = contacts[0].public_id
            self.fields["mail_to"].initial = contacts[0].mail
