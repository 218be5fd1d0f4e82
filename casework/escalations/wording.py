"""Words for people about escalations that belong to no single page."""

from __future__ import annotations

from django.utils.translation import gettext as _

from casework.escalations.models import State


def state_words(state: str) -> str:
    """A state as people say it."""
    return str(State(state).label)


def no_such_move(was: str, now: str) -> str:
    """Why a move was refused, for the person who tried it."""
    return _(
        "An escalation that is “%(was)s” can't become “%(now)s”. Nothing was changed; look at it again."
    ) % {
        "was": state_words(was),
        "now": state_words(now),
    }


def no_lines_now(state: str) -> str:
    """Why no line can be written."""
    return _(
        "It is “%(state)s”: the partner would not see what you wrote. Your text was not stored; nothing was changed."
    ) % {"state": state_words(state)}
