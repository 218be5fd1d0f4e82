"""Work that comes round by itself: one ledger row per kind and slot of time, added by whoever looks first."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from casework.jobs.models import Job

from .ledger import add_job

#: How long finished rows of regular work are kept for a look at /healthz and ``manage.py jobs``.
KEPT = timedelta(hours=1)


@transaction.atomic
def add_regular() -> int:
    """Add the job of the current slot for each kind with an ``every`` (seconds); how many kinds there are.

    Slots are counted by the database clock, and the ledger's unique key makes a second attempt a no-op.
    """
    regular = {kind: spec["every"] for kind, spec in settings.JOB_KINDS.items() if "every" in spec}
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::bigint")
        now = cursor.fetchone()[0]
    for kind, every in regular.items():
        slot = f"{kind}@{now // every}"
        add_job(kind, key=slot, args={})
        # By the prefix of the key, which has an index; the ledger as a whole may be long.
        old = Job.objects.filter(key__startswith=f"{kind}@", state=Job.State.DONE)
        # Not the row of this slot, however long it has been done: without it the work would be added anew.
        old.filter(finished_at__lt=Now() - KEPT).exclude(key=slot).delete()
    return len(regular)
