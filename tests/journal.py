"""What tests ask the log: which verbs a case or a person has, in order."""

from __future__ import annotations

from typing import Any

from casework.audit.models import Entry


def verbs_of(case: Any) -> list[str]:
    """The verbs of one case's entries, oldest first."""
    return list(Entry.objects.filter(case_id=case.public_id).order_by("pk").values_list("verb", flat=True))


def all_verbs() -> list[str]:
    """Every verb in the log, oldest first."""
    return list(Entry.objects.order_by("pk").values_list("verb", flat=True))
