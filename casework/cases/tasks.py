"""Regular work on cases."""

from __future__ import annotations

from typing import Any

from . import actions


def keep_time(*, start: Any) -> None:
    """Write down which clocks have run out since the last look."""
    actions.note_breaches()
