"""Sessions in the database, asked for only by keys that this installation could have given out."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore


class SessionStore(DatabaseStore):
    """A made-up key is no key: PostgreSQL would refuse one that holds NUL, and the visitor would read "broken"."""

    def _validate_session_key(self, key: Any) -> bool:
        return bool(super()._validate_session_key(key)) and str(key).isalnum()  # type: ignore[misc]
