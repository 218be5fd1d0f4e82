"""The workers' index of all PDQ hashes: made from the database, kept up with it before each question, mended.

The rows are the truth and the index is a copy that each machine holds once (``settings.HASH_INDEX_DIR``, 0700) and
its worker processes share. ``caught-up.json`` beside it says of which database it is a copy, and up to which change.
It holds every active entry, also of banks that are switched off; whoever asks checks the answer against the rows.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from detection.index import IndexDamaged, IndexMissing, Match, PdqIndex, build, open_index
from detection.index.directory import MERGE_AT

from .actions import last_change
from .models import Entry

_STATE, _LOCK = "caught-up.json", "catching-up.lock"
#: Changes that are worked in at once, and beyond which a new index costs less than working them in.
_PAGE, _TOO_MANY = 10_000, 500_000

#: The index that this process has open, and the file that told which generation is in force.
_open: dict[Path, tuple[PdqIndex, int]] = {}


class IndexUnusable(Exception):
    """No index could be opened or made. The sentence is for a person; the stored hashes are not affected."""


def search(values: Sequence[bytes], radius: int) -> tuple[list[tuple[Match, ...]], int]:
    """For each of *values* the active entries within *radius* bits, nearest first, and the last change they know of.

    A damaged index is made anew, once. Raises IndexUnusable.
    """
    directory = Path(settings.HASH_INDEX_DIR)
    try:
        try:
            index, seq = _fresh(directory)
            return index.search_many(values, radius), seq
        except (IndexDamaged, IndexMissing):
            index, seq = _remade(directory)
            return index.search_many(values, radius), seq
    except (IndexDamaged, IndexMissing, OSError) as error:
        raise IndexUnusable(
            _("The index of known hashes can't be read or made here (%(what)s).")
            % {"what": type(error).__name__}
        ) from error


def tend() -> None:
    """Upkeep between questions: catch up, and merge what waits when that pays. Raises IndexUnusable."""
    search([], 0)


def _fresh(directory: Path) -> tuple[PdqIndex, int]:
    newest = last_change()
    if _caught_up(directory) == newest:
        return _opened(directory), newest
    with _alone(directory):
        seq = _caught_up(directory)
        if seq is None or not seq <= newest <= seq + _TOO_MANY:
            return _made(directory)
        return _with_changes(directory, seq)


def _remade(directory: Path) -> tuple[PdqIndex, int]:
    with _alone(directory):
        return _made(directory)


def _made(directory: Path) -> tuple[PdqIndex, int]:
    """An index of all active entries; what changes while they are read is worked in with the next question."""
    (directory / _STATE).unlink(missing_ok=True)
    seq = last_change()
    active = Entry.objects.filter(signal=Entry.Signal.PDQ, status=Entry.Status.ACTIVE)
    rows = active.values_list("pk", "value").iterator(chunk_size=_PAGE)
    build(directory, ((key, bytes(value or b"")) for key, value in rows))
    _note(directory, seq)
    return _opened(directory), seq


def _with_changes(directory: Path, seq: int) -> tuple[PdqIndex, int]:
    """The index with every change since *seq*: what is added twice, after a crash, is still one answer."""
    index = _opened(directory)
    changes = Entry.objects.filter(changed_seq__gt=seq).order_by("changed_seq")
    while page := list(changes.values_list("pk", "signal", "status", "value", "changed_seq")[:_PAGE]):
        hashes = [row for row in page if row[1] == Entry.Signal.PDQ]
        index.remove(key for key, _signal, status, _value, _seq in hashes if status != Entry.Status.ACTIVE)
        index.add(
            (key, bytes(value or b""))
            for key, _signal, status, value, _seq in hashes
            if status == Entry.Status.ACTIVE
        )
        seq = page[-1][4]
        _note(directory, seq)
        changes = Entry.objects.filter(changed_seq__gt=seq).order_by("changed_seq")
    if index.waiting() > MERGE_AT:
        index.merge()
    return index, seq


def _opened(directory: Path) -> PdqIndex:
    """This process's open index, opened anew where somebody replaced the directory or its first page."""
    try:
        inode = (directory / "current").stat().st_ino
    except FileNotFoundError as error:
        raise IndexMissing(directory) from error
    held = _open.get(directory)
    if held is not None and held[1] == inode:
        return held[0]
    index = open_index(directory)
    _open[directory] = (index, inode)
    return index


def _caught_up(directory: Path) -> int | None:
    """Up to which change the index is a copy of this database; None where there is none that can be relied on."""
    try:
        state = json.loads((directory / _STATE).read_text())
        return int(state["seq"]) if state["of"] == _database() else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _note(directory: Path, seq: int) -> None:
    unfinished = directory / f"{_STATE}.unfinished"
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"of": _database(), "seq": seq}, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(directory / _STATE)


def _database() -> str:
    """What tells this database from others, restored copies and fresh ones under the same name included."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.system_identifier || ':' || d.oid || ':' || 'hashbanks_entry'::regclass::oid"
            " FROM pg_control_system() c, pg_database d WHERE d.datname = current_database()"
        )
        return str(cursor.fetchone()[0])


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One process at a time works changes in; one that dies lets go."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)
