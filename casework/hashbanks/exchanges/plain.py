"""A list of hashes at an https address, or a file that the operator puts where workers find it.

Lists are those of ``hashbanks.lists`` (CSV with a header, JSON lines), and plain text with one hash a line. A list says
what exists: what it holds no longer is deleted here. An unchanged list (ETag, Last-Modified, or the same bytes) is not
read again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from casework.hashbanks.lists import Fault, NoList, read_list
from casework.outbox.errors import Refused, TooLarge, Unreachable
from casework.outbox.http import Limits, request

from .base import ACTIVE, BadAnswer, Connection, Offer, Opinion, Page, Update

PAGE_LINES = 2000
MOST_BYTES = 64 * 1024 * 1024
LIMITS = Limits(seconds=60.0, size=MOST_BYTES)
#: How the address of a file begins; the rest is its name in ``HASH_LISTS_DIR``.
FILE = "file:"
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_BARE = re.compile(rb"\s*[0-9A-Fa-f]{16,64}\s*")


class PlainList:
    """A connection with one list."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def fetch(self, checkpoint: Mapping[str, Any]) -> Iterator[Page]:
        """The list, two thousand lines a page; one empty page when it has not changed."""
        found = self._read(checkpoint)
        if found is None:
            yield Page([], dict(checkpoint), more=False)
            return
        data, marks = found
        digest = hashlib.sha256(data).hexdigest()
        goes_on = checkpoint if checkpoint.get("digest") == digest else {}
        if checkpoint.get("whole") == digest:
            yield Page([], {"whole": digest, **marks}, more=False)
            return
        yield from self._pages(data, digest, goes_on, marks)

    def submit(self, offers: Sequence[Offer]) -> dict[str, str]:
        """A list takes nothing (``KindSpec.signals`` is empty)."""
        raise BadAnswer(_("this exchange takes no hashes from here"))

    def retract(self, offers: Sequence[Offer]) -> None:
        """Nothing was submitted."""
        raise BadAnswer(_("this exchange takes no hashes from here"))

    def send_feedback(self, opinions: Sequence[Opinion]) -> None:
        """A list listens to nobody."""
        raise BadAnswer(_("this exchange takes no feedback"))

    def _pages(
        self, data: bytes, digest: str, goes_on: Mapping[str, Any], marks: Mapping[str, str]
    ) -> Iterator[Page]:
        done = int(goes_on.get("line", 0))
        updates: list[Update] = []
        faults: list[str] = []
        line, first = done, done == 0
        # Of the whole list, whatever jobs it took to read it.
        good, bad = int(goes_on.get("good", 0)), int(goes_on.get("bad", 0))
        try:
            text, added = self._with_header(data)
            for read in read_list(text, after=done):
                line = read.number
                if isinstance(read.said, Fault):
                    said_of = {"n": read.said.line - added, "why": read.said.reason}
                    faults.append(_("line %(n)d: %(why)s") % said_of)
                    bad += 1
                else:
                    said = read.said
                    good += 1
                    updates.append(Update(ACTIVE, said.signal, said.value, listed=said))
                if len(updates) + len(faults) >= PAGE_LINES:
                    reached = {"digest": digest, "line": line, "good": good, "bad": bad}
                    yield Page(updates, reached, True, first, faults=faults)
                    updates, faults, first = [], [], False
        except NoList as error:
            raise BadAnswer(str(error)) from None
        if bad > good or not good:
            # A header alone is no word that everything is gone, and an unreadable list taken for whole would
            # delete what it held yesterday.
            raise BadAnswer(
                _(
                    "%(bad)d lines of the list cannot be read and %(good)d can. What came from it before is kept."
                )
                % {"bad": bad, "good": good}
            )
        yield Page(updates, {"whole": digest, **marks}, False, first, complete=True, faults=faults)

    def _read(self, checkpoint: Mapping[str, Any]) -> tuple[bytes, dict[str, str]] | None:
        """The bytes of the list and what to ask with next time; None when the server says that it is unchanged."""
        if self.connection.address.startswith(FILE):
            return _read_file(self.connection.address.removeprefix(FILE)), {}
        headers = {}
        if key := self.connection.credentials.get("authorization"):
            headers["Authorization"] = key
        if checkpoint.get("whole"):
            for mark, header in (("etag", "If-None-Match"), ("modified", "If-Modified-Since")):
                if checkpoint.get(mark):
                    headers[header] = str(checkpoint[mark])
        answer = request(
            "GET", self.connection.address, headers=headers, limits=LIMITS, redirects=3, accept=(200, 304)
        )
        if answer.status == 304:
            return None
        marks = {
            "etag": answer.headers.get("etag", "")[:300],
            "modified": answer.headers.get("last-modified", "")[:100],
        }
        return answer.body, {name: value for name, value in marks.items() if value.isprintable() and value}

    def _with_header(self, data: bytes) -> tuple[bytes, int]:
        """Plain text gets the header and the column that a list has; and how many lines that added before it."""
        lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
        begun = next((line for line in lines if line.strip()), b"")
        if not _BARE.fullmatch(begun):
            return data, 0
        signal = self.connection.options.get("signal", "").encode()
        if not signal:
            raise BadAnswer(_("the list names no kinds of hash, and none is chosen for it"))
        rows = (signal + b"," + line.strip() if line.strip() else b"" for line in lines)
        return b"signal,value\n" + b"\n".join(rows), 1


def _read_file(name: str) -> bytes:
    """The list of that name in the operator's directory; no path leads elsewhere."""
    if not _FILE_NAME.fullmatch(name):
        raise Refused("address", _("“%(name)s” is no plain file name.") % {"name": name[:100]})
    path = Path(settings.HASH_LISTS_DIR) / name
    if path.is_symlink() or not path.is_file():
        raise Unreachable(
            "missing", _("There is no file “%(name)s” in the directory for lists.") % {"name": name}
        )
    if path.stat().st_size > MOST_BYTES:
        raise TooLarge("size", _("The list holds more than %(most)d bytes.") % {"most": MOST_BYTES})
    return path.read_bytes()
