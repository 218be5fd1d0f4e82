"""Whose signatures on Content Credentials count: lists of certificates that a signer may chain to, read from files.

A list is one PEM file, for example the one that the C2PA publishes. Lists are read once, by whoever starts the work,
and travel to the confined children by value: a child opens no file and nothing is fetched.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LARGEST_LIST = 4 * 1024 * 1024
MOST_LISTS = 16

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}\Z")
_DATED = re.compile(rb"^#\s{0,9}dated:?\s{1,9}(\d{4}-\d\d-\d\d)\s{0,9}$", re.IGNORECASE | re.MULTILINE)


class BadTrustList(ValueError):
    """The list cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class TrustList:
    """One list: its name (the file's), its day as ISO 8601, whether the file itself says that day, and PEM."""

    name: str
    dated: str
    says_date: bool
    anchors: str = field(repr=False)

    @property
    def in_words(self) -> str:
        """The list as a sentence names it: "“c2pa” of 2026-09-24", or when its file was put here."""
        return f"“{self.name}” {'of' if self.says_date else 'installed on'} {self.dated}"


@dataclass(frozen=True, slots=True)
class Trust:
    """All lists of an installation; none of them means that every signer counts as unknown."""

    lists: tuple[TrustList, ...] = ()

    def as_wish(self) -> list[dict[str, Any]]:
        """The lists as JSON, for the process that reads the credentials."""
        return [
            {"name": one.name, "dated": one.dated, "says_date": one.says_date, "anchors": one.anchors}
            for one in self.lists
        ]


NOBODY = Trust()


def from_wish(wish: Iterable[Mapping[str, Any]]) -> Trust:
    """What ``Trust.as_wish`` gave."""
    return Trust(tuple(TrustList(**one) for one in wish))


def read_trust(paths: Iterable[Path]) -> Trust:
    """The lists in these PEM files, one for each file. Raises BadTrustList for a file that is none.

    The day of a list is that of a line "# dated 2026-09-24" in it, else that of its file. A broken list is refused
    here, because the reader of credentials would blame every picture for it.
    """
    lists = tuple(_read(path) for path in paths)
    if len(lists) > MOST_LISTS:
        raise BadTrustList(f"More than {MOST_LISTS} trust lists.")
    names = [one.name for one in lists]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadTrustList(f"Two trust lists are called “{twice[0]}”: rename one of the files.")
    return Trust(lists)


def _read(path: Path) -> TrustList:
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_LIST + 1)
        changed = path.stat().st_mtime
    except OSError as error:
        raise BadTrustList(f"The trust list {path} cannot be read: {error.strerror}.") from error
    if len(raw) > LARGEST_LIST:
        raise BadTrustList(f"The trust list {path} is larger than {LARGEST_LIST // 1024 // 1024} MiB.")
    if not _NAME.match(path.stem):
        raise BadTrustList(
            f"The trust list {path} needs a file name of letters, digits, spaces, dots and dashes."
        )
    said = _DATED.search(raw)
    day = (
        said[1].decode()
        if said
        else datetime.datetime.fromtimestamp(changed, datetime.UTC).date().isoformat()
    )
    return TrustList(path.stem, _checked_day(path, day), said is not None, _certificates(path, raw))


def _checked_day(path: Path, day: str) -> str:
    try:
        return datetime.date.fromisoformat(day).isoformat()
    except ValueError as error:
        raise BadTrustList(f"The trust list {path} is dated {day}, which is no day.") from error


def _certificates(path: Path, raw: bytes) -> str:
    """The certificates alone, written anew: comments of a published list would be one more thing to parse."""
    from cryptography import x509  # here only: the readers of pictures need no cryptography of their own
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(raw)
    except (ValueError, x509.InvalidVersion) as error:
        raise BadTrustList(f"The trust list {path} holds no certificates in PEM: {error}.") from error
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in found)
