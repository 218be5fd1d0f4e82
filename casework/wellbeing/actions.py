"""What is written down of somebody's exposure. It is private to them, so none of it is an entry of the log.

The reveal itself is in the log (``evidence``); this is the meter that the person alone reads.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from casework.accounts.models import User

from .models import Break, Look


def record_look(person: User, *, reference: uuid.UUID, opened_at: datetime) -> None:
    """Note that *person* has a rendition on the screen from *opened_at* on; once per *reference*."""
    Look.objects.get_or_create(reference=reference, defaults={"person": person, "opened_at": opened_at})


def end_look(reference: uuid.UUID, *, seconds: float, estimated: bool) -> None:
    """Note how long it was on the screen; *estimated* when the browser never said that it was closed."""
    Look.objects.filter(reference=reference).update(seconds=max(0.0, seconds), estimated=estimated)


def take_break(person: User) -> None:
    """Note that *person* takes a break: the meter's prompt counts from here."""
    Break.objects.create(person=person)
