"""The way an escalation went, step by step, and what it waits for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from casework.accounts.models import User

from .models import Escalation, State
from .reading import awaits_acknowledgement
from .tip_wording import is_stuck


def way_of(escalation: Escalation) -> list[dict[str, Any]]:
    """The way it went, first step first, with who and when; the last line is what comes next."""
    own = escalation
    package = own.packages.filter(ready_at__isnull=False).order_by("-pk").first()
    steps: list[tuple[Any, str, str, str, str]] = [
        (own.drafted_at, _("Drafted"), own.drafted_by.name, "", "pencil"),
        (own.offered_at, _("Offered for approval"), own.drafted_by.name, "", "eye"),
        (
            own.imagery_approved_at,
            _("Pictures approved"),
            name_of(own.imagery_approved_by),
            own.imagery_why,
            "photo",
        ),
        (own.approved_at, _("Approved"), name_of(own.approved_by), "", "check"),
        (
            own.broken_at,
            _("Sent without a second person"),
            own.drafted_by.name,
            own.break_glass_words,
            "bolt",
        ),
        (own.reviewed_at, _("Reviewed"), name_of(own.reviewed_by), _review_words(own), "scale"),
        (package.ready_at if package else None, _("Package made"), "", "", "archive-box"),
        (own.sent_at, _("Sent"), "", "", "paper-airplane"),
        (own.delivered_at, _("Delivered"), "", "", "inbox-arrow-down"),
        (own.acknowledged_at, _("Acknowledged"), _who_there(own), own.recipient_reference, "hand-thumb-up"),
        (
            own.answered_at,
            _("Answered"),
            "",
            str(own.get_outcome_display() if own.outcome else ""),
            "chat-bubble-left",
        ),
        (own.ended_at, str(own.get_state_display()).capitalize(), "", own.ended_why, "stop"),
    ]
    done = [
        {"when": at, "what": what, "who": who, "detail": detail, "icon": icon, "kind": "way"}
        for at, what, who, detail, icon in sorted(
            (step for step in steps if step[0] is not None), key=lambda step: step[0]
        )
    ]
    coming = _next_words(own)
    return (
        [*done, {"when": None, "what": coming, "icon": "ellipsis-horizontal", "kind": "next"}]
        if coming
        else done
    )


def _next_words(escalation: Escalation) -> str:
    """What it waits for, in a sentence; nothing once it has ended."""
    match escalation.state:
        case State.RETURNED:
            return _("Its author changes it or withdraws it.")
        case State.DRAFT:
            if escalation.offered_at is None:
                return _("Its author looks at what would leave and offers it for approval.")
            return _("Waits for the word of a second person.")
        case State.APPROVED:
            if is_stuck(escalation):
                return _(
                    "Somebody here reads why NCMEC did not take the report, and tries it again or withdraws it."
                )
            return _("It is made ready and sent by itself.")
        case State.SENT | State.DELIVERED:
            if awaits_acknowledgement(escalation):
                return _("Waits for the partner to say that they have it.")
            if escalation.state == State.SENT:
                return _("Waits for its channel to say that it has arrived.")
            return _("By this channel nobody acknowledges it. Somebody here closes it.")
        case State.ACKNOWLEDGED:
            return _("Waits for the partner's answer.")
        case State.ANSWERED:
            return _("Somebody here reads the answer and closes it.")
    return ""


def name_of(person: User | None) -> str:
    """The name of a person, nothing for nobody."""
    return person.name if person else ""


def _who_there(escalation: Escalation) -> str:
    return name_of(escalation.acknowledged_by) or escalation.acknowledged_name


def _review_words(escalation: Escalation) -> str:
    if escalation.review_right is None:
        return ""
    verdict = _("It was right.") if escalation.review_right else _("It was wrong.")
    return f"{verdict} {escalation.review_words}".strip()
