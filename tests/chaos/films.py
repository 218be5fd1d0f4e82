"""A fail point inside the decoder of films: at the third picture of a film that holds ``KILLER``, the child dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from detection import looking
from detection.limits import Limits

if TYPE_CHECKING:
    from casework.jobs.actions import Start

KILLER = b"this film kills its reader"
_DIES_AT = 3
_work = looking.work


def killing(film: bytes) -> bytes:
    """The same film with a last box that players skip."""
    return film + (len(KILLER) + 8).to_bytes(4, "big") + b"free" + KILLER


def examine_beside_a_killer(item: str, *, start: Start) -> None:
    """The product's own examination, whose child dies while it decodes what holds ``KILLER``."""
    from casework.evidence import tasks

    looking.work = dying_work
    tasks.examine_item(item, start=start)


def dying_work(data: bytes, wishes: Mapping[str, Any], limits: Limits) -> Any:
    """What the child does; found by its name in the process that forks it."""
    from detection.video import sampling

    if KILLER in data:
        sampling.decoded = _dying(sampling.decoded)
    return _work(data, wishes, limits)


def _dying(decoded: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def dying(*args: Any, **more: Any) -> Iterator[Any]:
        for number, frame in enumerate(decoded(*args, **more), start=1):
            if number == _DIES_AT:
                os.kill(os.getpid(), signal.SIGSEGV)
            yield frame

    return dying
