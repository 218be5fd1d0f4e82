"""What people send on a case."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .models import Basis, Case, Outcome, Policy

#: Under which outcomes which rules make sense; the page narrows the list as the outcome is chosen.
POLICIES: dict[str, tuple[str, ...]] = {
    Outcome.REMOVE: (Policy.NCII_AI, Policy.NCII_AUTHENTIC, Policy.NCII_THREAT, Policy.MINOR),
    Outcome.RESTRICT: (Policy.NCII_AI, Policy.NCII_AUTHENTIC, Policy.NCII_THREAT),
    Outcome.KEEP: (Policy.NOT_INTIMATE, Policy.CONSENT_SHOWN, Policy.NOT_FOUND, Policy.DUPLICATE),
    Outcome.NEED_MORE: (Policy.NCII_AI, Policy.NCII_AUTHENTIC, Policy.NCII_THREAT, Policy.NOT_FOUND),
    Outcome.ESCALATE: (Policy.NCII_AI, Policy.NCII_AUTHENTIC, Policy.NCII_THREAT, Policy.MINOR),
    Outcome.SUSPECTED_MINOR: (Policy.MINOR,),
    Outcome.NOT_MINOR: (Policy.MINOR,),
}

HOLD_FOR = {
    "2h": timedelta(hours=2),
    "1d": timedelta(days=1),
    "3d": timedelta(days=3),
    "7d": timedelta(days=7),
}


def outcomes_for(case: Case) -> list[tuple[str, str]]:
    """The outcomes that make sense for a case: "suspected minor" until it is restricted, "not a minor" from then on."""
    senseless = Outcome.SUSPECTED_MINOR if case.restricted else Outcome.NOT_MINOR
    return [(outcome.value, str(outcome.label)) for outcome in Outcome if outcome != senseless]


class ClaimTokenForm(forms.Form):
    """The token of the claim that a write on the case must show."""

    token = forms.UUIDField(widget=forms.HiddenInput, required=False)


class DecisionForm(ClaimTokenForm):
    """A decision. ``overrides`` is the public id of the standing decision that the page showed."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=(), widget=forms.RadioSelect)
    policy = forms.ChoiceField(label=_("Policy"), choices=Policy.choices)
    bases = forms.MultipleChoiceField(
        label=_("This rests on"),
        choices=Basis.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A score alone never decides."),
    )
    grounds = forms.CharField(
        label=_("Grounds"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4000,
        help_text=_("For colleagues and auditors: why, in facts."),
    )
    statement = forms.CharField(
        label=_("Statement of reasons"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        required=False,
        help_text=_("What the reporter reads on the status page. Name nobody."),
    )
    overrides = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outcome = self.fields["outcome"]
        assert isinstance(outcome, forms.ChoiceField)
        outcome.choices = outcomes_for(case)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        outcome, policy = cleaned.get("outcome"), cleaned.get("policy")
        if outcome and policy and policy not in POLICIES[outcome]:
            self.add_error("policy", _("This rule does not fit the outcome. Choose another of the two."))
        needs_statement = {Outcome.REMOVE, Outcome.RESTRICT, Outcome.KEEP, Outcome.NEED_MORE}
        if outcome in needs_statement and not cleaned.get("statement"):
            self.add_error("statement", _("The reporter is owed reasons for this outcome."))
        return cleaned


class HoldForm(ClaimTokenForm):
    """Put a case aside until a date."""

    period = forms.ChoiceField(
        label=_("Come back in"),
        choices=[("2h", _("2 hours")), ("1d", _("1 day")), ("3d", _("3 days")), ("7d", _("7 days"))],
    )
    reason = forms.CharField(label=_("Waiting for"), max_length=300)

    def until(self) -> datetime:
        """When the case comes back."""
        return timezone.now() + HOLD_FOR[self.cleaned_data["period"]]


class ReasonForm(forms.Form):
    """A reason that the other person will read."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class ReviewForm(forms.Form):
    """The second person's word. ``decision`` is the public id of the decision that the page showed."""

    decision = forms.UUIDField(widget=forms.HiddenInput)
    approved = forms.ChoiceField(
        label=_("Your word"), choices=[("yes", _("Approve")), ("no", _("Refuse"))], widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("approved") == "no" and not cleaned.get("reason"):
            self.add_error("reason", _("Say why, so that the author can do better."))
        return cleaned


class EffectForm(forms.Form):
    """What a person saw of an effect."""

    happened = forms.ChoiceField(
        label=_("What did you see?"), choices=[("yes", _("It is gone")), ("no", _("It failed"))]
    )
    remark = forms.CharField(label=_("Remark"), max_length=500, required=False)


class NoteForm(forms.Form):
    """A note for colleagues."""

    text = forms.CharField(label=_("Note"), max_length=4000, widget=forms.Textarea(attrs={"rows": 3}))


class SearchForm(forms.Form):
    """One box: a reference, a digest, an address, a host or an account name."""

    q = forms.CharField(label=_("Search"), max_length=2000, required=False)
