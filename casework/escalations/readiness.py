"""Whether an escalation could leave now: what is asked before it is offered, agreed to, packed and sent."""

from __future__ import annotations

from casework.accounts.models import User
from casework.partners.reading import why_not_sendable

from . import channels, choosing, rules
from .models import Escalation


def in_the_way(escalation: Escalation, *, viewer: User | None = None) -> list[str]:
    """What stands in the way now, in sentences for people, each once: rules, partner, channel, what was chosen.

    *viewer* is whoever looks; its author where nobody does.
    """
    found = [
        *rules.problems(escalation),
        *why_not_sendable(
            escalation.partner,
            tlp=escalation.tlp,
            imagery=escalation.with_pictures,
            channel=escalation.channel,
        ),
        *channels.problems(escalation),
        *choosing.preview(escalation, viewer=viewer or escalation.drafted_by).problems,
    ]
    return list(dict.fromkeys(found))
