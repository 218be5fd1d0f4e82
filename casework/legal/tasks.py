"""Regular work on legal requests."""

from __future__ import annotations

from typing import Any

from casework.jobs.rows import NotAllDone

from . import actions


def keep_time(*, start: Any) -> None:
    """Note what has left, then which deadlines have run out: what was answered in time is not called late.

    What fails stops nothing behind it. Raises ``NotAllDone`` at the end, which names each failure and which the ledger
    keeps and shows.
    """
    failed = actions.settle_all()
    failed += actions.note_breaches()
    if failed:
        raise NotAllDone("; ".join(failed))
