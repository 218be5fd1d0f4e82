"""The one broker that our clusters use: django-q2's ORM broker, with less trust in the database's contents.

- Only announcements that ``envelope`` accepts reach the cluster; others are removed and told to the log.
- No cache: the cache table holds pickles that web processes write, and a cluster would load them.
- Locks by the database clock, first come first served, and an announcement wakes the cluster at once.
- A database that went away or silent is given up after a while and asked again; the processes live on.
"""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, InterfaceError, connection
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ

from casework.jobs import envelope
from casework.jobs.actions import ringing
from casework.jobs.deadline import Overdue, deadline
from casework.jobs.listening import Ear

logger = logging.getLogger(__name__)

#: Seconds after which a database that does not answer is asked over a new connection.
PATIENCE = 15
#: What a psycopg call may end with when the database is gone, restarting or silent.
GONE = (DatabaseError, InterfaceError, Overdue)

_FETCH = """
    UPDATE django_q_ormq SET lock = clock_timestamp() + make_interval(secs => %s) WHERE id IN (
        SELECT id FROM django_q_ormq WHERE key = %s AND lock < clock_timestamp()
        ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING id, payload
"""


class Doorbell(ORM):  # type: ignore[misc]  # django-q2 has no types
    """Takes the announcements of one bell (``list_key``)."""

    def __init__(self, list_key: str | None = None) -> None:
        # Not the base class's: that would open a connection in a process that forks.
        self.list_key = list_key or Conf.CLUSTER_NAME
        self.connection = self.cache = self._info = None
        self._ear = Ear(ringing.RUNG)

    @staticmethod
    def get_cache() -> None:
        """No cache: the cluster publishes no status there and reads none."""

    def dequeue(self) -> list[tuple[int, str]] | None:
        """The next announcements as (row, signed task), None when none came within the poll."""
        try:
            with deadline(PATIENCE):
                self.get_connection()  # closes a connection that is too old or broken
                return self._fetch() or (self._fetch() if self._ear.hear(Conf.POLL) else None)
        except GONE as error:
            logger.warning("The queue cannot be read (%s); trying again.", type(error).__name__)
            connection.close()
            time.sleep(1)
            return None

    def delete(self, task_id: int) -> None:
        """Remove an announcement. When that fails the reaper does it."""
        try:
            with deadline(PATIENCE):
                super().delete(task_id)
        except GONE as error:
            logger.warning(
                "An announcement could not be removed (%s); the reaper will.", type(error).__name__
            )
            connection.close()

    def _fetch(self) -> list[tuple[int, str]]:
        with connection.cursor() as cursor:
            cursor.execute(_FETCH, [Conf.RETRY, self.list_key, Conf.BULK])
            fetched = cursor.fetchall()
        return [(pk, payload) for pk, payload in fetched if _is_ours(pk, payload)]


def _is_ours(pk: int, payload: str) -> bool:
    try:
        envelope.read(payload)
    except envelope.Refused as refusal:
        logger.error("Row %d of the queue is not an announcement of ours (%s); it was removed.", pk, refusal)
        ringing.refuse_task(OrmQ(pk=pk), why=str(refusal))
        return False
    return True
