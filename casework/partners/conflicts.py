"""Why a write on the directory was refused. Each becomes a page with its sentence: 409, or 403 for four eyes."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _


class PartnerConflict(Exception):
    """Somebody or something was first. Nothing was changed; ``sentence`` is for the person."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class StaleChange(PartnerConflict):
    """What a change speaks of has itself changed since, or does not hold any more."""


class AlreadySettled(PartnerConflict):
    """Somebody decided before."""

    def __init__(self) -> None:
        super().__init__(_("This was settled before. Nothing was changed."))


class NotTheProposer(PartnerConflict):
    """What somebody else proposed is refused, not taken back."""


class SamePartnerPerson(PermissionDenied):
    """Four eyes: whoever proposed a change or entered a key can't be the second person for it."""
