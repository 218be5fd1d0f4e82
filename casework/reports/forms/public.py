"""The pages of the public form: one topic each, and how answers become facts.

What is typed is kept as it was typed (``Answers``), valid or not, so that nothing is lost on the way back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from casework.reports.actions import upload_refusal
from casework.reports.facts import ReportFacts
from casework.reports.models import AgeAtTheTime, MadeHow, Report, ReporterRole
from casework.reports.passing import may_choose
from casework.reports.wording import CHANNEL_WORDS

from .passing import PassingFields
from .places import clean_account, clean_lines, clean_link

#: step -> {"state": "given" | "skipped" | "kept", "values": {field: text}}; "files" holds the sealed uploads.
Answers = Mapping[str, Any]

_LONGEST = 5000


def _text(rows: int, *, most: int = _LONGEST, **kwargs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": rows, "autocomplete": "off"})
    return forms.CharField(max_length=most, required=False, widget=widget, **kwargs)


class StepForm(forms.Form):
    """One page. ``may_skip``: it can be left out now and added later on the status page."""

    may_skip: ClassVar[bool] = False
    use_required_attribute = False  # mistakes are said by the page, in its own words

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def as_typed(self) -> dict[str, str]:
        """What was typed, valid or not, for a draft."""
        return {
            name: str(self.data.get(name, ""))[: 4 * _LONGEST * 10]
            for name in self.fields
            if name in self.data
        }


class StartForm(StepForm):
    in_danger = forms.ChoiceField(
        label=_("Are you, or is somebody else, in danger right now?"),
        choices=[("no", _("No")), ("yes", _("Yes"))],
        widget=forms.RadioSelect,
        required=False,
        initial="no",
    )


class YouForm(StepForm):
    role = forms.ChoiceField(
        label=_("Who are you?"),
        help_text=_("We ask because the law treats reports differently. Nobody has to prove who they are."),
        choices=[
            (ReporterRole.DEPICTED, _("I am the person shown")),
            (ReporterRole.GUARDIAN, _("I am a parent or guardian of the person shown")),
            (ReporterRole.REPRESENTATIVE, _("The person shown asked me to act for them")),
            (ReporterRole.SOMEBODY_ELSE, _("Somebody else: I came across it")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one.")},
    )


class ActingForm(StepForm):
    may_skip = True
    authorisation = _text(
        4,
        most=2000,
        label=_("What are you to the person shown, and how did they agree that you act for them?"),
        help_text=_("A sentence is enough. We ask for no documents now."),
    )


class WhereForm(StepForm):
    may_skip = True
    links = _text(
        5,
        most=200_000,
        label=_("Links to it"),
        help_text=_(
            "One on a line. Copy them from the address bar or from “Share”. You need not open them again."
        ),
    )
    accounts = _text(
        3,
        most=20_000,
        label=_("Names of accounts that show it"),
        help_text=_("One on a line, with the site if you know it."),
    )
    description = _text(
        3,
        label=_("Anything that helps us find the right one"),
        help_text=_(
            "For example: the third picture, or from minute two. Please do not describe what is shown."
        ),
    )

    def clean_links(self) -> tuple[str, ...]:
        return clean_lines(self.cleaned_data["links"], clean_link)

    def clean_accounts(self) -> tuple[str, ...]:
        return clean_lines(self.cleaned_data["accounts"], clean_account)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not self.errors and not said.get("links") and not said.get("accounts"):
            self.add_error("links", _("Give at least one link or account name, or press “Skip for now”."))
        return said


class WhatForm(StepForm):
    age_at_the_time = forms.ChoiceField(
        label=_("How old was the person shown at that time?"),
        help_text=_("If it was made with AI: how old is the person it is made to look like?"),
        choices=[
            (AgeAtTheTime.ADULT, _("18 or older")),
            (AgeAtTheTime.MINOR, _("Under 18")),
            (AgeAtTheTime.UNKNOWN, _("I don’t know")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one; “I don’t know” is an answer too.")},
    )
    made_how = forms.ChoiceField(
        label=_("Is it real, or made or changed with AI?"),
        help_text=_("Both are treated alike."),
        choices=[
            (MadeHow.REAL, _("Real")),
            (MadeHow.AI, _("Made or changed with AI")),
            (MadeHow.UNKNOWN, _("I don’t know")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one; “I don’t know” is an answer too.")},
    )


class SignForm(StepForm):
    may_skip = True
    no_consent = forms.BooleanField(
        label=_("I believe in good faith that the person shown did not agree to this being shared."),
        error_messages={"required": _("Tick this if it is so, or press “Skip for now”.")},
    )
    statement = _text(
        4,
        label=_("Anything that shows this"),
        help_text=_("Only if you want to. You never have to explain how it came about."),
    )
    accurate = forms.BooleanField(
        label=_("What I have written is true and complete as far as I know."),
        error_messages={"required": _("Tick this if it is so, or press “Skip for now”.")},
    )
    signature = forms.CharField(
        max_length=200,
        label=_("Type your name as a signature"),
        help_text=_(
            "The law asks for a signature. Only people who work on your report see it, never whoever shared it."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Type your name, or press “Skip for now”.")},
    )


class ContactForm(StepForm):
    NONE = "none"
    CHANNELS: ClassVar[dict[str, Any]] = CHANNEL_WORDS
    channel = forms.ChoiceField(
        label=_("How may we reach you?"),
        choices=[*CHANNELS.items(), (NONE, _("Not at all: I will look at my status page"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one; “Not at all” is an answer too.")},
        help_text=_(
            "Without a way to reach you, the law does not count a request as complete. We work on it all the same, "
            "and everything we have to say stands on your status page."
        ),
    )
    address = forms.CharField(
        max_length=300,
        required=False,
        label=_("Address or number"),
        help_text=_("One that nobody else reads or answers."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(
        max_length=200,
        required=False,
        label=_("What should we call you?"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    hours = forms.CharField(
        max_length=200,
        required=False,
        label=_("When is it safe to reach you?"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    message_ok = forms.BooleanField(required=False, label=_("You may leave a message"))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("channel") in self.CHANNELS and not said.get("address") and "address" not in self.errors:
            self.add_error("address", _("Type the address or number, or choose “Not at all”."))
        return said

    def contact(self) -> dict[str, str | bool] | None:
        """The contact of a cleaned form, or None where there is none."""
        said = self.cleaned_data
        if said.get("channel") in (None, self.NONE) or not said.get("address"):
            return None
        return {name: said.get(name, "") for name in ("channel", "address", "name", "hours", "message_ok")}


class PassingForm(PassingFields, StepForm):
    may_skip = True


FORMS: dict[str, type[StepForm]] = {
    "start": StartForm,
    "you": YouForm,
    "acting": ActingForm,
    "where": WhereForm,
    "what": WhatForm,
    "sign": SignForm,
    "contact": ContactForm,
    "passing": PassingForm,
}
#: The last page: everything once more, with a way back to each part.
CHECK = "check"
#: Pages whose fields are not facts by themselves.
_APART = ("contact", "passing")
_ACTING_FOR = (ReporterRole.GUARDIAN, ReporterRole.REPRESENTATIVE)
_ELSE = (ReporterRole.REPRESENTATIVE, ReporterRole.SOMEBODY_ELSE)


def values_of(answers: Answers, step: str) -> Mapping[str, str]:
    """What was typed on *step*."""
    values: Mapping[str, str] = answers.get(step, {}).get("values", {})
    return values


def steps_of(answers: Answers) -> list[str]:
    """The pages this reporter passes, in order; which, depends on who they are and what it is."""
    role = values_of(answers, "you").get("role", "")
    steps = ["start", "you"]
    steps += ["acting"] if role in _ACTING_FOR else []
    steps += ["where", "what"]
    # Whoever may not send files sees that page only where it has something to explain.
    steps += ["files"] if role in _ELSE or minor_indicated(answers) else []
    steps += ["sign", "contact"]
    return [*steps, "passing", CHECK] if may_choose(role) else [*steps, CHECK]


def minor_indicated(answers: Answers) -> bool:
    """Whether the answers say "under 18" or "don't know"."""
    return values_of(answers, "what").get("age_at_the_time") in (AgeAtTheTime.MINOR, AgeAtTheTime.UNKNOWN)


def files_refused(answers: Answers) -> str:
    """Why this reporter may not send files, in words; empty where they may.

    Not before both questions are answered: a page that is reached early takes nothing.
    """
    role = values_of(answers, "you").get("role", "")
    if values_of(answers, "what").get("age_at_the_time") not in AgeAtTheTime.values:
        return str(_("Please answer the questions before this one first."))
    return upload_refusal(channel=Report.Channel.FORM, role=role, minor_indicated=minor_indicated(answers))


def open_step(answers: Answers) -> str:
    """The first page that is neither answered nor skipped; the last page when there is none."""
    for step in steps_of(answers):
        if step == CHECK or answers.get(f"{step}_seen" if step == "files" else step, {}).get("state") in (
            None,
            "kept",
        ):
            return step
    return CHECK


def filled(step: str, answers: Answers) -> StepForm:
    """The form of *step* bound to what was typed, cleaned; it may be invalid."""
    data = QueryDict(mutable=True)
    data.update(dict(values_of(answers, step)))
    form = FORMS[step](data)
    form.is_valid()
    return form


def facts_of(answers: Answers) -> ReportFacts:
    """The facts of all answers that are valid; pages that were skipped add nothing they can't."""
    said: dict[str, Any] = {}
    for step in steps_of(answers):
        if step in FORMS and step not in _APART and step in answers:
            said |= filled(step, answers).cleaned_data
    contact, passing = filled("contact", answers), filled("passing", answers)
    asked = "passing" in steps_of(answers)
    return ReportFacts(
        **(said | {"in_danger": said.get("in_danger") == "yes"}),
        contact=contact.contact() if isinstance(contact, ContactForm) else None,
        passing_on=passing.chosen() if asked and isinstance(passing, PassingForm) else {},
        language=(get_language() or "en")[:10],
    )


