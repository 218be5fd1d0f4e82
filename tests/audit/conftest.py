"""A log that is sealed for real: a database in which commits count, and files of this test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections, transaction
from django.test import override_settings

from casework.audit import sealer
from casework.audit.journal import Journal
from casework.audit.log import Verb, record
from casework.audit.models import Entry
from casework.runtime import cluster
from tests.cast import person


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The files outside the database, empty, and the settings that name them."""
    path = tmp_path / "checkpoints.log"
    with override_settings(CHECKPOINT_FILE=path, LOG_ORIGIN="desk.test/log"):
        yield Journal(path)


@pytest.fixture
def real_log(committed_db: str, journal: Journal) -> Journal:
    """A database of this test's own, an empty log in it, and its journal."""
    return journal


@pytest.fixture
def sealed_log(real_log: Journal) -> Journal:
    """Mona's twelve entries, sealed under three checkpoints of four."""
    for _checkpoint in range(3):
        write_entries(4)
        seal()
    return real_log


def write_entries(count: int, **data: Any) -> list[Entry]:
    """*count* entries about mona, each committed by itself."""
    mona = person("mona")
    made = []
    for number in range(count):
        with transaction.atomic():
            made.append(record(Verb.SIGNED_IN, actor=mona, subject=mona, number=number, **data))
    return [Entry.objects.get(public_id=public_id) for public_id in made]


def opened() -> sealer.Sealer:
    """The sealer of the settings, opened."""
    made = sealer.configured()
    made.open()
    return made


def seal() -> int:
    """Everything that waits, sealed by a sealer that has just started; how many entries."""
    return opened().seal()


def verify(*arguments: str, capsys: Any) -> tuple[int, str]:
    """Exit code and output of ``audit_verify``."""
    try:
        call_command("audit_verify", *arguments)
    except SystemExit as end:
        return int(end.code or 0), capsys.readouterr().out
    except CommandError as error:
        return 2, str(error)
    return 0, capsys.readouterr().out


@pytest.fixture
def tamper(superuser: psycopg.Connection[Any]) -> Callable[..., Any]:
    """Run one statement as a superuser who has turned the triggers off: ``tamper("DELETE …", 1)``."""
    superuser.execute("SET session_replication_role = replica")

    def run(statement: str, *parameters: Any) -> Any:
        cursor = superuser.execute(statement, parameters or None)  # type: ignore[arg-type]
        return cursor.fetchall() if cursor.description else cursor.rowcount

    return run


class Killed(BaseException):
    """Stands for ``kill -9``: nothing catches it."""


@contextmanager
def dying_after_the_journal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The sealer of this block dies after it has written the journal and before it commits."""
    append = Journal.append

    def append_and_die(self: Journal, leaves: list[bytes], note: str) -> None:
        append(self, leaves, note)
        raise Killed

    with monkeypatch.context() as patch, suppress(Killed):
        patch.setattr(Journal, "append", append_and_die)
        yield
        raise AssertionError("the sealer did not die")


@contextmanager
def copy_of_the_database() -> Iterator[str]:
    """A copy of the test's database as it is now, like a dump that is restored later; its name."""
    name = connection.settings_dict["NAME"]
    older = f"{name}_older"
    connections.close_all()
    _as_superuser(f'CREATE DATABASE "{older}" TEMPLATE "{name}" OWNER casework_owner')
    try:
        yield older
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = name
        _as_superuser(f'DROP DATABASE "{older}" WITH (FORCE)')


def _as_superuser(statement: str) -> None:
    with cluster.connect(settings.CASEWORK_HOME / "postgres.json", database="postgres") as link:
        link.execute(statement)  # type: ignore[arg-type]


@contextmanager
def refused() -> Iterator[pytest.ExceptionInfo[sealer.Refusal]]:
    """The sealer refuses in this block."""
    with pytest.raises(sealer.Refusal) as caught:
        yield caught
