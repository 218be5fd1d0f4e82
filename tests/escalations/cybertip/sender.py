"""A process that sends a report and kills itself with signal 9 at the step it is told.

It reads lines ``PATH BASE POINT [POINT...]``: for each point a child is forked that works on the progress in PATH with
the server at BASE, and dies at that point (0: never). Answered with the children's exit codes; -9 is the kill.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

settings.configure(
    OUTBOUND_ALLOWED_NETS=(ipaddress.ip_network("127.0.0.0/8"),), OUTBOUND_CA_FILE="", USE_I18N=False
)

from casework.escalations.cybertip.client import Client, Server, Upload  # noqa: E402
from casework.escalations.cybertip.errors import CyberTipError  # noqa: E402
from casework.escalations.cybertip.flow import Item, Job, send  # noqa: E402
from casework.escalations.cybertip.progress import State, Superseded  # noqa: E402
from casework.escalations.cybertip.schema import compiled  # noqa: E402
from tests.escalations.cybertip import examples  # noqa: E402
from tests.escalations.cybertip.keeping import InFile  # noqa: E402
from tests.escalations.cybertip.pictures import PICTURES  # noqa: E402
from tests.escalations.cybertip.server import PASSWORD, USER, XSD  # noqa: E402

FINISHED, FAILED, STOPPED = 0, 3, 4


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
        def call(*given: Any) -> Any:
            self.step()
            done = getattr(self.inner, name)(*given)
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


def items() -> tuple[Item, ...]:
    def item(file: Any) -> Item:
        chunks = PICTURES[file.key]
        return Item(file, sum(map(len, chunks)), lambda: iter(chunks))

    return tuple(item(file) for file in (examples.PLAIN_FILE, examples.WHOLE_FILE))


def run(path: Path, base: str, last: int) -> int:
    step = Steps(last)
    client = Client(Server("test", USER, PASSWORD, base))
    schema = compiled(XSD.read_bytes())
    job = Job(
        Watched(InFile(path), step), WatchedClient(client, step), schema, examples.SMALL, items(), lambda: examples.NOW
    )  # fmt: skip
    try:
        state: State = send(job)
    except Superseded:
        return STOPPED
    except CyberTipError as error:
        print(error.sentence, file=sys.stderr)
        return FAILED
    path.with_suffix(".steps").write_text(str(step.count))
    return FINISHED if state.stage == "finished" else FAILED


def main() -> None:
    for line in sys.stdin:
        path, base, *points = line.split()
        children = []
        for point in points:
            child = os.fork()
            if child == 0:
                os._exit(run(Path(path), base, int(point)))
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(*codes, flush=True)


if __name__ == "__main__":
    main()
