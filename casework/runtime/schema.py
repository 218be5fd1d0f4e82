"""Whether the database already has this version's schema, asked without loading Django.

Starting Django twice, to migrate nothing and to make no cache table, was more than half of a second start. So the
last complete preparation is remembered as two digests: of what would be migrated (the migrations here, and the
locked packages, which bring theirs) and of what the database says was applied. If either differs, all is done again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import psycopg

from casework.runtime import cluster
from casework.runtime.installation import CHECKOUT, Installation


def is_current(at: Installation) -> bool:
    """Whether the embedded database was prepared by exactly this code and has not changed its schema since."""
    try:
        remembered: object = json.loads(_memory(at).read_text())
    except (FileNotFoundError, ValueError):
        return False
    return remembered == _state(at)


def remember(at: Installation) -> None:
    """Note that all migrations were applied and the cache table exists."""
    _memory(at).write_text(json.dumps(_state(at)) + "\n")


def _memory(at: Installation) -> Path:
    return at.home / "schema.json"


def _state(at: Installation) -> dict[str, str]:
    return {"code": _code_digest(), "database": _database_digest(at)}


def _code_digest() -> str:
    """SHA-256 over the names and contents of what decides about the schema."""
    digest = hashlib.sha256()
    sources = [*CHECKOUT.glob("casework/*/migrations/*.py"), CHECKOUT / "casework/settings.py"]
    for path in sorted([*sources, CHECKOUT / "requirements/run.txt"]):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(CHECKOUT)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _database_digest(at: Installation) -> str:
    """SHA-256 over the applied migrations and the tables that exist; empty when there are none yet."""
    tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    with cluster.connect(at.record) as link:
        try:
            rows = link.execute("SELECT app, name FROM django_migrations ORDER BY app, name").fetchall()
        except psycopg.errors.UndefinedTable:
            return ""
        return hashlib.sha256(repr((rows, link.execute(tables).fetchall())).encode()).hexdigest()
