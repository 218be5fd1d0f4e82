"""The way an escalation went, step by step, and what it waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.accounts.models import User
from casework.partners.models import Channel

from .models import Escalation, State
from .reading import awaits_acknowledgement, is_not_taken
from .tip_wording import is_stuck, what_to_do

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: What is known of an escalation that is "delivered", where that is less than the word says.
_TAKEN: dict[str, StrOrPromise] = {
    Channel.XARF_MAIL: gettext_lazy("taken by the mail server"),
    Channel.XARF_API: gettext_lazy("taken by the host's API"),
    Channel.WEBHOOK: gettext_lazy("taken by the partner's system"),
    Channel.STOPNCII: gettext_lazy("taken by StopNCII"),
}


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
        (own.delivered_at, _begun(delivered_words(own)), "", "", "inbox-arrow-down"),
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
    if is_stuck(escalation):
        return what_to_do(escalation)
    match escalation.state:
        case State.RETURNED:
            return _("Its author changes it or withdraws it.")
        case State.DRAFT:
            if escalation.offered_at is None:
                return _("Its author looks at what would leave and offers it for approval.")
            return _("Waits for the word of a second person.")
        case State.APPROVED:
            return _("It is made ready and sent by itself.")
        case State.SENT | State.DELIVERED:
            if awaits_acknowledgement(escalation):
                return _("Waits for the partner to say that they have it.")
            if is_not_taken(escalation):
                return _(
                    "StopNCII has not taken all of it within 72 hours. It is tried on by itself. Somebody here looks "
                    "at the exchange of the bank, under Banks, or withdraws it."
                )
            if escalation.state == State.SENT:
                return _("Waits for its channel to say that it has arrived.")
            if escalation.channel == Channel.XARF_MAIL:
                return _(
                    "Whether anybody there got it is not known: what comes back goes to the mailbox this desk writes "
                    "from, and a person has to look there. Somebody here closes it."
                )
            return _("By this channel nobody acknowledges it. Somebody here closes it.")
        case State.ACKNOWLEDGED:
            return _("Waits for the partner's answer.")
        case State.ANSWERED:
            return _("Somebody here reads the answer and closes it.")
    return ""


def delivered_words(escalation: Escalation) -> str:
    """What "delivered" means by its channel: who has taken it, and no more than that."""
    return str(_TAKEN.get(escalation.channel, State.DELIVERED.label))


def _begun(words: str) -> str:
    """*words* as a line begins; names within keep their letters."""
    return words[:1].upper() + words[1:]


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
