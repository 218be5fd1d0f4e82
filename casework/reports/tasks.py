"""What comes round by itself: nothing of a draft outlives its time."""

from __future__ import annotations

from casework.jobs.actions import Start

from .actions import reap_drafts


def reap(*, start: Start) -> None:
    """Delete drafts whose two hours are over, and kept API answers that are a day old."""
    reap_drafts()
