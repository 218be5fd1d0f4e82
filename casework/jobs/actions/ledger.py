"""One job's way through the ledger: added, claimed, finished, failed, given up, asked for again.

All times are the database's: a wrong clock neither keeps a lease too long nor takes one too early.
"""

from __future__ import annotations

import json
import logging
import os
import traceback
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from casework.audit import log
from casework.audit.verbs import Verb
from casework.jobs.models import MAX_STARTS, Job
from casework.jobs.node import this_node
from casework.jobs.rows import NotAllDone
from casework.ui.busy import is_busy

if TYPE_CHECKING:
    from casework.accounts.models import User

logger = logging.getLogger(__name__)

#: Announced for each job that is ready or out of our hands, so that the bell need not wait for its poll.
CHANNEL = "casework_jobs"
#: Seconds of lease of a job whose kind is not known (it is given up at once).
SHORT_LEASE = 30
#: Characters of ``Job.error`` that are left beside the sentence of a job that was stopped for good.
_MOST_SAID = 400


class UnknownKind(Exception):
    """A job of a kind that ``JOB_KINDS`` does not name."""


class LostLease(Exception):
    """The start that speaks is no longer the latest one: its lease ran out and somebody else has the job.
    Nothing was changed."""


class GiveUp(Exception):  # noqa: N818 - an order of the job's function, not an accident
    """A job's function says that trying again would not help: *code* for programs, *sentence* for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Start:
    """The right to do one job until the lease ends: its *number*-th start (1 to 3), fenced by *token*."""

    job: uuid.UUID
    kind: str
    args: dict[str, Any]
    number: int
    token: uuid.UUID


_ADD = """
    WITH made AS (
        INSERT INTO jobs_job (public_id, kind, queue, key, args, state, starts, node, error_class, error, not_before)
        VALUES (gen_random_uuid(), %(kind)s, %(queue)s, %(key)s, %(args)s::jsonb, 'queued', 0, '', '', '',
            statement_timestamp() + make_interval(secs => %(after)s))
        ON CONFLICT (key) DO NOTHING RETURNING *)
    SELECT made.*, pg_notify(%(channel)s, made.queue) FROM made
"""


def add_job(kind: str, *, key: str, args: dict[str, Any], after: float = 0.0) -> Job:
    """Insert a job once per *key* (a repeat returns the first) and announce it when the transaction commits.

    It is ready *after* seconds from now. *args* holds ids only. The web process never enqueues: the worker side
    rings for what it finds here. Raises ``UnknownKind``.
    """
    if kind not in settings.JOB_KINDS:
        raise UnknownKind(kind)
    values = {
        "kind": kind, "queue": settings.JOB_KINDS[kind]["queue"], "key": key, "args": json.dumps(args),
        "after": after, "channel": CHANNEL,
    }  # fmt: skip
    # One statement: it waits for somebody who is adding the same job, and then finds it below.
    made: Job | None = next(iter(Job.objects.raw(_ADD, values)), None)
    return Job.objects.get(key=key) if made is None else made


_CLAIM = """
    UPDATE jobs_job SET state = 'running', starts = starts + 1, token = gen_random_uuid(), node = %(node)s,
        pid = %(pid)s, started_at = clock_timestamp(), finished_at = NULL,
        lease_until = clock_timestamp()
            + make_interval(secs => coalesce((%(leases)s::jsonb ->> kind)::float8, %(short)s))
    WHERE public_id = %(job)s AND starts < %(most)s
        AND ((state = 'queued' AND not_before <= clock_timestamp())
            OR (state = 'running' AND lease_until < clock_timestamp()))
    RETURNING kind, args::text, starts, token
"""


def claim(job: uuid.UUID | str) -> Start | None:
    """Take *job* and count the start, before any work, in one statement; None when it is not to be had.

    Of any number of callers exactly one gets it. A job with ``MAX_STARTS`` starts is never handed out again.
    """
    leases = {kind: known["lease"] for kind, known in settings.JOB_KINDS.items()}
    values: dict[str, str | int] = {
        "job": str(job),
        "node": this_node(),
        "pid": os.getpid(),
        "leases": json.dumps(leases),
        "short": SHORT_LEASE,
        "most": MAX_STARTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        row = cursor.fetchone()
    if row is None:
        return None
    kind, args, number, token = row
    return Start(job=uuid.UUID(str(job)), kind=kind, args=json.loads(args), number=number, token=token)


def confirm_start(start: Start) -> None:
    """Hold the ledger's row until the caller's transaction ends: what it writes and the lease go together.

    To be called first in the transaction that stores a job's results. Raises ``LostLease``.
    """
    held = Job.objects.select_for_update().filter(token=start.token, state=Job.State.RUNNING)
    if not held.exists():
        raise LostLease(str(start.job))


_FINISH = """
    WITH left_hands AS (
        UPDATE jobs_job SET state = 'done', finished_at = coalesce(finished_at, clock_timestamp()),
            lease_until = NULL, error_class = '', error = ''
        WHERE public_id = %s AND token = %s AND state IN ('running', 'done') RETURNING queue
    ) SELECT pg_notify(%s, queue) FROM left_hands
