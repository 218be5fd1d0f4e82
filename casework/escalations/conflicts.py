"""Why a write on an escalation was refused: a 409 with words, or "does not exist". Nothing is stored then."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404
from django.utils.translation import gettext as _

from casework.cases.conflicts import Conflict, IllegalMove

__all__ = [
    "Conflict",
    "GlassRefused",
    "IllegalMove",
    "LookAgain",
    "NotReady",
    "NotThere",
    "OnlyAuthor",
    "SamePerson",
    "StaleEscalation",
]


class NotThere(Http404):
    """For this person there is no such escalation or case (any more)."""


class StaleEscalation(Conflict):
    """Somebody changed it between reading and writing."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Somebody else changed this escalation. Nothing of yours was stored; look at it again, then repeat it."
            )
        )


class LookAgain(Conflict):
    """What would leave now is not what was looked at."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "What would leave has changed since you looked at it. Nothing was agreed to. Read the preview again, "
                "then decide anew."
            )
        )


class SamePerson(Conflict):
    """Four eyes: this word has to come from somebody else."""


class OnlyAuthor(Conflict):
    """A draft is changed and offered by who wrote it; everybody else approves, returns or refuses it."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Only its author changes or offers a draft: whoever changes it could not approve it any more. "
                "Return it with a reason, or draft another one."
            )
        )


class NotReady(Conflict):
    """Something stands in the way of sending; ``problems`` are sentences that say what, and what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(_("It can't leave like this. Nothing was agreed to.") + " " + " ".join(problems))
        self.problems = tuple(problems)


class GlassRefused(Conflict):
    """It may not go without a second person."""