def review_rows(answers: Answers) -> list[dict[str, Any]]:
    """Each answer as question, words and the page to change it on."""
    rows = []
    for step in steps_of(answers):
        if step not in FORMS:
            continue
        form = filled(step, answers)
        unreachable = step == "contact" and form.cleaned_data.get("channel") == ContactForm.NONE
        for field in list(form)[:1] if unreachable else form:
            rows.append(
                {"step": step, "label": field.label, "lines": _shown(form, field), "anchor": field.auto_id}
            )
    return rows


def missing_elements(facts: ReportFacts) -> list[str]:
    """The elements that a complete request would still need."""
    return [kind for kind, present in facts.elements().items() if not present]


def too_many_files() -> str:
    """More files than one report takes."""
    return str(
        _("One report takes at most %d files. The last ones were not kept.") % settings.UPLOAD_MAX_FILES
    )


def _shown(form: StepForm, field: forms.BoundField) -> list[str]:
    value = form.cleaned_data.get(field.name)
    if isinstance(field.field, forms.ChoiceField):
        return [str(label) for key, label in field.field.choices if key == value]  # type: ignore[union-attr,misc]
    if isinstance(value, bool):
        return [str(_("Yes") if value else _("No"))]
    if isinstance(value, tuple):
        return list(value)
    return [str(value)] if value else []
