"""A process that sends a report and kills itself with signal 9 at the step it is told.

It reads lines ``PATH BASE POINT [POINT...]``: for each point a child is forked that works on the progress in PATH with
the server at BASE, and dies at that point (0: never). Answered with the children's exit codes; -9 is the kill.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

settings.configure(
    OUTBOUND_ALLOWED_NETS=(ipaddress.ip_network("127.0.0.0/8"),), OUTBOUND_CA_FILE="", USE_I18N=False
)

from casework.escalations.cybertip.client import Client, Server  # noqa: E402
from casework.escalations.cybertip.errors import CyberTipError  # noqa: E402
from casework.escalations.cybertip.flow import Item, Job, send  # noqa: E402
from casework.escalations.cybertip.progress import State, Superseded  # noqa: E402
from casework.escalations.cybertip.schema import compiled  # noqa: E402
from tests.escalations.cybertip import examples  # noqa: E402
from tests.escalations.cybertip.dying import Steps, Watched, WatchedClient  # noqa: E402
from tests.escalations.cybertip.keeping import InFile  # noqa: E402
from tests.escalations.cybertip.pictures import PICTURES  # noqa: E402
from tests.escalations.cybertip.server import PASSWORD, USER, XSD  # noqa: E402

FINISHED, FAILED, STOPPED = 0, 3, 4


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