"""


def finish(start: Start) -> None:
    """The job is done. May be repeated when the answer was lost. Raises ``LostLease``."""
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, [start.job, start.token, CHANNEL])
        if cursor.fetchone() is None:
            raise LostLease(str(start.job))


@transaction.atomic
def fail(start: Start, error: BaseException, *, retry_in: float | None = None) -> None:
    """The job raised: queue it again *retry_in* seconds from now, or stop it for good at the third start.

    Kept are the error's class and the line it came from, not its text, which may quote evidence or people; of
    ``NotAllDone``, whose text is ids and classes, that. A start that ended because others held what it waited for in
    the database is given back: that says nothing of the job. Raises ``LostLease``.
    """
    job = _held(start)
    if is_busy(error):
        job.starts -= 1
    job.error_class = type(error).__name__[:100]
    job.error = str(error)[:_MOST_SAID] if isinstance(error, NotAllDone) else _origin(error)
    if job.starts >= MAX_STARTS:
        sentence = _("It failed at each of its %(count)d starts.") % {"count": MAX_STARTS}
        stop_job(job, Job.State.FAILED, code=job.error_class, sentence=sentence)
    else:
        queue_again(
            job, after=settings.JOB_RETRY_AFTER[max(job.starts, 1) - 1] if retry_in is None else retry_in
        )


@transaction.atomic
def give_up(start: Start, code: str, sentence: str) -> None:
    """The job cannot be done, however often it is tried. Raises ``LostLease``."""
    job = _held(start)
    job.error_class, job.error = code[:100], ""
    stop_job(job, Job.State.FAILED, code=code, sentence=sentence)


@transaction.atomic
def requeue_job(job: Job, *, actor: User | None) -> bool:
    """Give a failed or quarantined job three new starts; false when it is in another state."""
    stopped = (Job.State.FAILED, Job.State.QUARANTINED)
    locked = Job.objects.select_for_update().filter(pk=job.pk, state__in=stopped).first()
    if locked is None:
        return False
    was, locked.starts = locked.state, 0
    queue_again(locked, after=0.0)
    log.record(
        Verb.JOB_REQUEUED, actor=actor, subject=locked, was=was, kind=locked.kind, code=locked.error_class
    )
    return True


def queue_again(job: Job, *, after: float) -> None:
    """Put a locked *job* back, ready *after* seconds from now. Inside the caller's transaction."""
    job.state = Job.State.QUEUED
    job.token = job.lease_until = job.bell_row = job.rung_at = None
    job.not_before = Now() + timedelta(seconds=after)
    job.save(
        update_fields=[
            *("state", "starts", "token", "lease_until", "bell_row", "rung_at", "not_before"),
            *("error_class", "error"),
        ]
    )
    _announce(job.queue)


def stop_job(job: Job, state: Job.State, *, code: str, sentence: str) -> None:
    """Stop a locked *job* for good and tell its kind's ``on_quarantine`` and the log. In a transaction."""
    job.state, job.lease_until, job.finished_at = state, None, Now()
    job.error = f"{sentence} {job.error}".strip()[:500]
    job.save(update_fields=["state", "lease_until", "finished_at", "bell_row", "error_class", "error"])
    told = _tell_kind(job, sentence)
    verb = Verb.JOB_QUARANTINED if state == Job.State.QUARANTINED else Verb.JOB_FAILED
    log.record(
        verb,
        actor=None,
        subject=job,
        job=job.public_id,
        kind=job.kind,
        starts=job.starts,
        code=code,
        told=told,
    )
    _announce(job.queue)


def _tell_kind(job: Job, sentence: str) -> bool:
    path = settings.JOB_KINDS.get(job.kind, {}).get("on_quarantine")
    if path is None:
        return False
    try:
        with transaction.atomic():
            import_string(path)(**job.args, reason=sentence)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the hook, the job must come to rest
        logger.error(
            "The hook of a stopped %s job failed: %s, %s", job.kind, type(error).__name__, _origin(error)
        )
        return False
    return True


def _held(start: Start) -> Job:
    job = Job.objects.select_for_update().filter(
        public_id=start.job, token=start.token, state=Job.State.RUNNING
    )
    held = job.first()
    if held is None:
        raise LostLease(str(start.job))
    return held


def _origin(error: BaseException) -> str:
    """The line of code that raised, as ``path:line in function``."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    last = frames[-1]
    parts = last.filename.split(os.sep)
    return f"{'/'.join(parts[-3:])}:{last.lineno} in {last.name}"[:300]


def _announce(queue: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, queue])
