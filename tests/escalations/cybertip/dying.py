"""Moments at which a process that sends a report may die, and the process that dies at one of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

from casework.escalations.cybertip.client import Upload


class Steps:
    """Counts the moments at which a process may die, and dies at one of them."""

    def __init__(self, last: int) -> None:
        self.last, self.count = last, 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """Something whose every call is surrounded by steps."""

    def __init__(self, inner: Any, step: Steps) -> None:
        self.inner, self.step = inner, step

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            self.step()
            done = getattr(self.inner, name)(*given, **named)
            self.step()
            return done

        return call


class WatchedClient(Watched):
    """Files are interrupted between their chunks too."""

    def upload(self, report_id: int, upload: Upload) -> Any:
        def chunks() -> Iterator[bytes]:
            for chunk in upload.chunks:
                yield chunk
                self.step()

        return self.__getattr__("upload")(report_id, Upload(upload.name, upload.size, chunks()))
