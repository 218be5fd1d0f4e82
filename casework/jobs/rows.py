"""What is done row by row by a regular job: one row that fails stops none behind it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar


class Named(Protocol):
    """A row with a public id."""

    @property
    def public_id(self) -> uuid.UUID:
        """What a failure is named by."""


Row = TypeVar("Row", bound=Named)


class NotAllDone(Exception):
    """Some of what was due could not be done; the rest was. It is due again with the next run.

    Its text is kept in the ledger: ids and classes of errors, no words of people.
    """


def each(rows: Iterable[Row], act: Callable[[Row], object]) -> list[str]:
    """Do *act* with each of *rows*; for those with which it failed, which and what went wrong (no words of people)."""
    failed = []
    for row in rows:
        try:
            act(row)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one, the others are due as well
            failed.append(f"{row.public_id}: {type(error).__name__}")
    return failed
