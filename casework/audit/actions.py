"""What reading the log writes: that it was read, by whom, and what they looked for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from .log import record
from .models import Entry
from .reading import Filters, Line, count_fitting, entries_for, entry_for, every_entry
from .verbs import Verb

if TYPE_CHECKING:
    from casework.accounts.models import User


@dataclass(frozen=True)
class _CaseOf:
    public_id: uuid.UUID


@transaction.atomic
def read_log(filters: Filters, *, actor: User, before: uuid.UUID | None, limit: int) -> list[Line]:
    """A page of the log for *actor*, and the entry that says so. The entry does not stand on the page it speaks of."""
    lines = entries_for(actor, filters, before=before, limit=limit)
    record(Verb.LOG_READ, actor=actor, subject=actor, case=filters.case, before=before, **filters.codes())
    return lines


@transaction.atomic
def read_entry(public_id: uuid.UUID, *, actor: User) -> tuple[Entry, Line] | None:
    """One entry with its line, and the entry that says so; None where there is none for *actor*."""
    found = entry_for(actor, public_id)
    if found is not None:
        entry, line = found
        case = _CaseOf(entry.case_id) if entry.case_id else None
        record(Verb.LOG_READ, actor=actor, subject=entry, case=case, entry=public_id, hidden=line.hidden)
    return found


@transaction.atomic
def export_log(filters: Filters, *, actor: User, form: str) -> Iterator[Line]:
    """Everything that fits, as *actor* may see it, up to the entry that says how much was exported in which *form*."""
    count = count_fitting(actor, filters)
    made = record(
        Verb.LOG_EXPORTED,
        actor=actor,
        subject=actor,
        case=filters.case,
        form=form,
        entries=count,
        **filters.codes(),
    )
    return every_entry(actor, filters, up_to=made)
