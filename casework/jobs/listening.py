"""Waiting for a notification of PostgreSQL on Django's own connection."""

from __future__ import annotations

from typing import cast

import psycopg
from django.db import connection


class Ear:
    """Listens on one *channel*, over whatever connection there is now."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self._connected: object = None

    def hear(self, seconds: float) -> bool:
        """Wait at most *seconds*; true when there may be news. Raises DatabaseError without a database.

        True at once on a new connection: what was announced before we listened is found by looking.
        """
        raw = cast("psycopg.Connection[object] | None", connection.connection)
        if raw is None or self._connected is not raw:
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {self.channel}")
            self._connected = connection.connection
            return True
        # Exhausted, not left in the middle: the generator holds the connection's lock.
        with connection.wrap_database_errors:
            return bool(list(raw.notifies(timeout=seconds, stop_after=1)))
