"""A tar archive of which exactly one form exists, written as a stream (POSIX.1-1988 "ustar").

Members are regular files in the byte order of their names, with fixed owner, mode and time, zero padding and two zero
blocks at the end; no directories, no pax headers. So whoever knows names, sizes and contents knows every byte, and
a writer that was cut off goes on at any offset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

BLOCK = 512
END = bytes(2 * BLOCK)
MODE = 0o644
#: 1980-01-01T00:00:00Z: a fixed time that no tar program calls implausible.
MTIME = 315_532_800
#: What eleven octal digits can say.
MOST_BYTES = 8**11 - 1
NAME_BYTES, PREFIX_BYTES = 100, 155


class BadName(ValueError):
    """A file can't have this name in a package."""


class WrongSize(Exception):
    """A file gave more or fewer bytes than was said of it; what was written so far is of no use."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the archive: its name, its size in bytes, and a way to read it from the start, as often as asked."""

    name: str
    size: int
    read: Callable[[], Iterable[bytes]]


def of_bytes(name: str, data: bytes) -> Member:
    """A member whose content is at hand."""
    return Member(name, len(data), lambda: (data,))


def checked_name(name: str) -> str:
    """*name* if it is a relative path that is the same everywhere; else ``BadName``.

    Refused: empty parts, ``.`` and ``..``, backslashes, control and other unprintable characters, and ``%``, which RFC
    8493 encodes in manifests and the Library of Congress' tool does not.
    """
    parts = name.split("/")
    if not all(parts) or any(part in (".", "..") for part in parts) or name[1:2] == ":":
        raise BadName(f"“{name}” is not a plain relative path.")
    if not name.isprintable() or "\\" in name or "%" in name or name != name.strip():
        raise BadName(f"“{name!r}” has a character that file names of a package don't have.")
    return name


def header(name: str, size: int) -> bytes:
    """The 512 bytes before a file of *size* bytes; ``BadName`` and ``WrongSize`` for what ustar can't say."""
    if not 0 <= size <= MOST_BYTES:
        raise WrongSize(f"{name} has {size} bytes; a package holds files of at most {MOST_BYTES}.")
    prefix, last = _split(checked_name(name).encode())
    fields = b"".join(
        (
            last.ljust(NAME_BYTES, b"\0"),
            b"%07o\0" % MODE,
            b"0000000\0" * 2,  # owner and group
            b"%011o\0" % size,
            b"%011o\0" % MTIME,
            b" " * 8,  # the checksum is summed as if it were spaces
            b"0",  # a regular file
            bytes(100),
            b"ustar\x0000",
            bytes(64),
            b"0000000\0" * 2,  # device numbers
            prefix.ljust(PREFIX_BYTES, b"\0"),
            bytes(12),
        )
    )
    return fields[:148] + b"%06o\0 " % sum(fields) + fields[156:]


def padding(size: int) -> bytes:
    """The zeros after a file of *size* bytes."""
    return bytes(-size % BLOCK)


def length(members: Iterable[Member]) -> int:
    """The size of the whole archive in bytes, known before a byte is read."""
    return sum(_extent(member) for member in members) + len(END)


def stream(members: Iterable[Member], start: int = 0) -> Iterator[bytes]:
    """The archive of *members* from byte *start* on, in pieces as large as the files give them.

    The order is the names', whatever order they come in. Files that end before *start* are not read. Raises
    ``BadName`` for a name given twice, and ``WrongSize`` where a file is not as long as it was said to be.
    """
    skip = start
    for member in in_order(members):
        extent = _extent(member)
        if skip >= extent:
            skip -= extent
            continue
        for piece in _pieces(member):
            if skip >= len(piece):
                skip -= len(piece)
                continue
            yield piece[skip:]
            skip = 0
    yield END[skip:]


def in_order(members: Iterable[Member]) -> list[Member]:
    """*members* in the byte order of their names; ``BadName`` for one given twice."""
    ordered = sorted(members, key=lambda member: member.name.encode())
    for one, following in zip(ordered, ordered[1:], strict=False):
        if one.name == following.name:
            raise BadName(f"{one.name} was given twice.")
    return ordered


def _pieces(member: Member) -> Iterator[bytes]:
    yield header(member.name, member.size)
    yield from exactly(member)
    yield padding(member.size)


def exactly(member: Member) -> Iterator[bytes]:
    """The content of *member*; ``WrongSize`` as soon as it is longer than was said, or ends too early."""
    seen = 0
    for piece in member.read():
        seen += len(piece)
        if seen > member.size:
            raise WrongSize(f"{member.name} has more than the {member.size} bytes that were announced.")
        yield piece
    if seen < member.size:
        raise WrongSize(f"{member.name} ended after {seen} of {member.size} bytes.")


def _extent(member: Member) -> int:
    return BLOCK + member.size + len(padding(member.size))


def _split(name: bytes) -> tuple[bytes, bytes]:
    """*name* as prefix and name: whole where it fits, else split at the first slash that lets both fit."""
    if len(name) <= NAME_BYTES:
        return b"", name
    at = name.find(b"/", len(name) - NAME_BYTES - 1)
    if not 0 < at <= PREFIX_BYTES:
        raise BadName(f"“{name.decode()}” is too long for a tar archive.")
    return name[:at], name[at + 1 :]
