"""The worker's side of what leaves: thin functions with ids in."""

from __future__ import annotations

from casework.jobs.actions import Start

from . import actions
from .models import Package


def make_package(package: str, *, start: Start) -> None:
    """Make the package with this public id, or as much of it as one job has time for."""
    from .packing import make  # fonts and layout, for this kind of job only

    make(_package(package), start=start)


def stamp_package(package: str, *, start: Start) -> None:
    """Have the package with this public id time-stamped."""
    from .stamping import stamp

    stamp(_package(package), start=start)


def keep_time(*, start: Start) -> None:
    """Do what time asks for: reminders, the end of a partner's access, notes of overdue reviews."""
    actions.keep_time()


def send_tip(tip: str, number: int, *, start: Start) -> None:
    """Carry the CyberTipline report of this tip (a public id) on; run *number* and no older one."""
    from .tip_sending import carry_on  # libxml2, for this kind of job only

    carry_on(tip, number, start=start)


def _package(public_id: str) -> Package:
    rows = Package.objects.select_related("escalation__case", "escalation__partner__organisation")
    return rows.get(public_id=public_id)
