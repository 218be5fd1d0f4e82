"""System checks: the log can be added to and not changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

TABLES = ("audit_entry", "audit_seal", "audit_checkpoint")


@register(Tags.database)
def app_role_cannot_change_the_log(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn where the role we connect as holds rights that migration 0002 takes away (granted after migrating).

    The owner of the tables holds all rights; it runs migrations and nothing else (docs/deploy.md).
    """
    found: list[CheckMessage] = []
    for alias in databases or []:
        with connections[alias].cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r' AND NOT"
                " pg_has_role(relowner, 'MEMBER') AND has_table_privilege(oid, 'UPDATE, DELETE, TRUNCATE')"
                " ORDER BY relname",
                [list(TABLES)],
            )
            tables = ", ".join(name for (name,) in cursor.fetchall())
        if tables:
            found.append(
                Warning(
                    f"The role that Casework connects as may change the log ({tables}).",
                    hint=f"As owner: REVOKE UPDATE, DELETE, TRUNCATE ON {tables} FROM that role. Until then only "
                    "the triggers refuse.",
                    id="audit.W001",
                )
            )
    return found
