"""What happened to a case as plain facts, for what is told to others: who did what when, without words for it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.accounts.models import User

from .models import Entry
from .reading import data_of


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry: *actor* is None for the system and for people without an account; ``data`` names nobody, ``subject``
    is the row it is about (``log.subject_code``)."""

    public_id: uuid.UUID
    at: datetime
    verb: str
    actor: User | None
    subject: str
    data: Mapping[str, Any]


def of_case(case: uuid.UUID, verbs: Collection[str], *, until: datetime | None = None) -> list[Happening]:
    """The entries of a case with one of *verbs*, oldest first, sealed or not; none later than *until*."""
    rows = Entry.objects.filter(case_id=case, verb__in=list(verbs)).select_related("actor").order_by("id")
    if until is not None:
        rows = rows.filter(at__lte=until)
    return [Happening(row.public_id, row.at, row.verb, row.actor, row.subject, data_of(row)) for row in rows]
