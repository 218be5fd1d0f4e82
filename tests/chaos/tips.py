"""The product's own sending of a report to NCMEC, by a worker that kills itself at the steps it is told, each once.

The steps are numbers in a file named after the tip: the worker dies at the first and takes it out before it does, so
that the next start goes on to the second. How many steps a whole run has is written down at its end.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from casework.escalations import tip_sending
from casework.escalations.actions import tip_runs
from casework.escalations.actions.tip_runs import InRow, OnRecord
from casework.escalations.cybertip.client import Client
from casework.escalations.models import Tip
from casework.jobs.actions import Start
from tests.chaos.work import write
from tests.escalations.cybertip.dying import Steps, Watched, WatchedClient


def order_of(tip: str) -> Path:
    """Where it stands at which steps the workers of this tip die."""
    return Path(settings.CASEWORK_HOME) / "dies" / tip


class Ordered(Steps):
    """The next step of the order; whoever starts when all are carried out lives."""

    def __init__(self, tip: str) -> None:
        self.order = order_of(tip)
        self.steps = self.order.read_text().split() if self.order.exists() else []
        super().__init__(int(self.steps[0]) if self.steps else 0)

    def __call__(self) -> None:
        if self.count + 1 == self.last:
            self.order.write_text(" ".join(self.steps[1:]))
        super().__call__()


def send_dying(tip: str, number: int, *, start: Start) -> None:
    """``tasks.send_tip`` with steps around every write and every call, and inside of each call's own row."""
    step = Ordered(tip)

    def service_of(found: Tip, client: Client) -> WatchedClient:
        return WatchedClient(OnRecord(found, Watched(client, step)), step)  # type: ignore[arg-type]

    tip_sending.progress_of = lambda found: Watched(InRow(found), step)  # type: ignore[assignment]
    tip_sending.service_of = service_of  # type: ignore[assignment]
    tip_sending.tip_runs = Watched(tip_runs, step)  # type: ignore[assignment]
    tip_sending.carry_on(tip, number, start=start)
    write(f"steps {tip} {step.count}")
