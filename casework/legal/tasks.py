"""Regular work on legal requests."""

from __future__ import annotations

from typing import Any

from . import actions


def keep_time(*, start: Any) -> None:
    """Note what has left, then which deadlines have run out: what was answered in time is not called late."""
    actions.settle_all()
    actions.note_breaches()
