"""How the commands read what they are given: hostile pictures through a confined child, keys and ids as they are."""

from __future__ import annotations

import argparse
import re
from functools import partial
from itertools import chain
from pathlib import Path

from PIL import Image

from detection import copies, digests, markcode
from detection.findings import Failure
from detection.limits import DEFAULT, Limits
from detection.sandbox import ChildDied, Lock

WRONG_USE, UNREAD = 2, 1

MOST_KEY_BYTES = 4096
MOST_IDS = 20_000
"""Ids of one list: comparing takes 4 KB of memory for each."""

_CHUNK = 1 << 20
_NUMBER = re.compile(r"[0-9]{1,15}\Z|0[xX][0-9a-fA-F]{1,12}\Z", re.ASCII)
_NAMED_BAD_LINES = 10


class Refusal(Exception):
    """The command cannot go on; the message says why, for a person, and ``code`` is its exit code."""

    def __init__(self, message: str, code: int = WRONG_USE) -> None:
        super().__init__(printable(message))
        self.code = code


def printable(text: str) -> str:
    """*text* without what could write to a terminal by itself: control characters become replacement characters."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def add_sandbox_option(parser: argparse.ArgumentParser) -> None:
    """``--weak-sandbox``, as for examining."""
    parser.add_argument(
        "--weak-sandbox", action="store_true", help="go on where the kernel refuses a system-call filter"
    )


def add_key_option(parser: argparse.ArgumentParser) -> None:
    """``--key``, as ``mark`` and ``trace`` have it."""
    parser.add_argument(
        "--key", type=Path, required=True, metavar="KEYFILE",
        help="the secret under the marks: all bytes of this file, a line end too. Who has it can find and remove them. "
        "(An installation's mark.key holds hexadecimal digits of its key; make bytes of them first)",
    )  # fmt: skip


def lock_of(chosen: argparse.Namespace) -> Lock:
    """How the children are confined."""
    return Lock.WEAK if chosen.weak_sandbox else Lock.FULL


def read(name: str, limits: Limits = DEFAULT) -> tuple[bytes | None, digests.Digests]:
    """The bytes of a file and their digests; None for the bytes when it is larger than what is opened.

    Raises Refusal (UNREAD) when it cannot be read.
    """
    try:
        with Path(name).open("rb") as stream:
            data = stream.read(limits.max_bytes + 1)
            if len(data) <= limits.max_bytes:
                return data, digests.of_bytes(data)
            return None, digests.of_chunks(chain([data], iter(partial(stream.read, _CHUNK), b"")))
    except OSError as error:
        raise Refusal(f"{name} cannot be read: {error.strerror}.", UNREAD) from None


def open_picture(name: str, lock: Lock, limits: Limits = DEFAULT) -> Image.Image:
    """A picture from whoever, decoded in a confined child: RGB, at most 2048 pixels along its longer side.

    Raises Refusal (UNREAD), sandbox.Unconfined, and zygote.ZygoteLost.
    """
    data, _exact = read(name, limits)
    if data is None:
        raise Refusal(f"{name} was not opened: it is larger than what is opened.", UNREAD)
    opened = copies.open_copy(data, limits=limits, lock=lock)
    if isinstance(opened, Failure | ChildDied):
        raise Refusal(f"{name} was not opened. {opened.sentence}", UNREAD)
    return opened


def own_bytes(path: Path, what: str, most: int) -> bytes:
    """A small file of our own, whole. Raises Refusal (WRONG_USE) when it cannot be read, is empty or too large."""
    try:
        with path.open("rb") as stream:
            data = stream.read(most + 1)
    except OSError as error:
        raise Refusal(f"{what} {path} cannot be read: {error.strerror}.") from None
    if not data:
        raise Refusal(f"{what} {path} is empty.")
    if len(data) > most:
        raise Refusal(f"{what} {path} is larger than {most} bytes, so it is taken for something else.")
    return data


def read_key(path: Path) -> bytes:
    """The key of marks: all bytes of the file, a line end too. Raises Refusal."""
    return own_bytes(path, "The key", MOST_KEY_BYTES)


def mark_id(text: str) -> int:
    """A mark's id, decimal or hexadecimal after 0x. Raises ValueError in words."""
    if not _NUMBER.match(text):
        raise ValueError("an id is a whole number, or hexadecimal digits after 0x")
    number = int(text, 16 if text[:2].lower() == "0x" else 10)
    if number > markcode.LARGEST_ID:
        raise ValueError(f"an id has {markcode.ID_BITS} bits: {markcode.LARGEST_ID} at most")
    return number


def read_ids(path: Path) -> list[int]:
    """The ids that were issued, one a line; empty lines and those after # do not count, repeated ids count once.

    Raises Refusal that names the bad lines: with one left out, a mark that was issued would seem to be a stranger's.
    """
    text = own_bytes(path, "The list of ids", 64 * MOST_IDS).decode("utf-8-sig", errors="replace")
    ids, bad = _ids_of(text)
    if bad:
        more = f" And {len(bad) - _NAMED_BAD_LINES} more." if len(bad) > _NAMED_BAD_LINES else ""
        raise Refusal(f"{path} is not a list of ids. {' '.join(bad[:_NAMED_BAD_LINES])}{more}")
    if not ids:
        raise Refusal(f"{path} holds no id.")
    if len(ids) > MOST_IDS:
        raise Refusal(f"{path} holds more than {MOST_IDS} ids. Ask in several lists.")
    return ids


def _ids_of(text: str) -> tuple[list[int], list[str]]:
    """The ids in their order, and a sentence for each line that is none."""
    ids: dict[int, None] = {}
    bad = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0].strip()
        if not said:
            continue
        try:
            ids[mark_id(said)] = None
        except ValueError as error:
            bad.append(f"Line {number}: {error}.")
    return list(ids), bad
