"""Why a write on a case was refused. Each becomes a 409 at both doors; ``sentence`` is for the person."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _


class Conflict(Exception):
    """Somebody or something was first. Nothing was changed, and what was typed is kept."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class StaleCase(Conflict):
    """The case changed between reading and writing."""


class IllegalMove(Conflict):
    """The case's state has no such move."""


class ClaimedByOther(Conflict):
    """Somebody else holds the lease."""


class LeaseLost(Conflict):
    """The lease ran out, was taken over or ended with its session."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Your claim on this case has ended. Nothing was decided. What you typed is kept: claim it again."
            )
        )


class AlreadyDecided(Conflict):
    """A newer decision exists than the one the page showed."""


class AnotherPersonNeeded(PermissionDenied):
    """Four eyes: whoever made a decision cannot be its second person."""
