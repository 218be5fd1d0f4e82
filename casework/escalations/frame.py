"""What the frame around every page shows of escalations: how many wait for this person's word."""

from __future__ import annotations

from django.http import HttpRequest

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from . import reading


def counts(request: HttpRequest) -> dict[str, int]:
    """The number beside the rail's entry, for those whose word something may wait for."""
    user = request.user
    judging = (Perm.APPROVE_ESCALATION, Perm.APPROVE_IMAGERY, Perm.REVIEW_BREAK_GLASS)
    if not isinstance(user, User) or not any(user.may(perm) for perm in judging):
        return {}
    return {"escalations": reading.waiting_for(user)}
