"""What comes round by itself: nothing of a draft outlives its time."""

from __future__ import annotations

from casework.jobs.actions import Start

from .actions import reap_drafts
from .limits import forget_counts


def reap(*, start: Start) -> None:
    """Delete drafts whose two hours are over, kept API answers that are a day old, and counters that ran out."""
    reap_drafts()
    forget_counts()
