"""Upkeep of the banks."""

from __future__ import annotations

from casework.jobs.actions import Start

from . import actions
from .exchanges.actions import reap_attempts


def keep(*, start: Start) -> None:
    """Delete what the banks keep no longer, and keep this machine's index up with the rows."""
    from . import indexing  # numpy and the index: for workers only, and when they are needed

    actions.reap_entries()
    reap_attempts()
    indexing.tend()
