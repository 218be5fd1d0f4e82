"""The worker's side: one attempt a job. What a receiver does wrong is kept on the attempt, never raised."""

from __future__ import annotations

from casework.jobs.actions import Start

from . import actions
from .delivery import hand_over


def deliver(message: str, number: int, *, start: Start) -> None:
    """Make attempt *number* for the message with this public id."""
    attempt = actions.begin_attempt(message, number, start=start)
    if attempt is not None:
        actions.end_attempt(attempt, hand_over(attempt.message), start=start)
