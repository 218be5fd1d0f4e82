"""A package on its way to whoever it was made for: counted, resumable, and cut off when access ends.

The bytes are the age file as it lies in the store: nothing here can open it.
"""

from __future__ import annotations

import errno
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.escalations.actions import portal
from casework.escalations.models import Download, Package, SecureLink
from casework.evidence.storage import evidence_store
from casework.reports.limits import address_prefix

CHUNK = 64 * 1024
#: Seconds between two looks at whether the reader may go on.
CHECK_EVERY = 0.5
#: A reader who takes less than one chunk in so many seconds is let go: it holds a thread.
STALLED_SECONDS = 60.0
#: Bytes that may wait in the kernel on our side.
SEND_BUFFER = 256 * 1024
_RANGE = re.compile(r"bytes=(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Who fetches: a person, a link, or (neither) the partner's program; ``may_go_on`` asks rows anew each time."""

    may_go_on: Callable[[], bool]
    person: User | None = None
    link: SecureLink | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes asked for, *last* included."""

    first: int
    last: int
    partial: bool


def span_of(request: HttpRequest, etag: str, size: int) -> Span | None:
    """What part of *size* bytes the request asks for; None when there is no such part.

    One range is understood (RFC 9110); several, other units, or a range of another file (``If-Range``) mean all of it.
    """
    whole = Span(0, size - 1, partial=False)
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or request.headers.get("If-Range", etag) != etag:
        return whole
    first, last = found["first"], found["last"]
    if not first:
        return _tail(int(last), size) if last else whole
    if last and int(last) < int(first):
        return whole
    if int(first) >= size:
        return None
    return Span(int(first), min(int(last), size - 1) if last else size - 1, partial=True)


def _tail(length: int, size: int) -> Span | None:
    return Span(max(0, size - length), size - 1, partial=True) if length else None


def package_response(request: HttpRequest, package: Package, fetcher: Fetcher) -> HttpResponseBase:
    """The package, or the part of it that was asked for; HEAD is answered without being counted.

    Raises ``DownloadsUsedUp`` and ``FileGone`` (409 in words).
    """
    size, etag = int(package.size or 0), f'"{package.sha256}"'
    span = span_of(request, etag, size)
    if span is None:
        return _headed(HttpResponse(status=416), package, {"Content-Range": f"bytes */{size}"})
    headers = {"ETag": etag, "Content-Length": str(span.last - span.first + 1)}
    if span.partial:
        headers["Content-Range"] = f"bytes {span.first}-{span.last}/{size}"
    status = 206 if span.partial else 200
    if request.method == "HEAD":
        return _headed(HttpResponse(status=status), package, headers)
    key = _stored(package)
    download = portal.begin_download(
        package, person=fetcher.person, link=fetcher.link, address=address_prefix(request), start=span.first
    )
    _keep_short(request)
    stream = _stream(key, span, download, size, fetcher.may_go_on)
    return _headed(StreamingHttpResponse(stream, status=status), package, headers)


def stamp_response(package: Package) -> HttpResponse:
    """The answer of the authority that stamped the package (RFC 3161, DER), as a file.

    Neither counted nor logged, by whatever channel it is fetched: it holds the hash of the signed list and a time.
    """
    response = HttpResponse(bytes(package.stamp or b""), content_type="application/timestamp-reply")
    response.headers["Content-Disposition"] = f'attachment; filename="{package.escalation.number}.tsr"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _headed(response: HttpResponseBase, package: Package, headers: dict[str, str]) -> HttpResponseBase:
    name = f"{package.escalation.number}.tar.age"
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "no-store"
    # A proxy that reads ahead would go on sending after access has ended.
    response.headers["X-Accel-Buffering"] = "no"
    for key, value in headers.items():
        response.headers[key] = value
    return response


def _stored(package: Package) -> uuid.UUID:
    """The key of the file, which is there and whole."""
    key = package.storage_key
    if key is None or evidence_store().size(key) != package.size:
        raise portal.FileGone(
            _("The file could not be found here. Nothing was counted. Please tell the desk.")
        )
    return key


def _keep_short(request: HttpRequest) -> None:
    """Little lies ready to be sent when access ends, and a send that takes too long fails.

    gunicorn lends its connection for that; a test's request has none.
    """
    connection = request.META.get("gunicorn.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        connection.settimeout(STALLED_SECONDS)


def _stream(
    key: uuid.UUID, span: Span, download: Download, size: int, may_go_on: Callable[[], bool]
) -> Iterator[bytes]:
    """Chunks of *span*, with a look at the rows every ``CHECK_EVERY`` seconds; notes how it ended, however it ends."""
    sent, why = span.first, "went_away"
    source = evidence_store().read(key)
    try:
        source.seek(span.first)
        looked = time.monotonic()
        while sent <= span.last:
            if time.monotonic() - looked >= CHECK_EVERY:
                why = _why_not(download, may_go_on)
                if why != "went_away":
                    # An error, so that the connection closes: a body that merely ends would look like a slow one.
                    raise ConnectionResetError(errno.ECONNRESET, why)
                portal.note_sent_bytes(download, sent)
                looked = time.monotonic()
            chunk = source.read(min(CHUNK, span.last + 1 - sent))
            if not chunk:
                why = "file_short"
                raise ConnectionResetError(errno.ECONNRESET, why)
            yield chunk
            sent += len(chunk)
        why = ""
    finally:
        source.close()
        portal.end_download(download, sent=sent, whole=not why and span.last == size - 1, why=why)


def _why_not(download: Download, may_go_on: Callable[[], bool]) -> str:
    if not may_go_on():
        return "access_ended"
    return "went_away" if portal.is_running(download) else "resumed_elsewhere"
