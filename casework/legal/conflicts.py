"""Why a step with a legal request was refused. Each becomes a 409 page; nothing was changed."""

from __future__ import annotations

from django.utils.translation import gettext as _

from casework.cases.conflicts import Conflict

__all__ = ["AnotherNeeded", "Conflict", "NotAllowed", "WrongState"]


class WrongState(Conflict):
    """The request's state has no such step, or somebody was first."""

    def __init__(self, state_words: str) -> None:
        super().__init__(
            _("This request is “%(state)s” by now. Nothing was changed. Open it again to see what is left.")
            % {"state": state_words}
        )


class NotAllowed(Conflict):
    """A rule of the request forbids the step."""


class AnotherNeeded(Conflict):
    """Four eyes: this step needs somebody else."""
