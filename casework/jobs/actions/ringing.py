"""How a ready job reaches the one django-q2 cluster that its steward looks after. Worker side only.

Each steward has a bell: a name of its own in django-q2's queue table. The rows there are announcements, not
jobs: all of them may be deleted at any time, and what is still ready in the ledger is rung again.
"""

from __future__ import annotations

import os

from django.db import connection, transaction
from django.db.models.functions import Now
from django_q.models import OrmQ

from casework.audit import log
from casework.audit.verbs import Verb
from casework.jobs.envelope import package
from casework.jobs.models import Pulse

#: Announced with the bell's name when something was hung there.
RUNG = "casework_rung"

_READY = """
    SELECT j.id, j.public_id FROM jobs_job j
    WHERE j.state = 'queued' AND j.queue = ANY(%s) AND j.not_before <= clock_timestamp()
        AND (j.bell_row IS NULL OR NOT EXISTS (SELECT 1 FROM django_q_ormq q WHERE q.id = j.bell_row))
    ORDER BY j.not_before, j.id LIMIT %s FOR UPDATE OF j SKIP LOCKED
"""
_HANG = """
    WITH row AS (
        INSERT INTO django_q_ormq (key, payload, lock) VALUES (%s, %s, clock_timestamp()) RETURNING id)
    UPDATE jobs_job SET bell_row = row.id, rung_at = clock_timestamp() FROM row WHERE jobs_job.id = %s
"""


@transaction.atomic
def ring(bell: str, queues: tuple[str, ...], *, most: int) -> int:
    """Announce ready jobs of *queues*, oldest first, until *most* hang at *bell*; how many were new."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_q_ormq WHERE key = %s", [bell])
        room = most - cursor.fetchone()[0]
        if room <= 0:
            return 0
        cursor.execute(_READY, [list(queues), room])
        ready = cursor.fetchall()
        for pk, public_id in ready:
            cursor.execute(_HANG, [bell, package(public_id), pk])
        if ready:
            cursor.execute("SELECT pg_notify(%s, %s)", [RUNG, bell])
    return len(ready)


def ring_again(bell: str, *, seconds: float) -> int:
    """Take back announcements that were fetched more than *seconds* ago and led to nothing; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_q_ormq q USING jobs_job j WHERE j.bell_row = q.id AND q.key = %s"
            " AND j.state = 'queued' AND j.not_before <= clock_timestamp() AND q.lock > clock_timestamp()"
            " AND j.rung_at < clock_timestamp() - make_interval(secs => %s)",
            [bell, seconds],
        )
        return int(cursor.rowcount)


def silence(bell: str) -> int:
    """Take back all announcements of *bell*, whose cluster is gone; how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq WHERE key = %s", [bell])
        return int(cursor.rowcount)


def unacknowledged(bell: str, *, seconds: float) -> int:
    """Announcements that the monitor should have removed: their jobs finished more than *seconds* ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM django_q_ormq q JOIN jobs_job j ON j.bell_row = q.id WHERE q.key = %s"
            " AND j.state NOT IN ('queued', 'running')"
            " AND j.finished_at < clock_timestamp() - make_interval(secs => %s)",
            [bell, seconds],
        )
        return int(cursor.fetchone()[0])


def show_pulse(bell: str, *, node: str, queues: tuple[str, ...], sandbox: str, moved: bool) -> None:
    """The steward of *bell* lives; *moved*: a job was claimed or left its hands since the last time."""
    values = {
        "node": node,
        "pid": os.getpid(),
        "queues": " ".join(queues),
        "sandbox": sandbox,
        "seen_at": Now(),
    }
    if moved:
        values["progress_at"] = Now()
    Pulse.objects.update_or_create(bell=bell, defaults=values)


@transaction.atomic
def leave(bell: str) -> None:
    """The steward of *bell* goes in order."""
    silence(bell)
    Pulse.objects.filter(bell=bell).delete()


@transaction.atomic
def note_restart(bell: str, *, why: str) -> None:
    """The steward of *bell* ended its cluster for another: one entry, and nothing hangs at the bell."""
    silence(bell)
    pulse = Pulse.objects.get(bell=bell)
    log.record(Verb.CLUSTER_RESTARTED, actor=None, subject=pulse, bell=bell, node=pulse.node, why=why)


@transaction.atomic
def refuse_task(row: OrmQ, *, why: str) -> None:
    """Remove a row that does not say "do this job" or that our queue key did not sign, and tell the log."""
    log.record(Verb.TASK_REFUSED, actor=None, subject=row, why=why)
    row.delete()
