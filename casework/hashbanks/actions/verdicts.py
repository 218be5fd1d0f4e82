"""What people and exchanges say of entries."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from casework.accounts.models import User
from casework.hashbanks.models import Entry, Feedback, Verdict


def judge_entry(entry: Entry, verdict: Verdict, *, actor: User, item: UUID) -> Feedback | None:
    """Keep what *actor* says of the match of *entry* with an item (its public id); None when they said so before.

    Part of the caller's transaction and entry in the log. A later word of the same person replaces the earlier one:
    the newest counts, and both stay.
    """
    assert connection.in_atomic_block
    Entry.objects.select_for_update().get(pk=entry.pk)  # two clicks at once are one word
    said = Feedback.objects.filter(entry=entry, by=actor, item=item).first()
    if said is not None and said.verdict == verdict:
        return None
    return Feedback.objects.create(entry=entry, verdict=verdict, by=actor, item=item)


def note_outside_verdicts(said: Iterable[tuple[Entry, str, Verdict]]) -> int:
    """Keep what others said of entries through an exchange: (entry, who, verdict); how many were new.

    Part of the caller's transaction and entry in the log. A page of an exchange is one question, not a thousand.
    """
    assert connection.in_atomic_block
    wanted = {(entry.pk, who[:100], verdict.value) for entry, who, verdict in said}
    outside = Feedback.objects.filter(entry__in={pk for pk, _who, _verdict in wanted}, by__isnull=True)
    new = sorted(wanted - set(outside.values_list("entry_id", "outside", "verdict")))
    Feedback.objects.bulk_create(
        Feedback(entry_id=pk, outside=who, verdict=verdict) for pk, who, verdict in new
    )
    return len(new)
