"""Words for people outside: what is missing, where a report stands, what comes next. No blame, no promises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Case, Clock, Decision, Effect, Outcome

from .facts import ELEMENT_WORDS
from .models import Element, Report


@dataclass(frozen=True)
class Standing:
    """Where a report stands: a stable code for programs, a heading and a paragraph for people."""

    code: str
    title: str
    text: str
    reasons: str = ""


def standing_of(report: Report) -> Standing:
    """Where *report* stands, in words that promise nothing which has not happened."""
    if report.withdrawn_at:
        return Standing(
            "withdrawn",
            _("You withdrew this report"),
            _(
                "We have stopped working on it unless the law makes us go on, for example where somebody is under 18."
            ),
        )
    case = report.case
    decision = standing_decision(case)
    if decision is not None and case.status in (Case.Status.DECIDED, Case.Status.CLOSED):
        return _decided(case, decision)
    if decision is not None and case.status == Case.Status.HELD and decision.outcome == Outcome.NEED_MORE:
        return _decided(case, decision)
    return _undecided(case)


def _undecided(case: Case) -> Standing:
    if case.status == Case.Status.APPROVAL:
        return Standing(
            "second_person",
            _("A second person is checking"),
            _(
                "Somebody has looked at your report and suggested what to do. A second person checks that first."
            ),
        )
    if case.status == Case.Status.HELD:
        return Standing(
            "in_review",
            _("We are working on it"),
            _("Somebody has looked at your report and is waiting for an answer."),
        )
    if case.claimed_by_id is not None:
        return Standing("in_review", _("We are working on it"), _("Somebody is looking at your report now."))
    return Standing(
        "received",
        _("We have your report"),
        _("It is in line to be looked at by a person. The most urgent reports come first."),
    )


def _decided(case: Case, decision: Decision) -> Standing:
    reasons = decision.statement
    if decision.outcome in (Outcome.REMOVE, Outcome.RESTRICT):
        return _taken_down(decision, reasons)
    if decision.outcome == Outcome.KEEP:
        return Standing(
            "kept",
            _("We decided not to have it removed"),
            _("The reasons are below. You can write to us here if something was overlooked."),
            reasons,
        )
    if decision.outcome == Outcome.NEED_MORE:
        return Standing(
            "need_more",
            _("We need more from you"),
            _(
                "With what we have we could not find it or decide. Please read the messages and add what you can."
            ),
            reasons,
        )
    return Standing(
        "in_review",
        _("We are working on it"),
        _("People who are trained for reports like yours have it now."),
        reasons,
    )


def _taken_down(decision: Decision, reasons: str) -> Standing:
    effects = decision.effects.filter(kind__in=(Effect.Kind.TAKE_DOWN, Effect.Kind.LIMIT))
    places = effects.count()
    done = effects.filter(confirmed_at__isnull=False).count()
    failed = effects.filter(failed_at__isnull=False).count()
    everywhere = _("This has been confirmed for every place we know of.")
    if places and done == places:
        if decision.outcome == Outcome.RESTRICT:
            return Standing("restricted", _("Fewer people can see it now"), everywhere, reasons)
        return Standing("removed", _("It has been removed"), everywhere, reasons)
    text = ngettext(
        "So far the removal is confirmed for %(done)d of %(places)d place.",
        "So far the removal is confirmed for %(done)d of %(places)d places.",
        places,
    ) % {"done": done, "places": places}
    if failed:
        text += " " + ngettext(
            "At %(failed)d place it did not work; we will write to you here about it.",
            "At %(failed)d places it did not work; we will write to you here about it.",
            failed,
        ) % {"failed": failed}
    return Standing("decided", _("Decided; removal not yet confirmed"), text, reasons)


def next_deadline(case: Case) -> datetime | None:
    """The nearest deadline that still runs, or None."""
    clock: Clock | None = case.clocks.filter(stopped_at__isnull=True).order_by("due_at").first()
    return clock.due_at if clock else None


def missing_words(kinds: Iterable[str]) -> list[str]:
    """Missing elements as the reporter reads them."""
    return [str(ELEMENT_WORDS[Element.Kind(kind)]) for kind in kinds]


def note_text(reference: str, access_code: str) -> str:
    """The text file that a reporter takes along. It says nothing about what it belongs to."""
    lines = [
        _("Reference: %s") % reference,
        _("Access code: %s") % access_code,
        _("Page: %s") % f"{settings.PUBLIC_URL}{reverse('status')}",
        "",
        _("Keep this where nobody else looks. It can't be sent again or found again."),
    ]
    return "\n".join(lines) + "\n"


def element_rows(report: Report) -> list[dict[str, Any]]:
    """Each element for the desk: its name, whether it is present, who found it and when."""
    newest: dict[str, Element] = {}
    for element in report.elements.select_related("found_by"):
        newest.setdefault(element.kind, element)
    return [{"kind": kind, "label": kind.label, "finding": newest.get(kind)} for kind in Element.Kind]


#: How somebody may be reached.
CHANNEL_WORDS = {
    "email": gettext_lazy("E-mail"),
    "phone": gettext_lazy("Telephone"),
    "other": gettext_lazy("Another way"),
}


def contact_facts(report: Report) -> list[dict[str, str]]:
    """How the reporter wants to be reached, as label and value; empty for "not at all"."""
    contact = dict(report.contact or {})
    contact["channel"] = CHANNEL_WORDS.get(contact.get("channel", ""), contact.get("channel", ""))
    labels = {
        "channel": _("By"), "address": _("Address or number"), "name": _("Name to use"), "hours": _("Safe hours"),
    }  # fmt: skip
    facts = [
        {"label": label, "value": str(contact[name])} for name, label in labels.items() if contact.get(name)
    ]
    if facts:
        facts.append(
            {"label": _("Leave a message"), "value": _("yes") if contact.get("message_ok") else _("no")}
        )
    return facts


def who_reported(report: Report) -> str:
    """ "by the person depicted", or through whose key it came, for the desk."""
    if report.api_key is None:
        return str(format_lazy(gettext_lazy("by {role}"), role=report.get_role_display()))
    kind = gettext_lazy("the trusted flagger") if report.trusted_flagger else gettext_lazy("the API key of")
    return str(
        format_lazy(
            gettext_lazy("by {role}, through {kind} {name}"),
            role=report.get_role_display(),
            kind=kind,
            name=report.api_key.organisation.name,
        )
    )
