"""A limit in seconds for code that waits for somebody else, such as a database that went silent."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Overdue(BaseException):
    """The wait took longer than it may; the connection that was waited for is of no more use.

    Not an ``Exception``: nothing on the way may take it for a failure of its own and go on waiting.
    """


@contextmanager
def deadline(seconds: int) -> Iterator[None]:
    """Raise ``Overdue`` in the block after *seconds*, by SIGALRM; an earlier alarm goes on afterwards.

    A half-open connection is not noticed by keep-alives when the other side's kernel still acknowledges, so
    somebody here has to count. Main thread only.
    """
    began = time.monotonic()
    before = signal.signal(signal.SIGALRM, _raise)
    left = signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.alarm(max(1, round(left - (time.monotonic() - began))))


def _raise(number: int, frame: FrameType | None) -> None:
    raise Overdue("the database did not answer in time")
