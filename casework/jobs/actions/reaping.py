"""What puts right what a dead process left behind. Worker side only; any number of nodes may run it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.jobs.actions.ledger import queue_again, stop_job
from casework.jobs.models import MAX_STARTS, Job, Pulse
from casework.jobs.node import is_alive, this_node

#: Key of the advisory lock by which one node at a time reaps ("jobs" in ASCII).
LOCK = 0x6A6F6273
#: Seconds without a sign of life after which a steward counts as gone.
SILENT = 30
#: Seconds before a job whose process died is started again.
PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Reaped:
    """How many starts were lost, and how many rows of django-q2's queue spoke of nothing any more."""

    lost: int = 0
    swept: int = 0


def reap() -> Reaped | None:
    """End the starts whose lease is over and sweep the queue; None when another node is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return None
        try:
            _forget_stewards()
            return Reaped(lost=_end_overdue(), swept=_sweep())
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def release_dead(node: str) -> int:
    """End the starts of *node* whose process is gone, without waiting for their leases; how many.

    Only a process that can see the node's processes may ask for this, so *node* is the caller's own.
    """
    held = Job.objects.filter(state=Job.State.RUNNING, node=node).values_list("pk", "token", "pid")
    return sum(lose_start(pk, token) for pk, token, pid in held if pid and not is_alive(pid))


@transaction.atomic
def lose_start(pk: int, token: uuid.UUID | None) -> bool:
    """End one start that nobody will finish: the job waits again, or is quarantined after its third start.

    False when the start ended otherwise in the meantime.
    """
    running = Job.objects.select_for_update(skip_locked=True).filter(
        pk=pk, token=token, state=Job.State.RUNNING
    )
    job = running.first()
    if job is None:
        return False
    job.bell_row = None  # nobody will acknowledge that announcement; it is swept
    if job.starts >= MAX_STARTS:
        sentence = _("Each of its %(count)d starts ended without an answer.") % {"count": MAX_STARTS}
        stop_job(job, Job.State.QUARANTINED, code="no_answer", sentence=sentence)
    else:
        queue_again(job, after=PAUSE)
    return True


def _end_overdue() -> int:
    overdue = Job.objects.filter(state=Job.State.RUNNING, lease_until__lt=Now()).order_by("lease_until")
    return sum(lose_start(pk, token) for pk, token in overdue.values_list("pk", "token")[:500])


def _forget_stewards() -> None:
    """Forget the stewards that are silent for long, and those of this node whose process is gone."""
    gone = [pulse.pk for pulse in Pulse.objects.filter(node=this_node()) if not is_alive(pulse.pid)]
    Pulse.objects.filter(Q(pk__in=gone) | Q(seen_at__lt=Now() - timedelta(hours=1))).delete()


_SWEEP = f"""
    DELETE FROM django_q_ormq q
    WHERE q.key NOT IN (
            SELECT bell FROM jobs_pulse WHERE seen_at > clock_timestamp() - interval '{SILENT} seconds')
        OR NOT EXISTS (
            SELECT 1 FROM jobs_job j WHERE j.bell_row = q.id AND (j.state IN ('queued', 'running')
                OR j.finished_at > clock_timestamp() - interval '{SILENT} seconds'))
"""  # noqa: S608 - a constant of ours


def _sweep() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SWEEP)
        return int(cursor.rowcount)


def has_waiting(queues: tuple[str, ...], *, seconds: float) -> bool:
    """Whether a job of *queues* has been ready for longer than *seconds*."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM jobs_job WHERE state = 'queued' AND queue = ANY(%s)"
            " AND not_before < clock_timestamp() - make_interval(secs => %s))",
            [list(queues), seconds],
        )
        return bool(cursor.fetchone()[0])


def busy_workers(node: str, pids: set[int]) -> int:
    """How many of the processes *pids* of *node* hold a lease that is not over."""
    running = Job.objects.filter(state=Job.State.RUNNING, node=node, lease_until__gt=Now(), pid__in=pids)
    return running.values("pid").distinct().count()
