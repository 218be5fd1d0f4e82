"""What the rooms above ask of the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from .models import Message


def latest_about(ids: Sequence[str]) -> Message | None:
    """The newest message that asks for a result on any of these public ids."""
    if not ids:
        return None
    about = Q()
    for public_id in ids:
        about |= Q(about__contains=[public_id])
    return Message.objects.filter(about).order_by("-pk").first()
