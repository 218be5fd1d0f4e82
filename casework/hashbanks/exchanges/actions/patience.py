"""How long to wait after a failure."""

from __future__ import annotations

import random

from casework.outbox.errors import BadStatus, OutboundError

_FIRST, _LONGEST = 60.0, 6 * 3600.0
#: Exchanges that failed together do not all come back in the same second.
_JITTER = 0.2


def seconds_to_wait(failures: int, error: OutboundError | None = None) -> float:
    """Seconds until the next try after so many failures in a row: doubled each time, up to six hours, and never less
    than the server asked for."""
    waiting = min(_FIRST * float(1 << min(max(failures, 1) - 1, 20)), _LONGEST)
    waiting *= 1 + _JITTER * (2 * random.random() - 1)  # noqa: S311 - nobody gains by guessing it
    asked = error.retry_after if isinstance(error, BadStatus) else None
    return max(waiting, asked or 0.0)
