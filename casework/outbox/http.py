"""The one client for requests that leave the product (``addresses`` says where they may go).

It knows no proxies of the environment, follows no redirect unless asked, and takes neither more bytes nor more time
than it was given. Headers, bodies and queries are never logged.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urljoin

from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, LocationParseError
from urllib3.exceptions import TimeoutError as PatienceError
from urllib3.response import BaseHTTPResponse

from .addresses import Net, Target, parse, resolve
from .errors import BadStatus, Refused, TooLarge, TooSlow, Unreachable

_CHUNK = 64 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)
_PACKED = ("", "identity", "gzip", "x-gzip", "deflate")
#: Headers that may go to another server than the one they were meant for.
_HARMLESS = {"accept", "accept-encoding", "user-agent", "if-none-match", "if-modified-since"}
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[ -~]*", re.ASCII)
#: A server that asks for more patience than this is tried all the same.
_LONGEST_WAIT = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """*seconds* from the first thought to the last byte, all redirects included; *size* in bytes, unpacked."""

    seconds: float = 60.0
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    size: int = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. *headers* by lower-case name; *body* unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks us to wait, if it does."""
        return _retry_after(self.headers.get("retry-after", ""))


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | Iterable[bytes] | None = None,
    limits: Limits | None = None,
    redirects: int = 0,
    accept: Collection[int] = (200,),
    nets: Collection[Net] | None = None,
) -> Answer:
    """Send one request and read its answer.

    A *body* in chunks is sent as it comes, under the Content-Length that *headers* name.
    *nets*, where given, narrows the private networks that the operator allows to those opened for this receiver.

    Up to *redirects* hops are followed for GET; each is checked like a first address, and keys stay behind when the
    server changes. Raises ``Refused``, ``Unreachable``, ``TooSlow``, ``TooLarge``, and ``BadStatus`` for a status that
    *accept* does not name.
    """
    limits = limits or Limits()
    ends = time.monotonic() + limits.seconds
    target, sent = parse(url), _checked(headers or {})
    while True:
        answer = _exchange(method, target, sent, body, limits, ends, nets)
        if answer.status in accept:
            return answer
        if answer.status not in _REDIRECTS:
            raise _bad_status(target, answer)
        if redirects <= 0 or method != "GET":
            raise Refused(
                "redirect", _("“%(host)s” wants to send us to another address.") % {"host": target.host}
            )
        redirects -= 1
        following = _next_hop(target, url, answer)
        if following.origin != target.origin:
            sent = {name: value for name, value in sent.items() if name.lower() in _HARMLESS}
        url, target = _text_of(following), following


def _exchange(
    method: str,
    target: Target,
    headers: dict[str, str],
    body: bytes | Iterable[bytes] | None,
    limits: Limits,
    ends: float,
    nets: Collection[Net] | None,
) -> Answer:
    addresses = resolve(target, seconds=min(limits.connect_seconds, _left(target, ends)), nets=nets)
    with _Watch(_left(target, ends)) as watch:
        connection = _open(target, addresses, limits, watch, ends)
        try:
            with _in_words(target, watch):
                connection.request(
                    method, target.path, body=body, headers=headers, preload_content=False, decode_content=True
                )  # fmt: skip
                response = connection.getresponse()
                read = _read(target, response, limits.size)
                if watch.fired:  # a cut connection may look like the end of the answer
                    raise TimeoutError
        finally:
            connection.close()
    return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, read)


def _read(target: Target, response: BaseHTTPResponse, most: int) -> bytes:
    if response.headers.get("content-encoding", "").strip().lower() not in _PACKED:
        raise Unreachable(
            "encoding", _("“%(host)s” answered in a form we can't read.") % {"host": target.host}
        )
    chunks, size = [], 0
    while chunk := response.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise TooLarge(
                "size",
                _("“%(host)s” answered with more than %(most)d bytes.") % {"host": target.host, "most": most},
            )
        chunks.append(chunk)
    return b"".join(chunks)


# --- the connection -----------------------------------------------------------------------------------------------


class _Watch:
    """Cuts the connection when time is up, wherever it waits: a server that sends a byte now and then never trips a
    limit on single reads. It holds a second handle, because wrapping a socket in TLS takes the first one away."""

    def __init__(self, seconds: float) -> None:
        self.fired = False
        self._handle: socket.socket | None = None
        self._timer = threading.Timer(max(seconds, 0.0), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> _Watch:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        self._timer.join()
        if self._handle is not None:
            self._handle.close()

    def guard(self, connected: socket.socket) -> None:
        """Watch over a connection that was just made."""
        self._handle = connected.dup()
        if self.fired:
            self._cut()

    def _cut(self) -> None:
        self.fired = True
        if self._handle is not None:
            try:
                self._handle.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # the other side was faster


def _open(
    target: Target, addresses: tuple[str, ...], limits: Limits, watch: _Watch, ends: float
) -> HTTPConnection:
    def connect() -> socket.socket:
        failed: OSError | None = None
        for address in addresses:
            try:
                patience = min(limits.connect_seconds, _left(target, ends))
                connected = socket.create_connection((address, target.port), patience)
            except OSError as error:
                failed = error
                continue
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            watch.guard(connected)
            return connected
        raise failed or OSError("no address")

    kind = _PinnedTLS if target.scheme == "https" else _Pinned
    return kind(target, connect, timeout=limits.read_seconds)


class _Pinned(HTTPConnection):
    """A connection that speaks to its host at addresses chosen beforehand: it never resolves a name itself."""

    def __init__(self, target: Target, dial: Callable[[], socket.socket], *, timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self._dial = dial

    def _new_conn(self) -> socket.socket:
        return self._dial()


class _PinnedTLS(HTTPSConnection):
    """The same under TLS: name indication and certificate are still those of the host."""

    def __init__(self, target: Target, dial: Callable[[], socket.socket], *, timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout, ssl_context=trust())
        self._dial = dial

    def _new_conn(self) -> socket.socket:
        return self._dial()


def trust() -> ssl.SSLContext:
    """Who may vouch for a server: the system's authorities and, in private networks, the operator's file."""
    return _context(str(settings.OUTBOUND_CA_FILE or ""))


@lru_cache(maxsize=4)
def _context(extra: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if extra:
        context.load_verify_locations(cafile=extra)
    return context


@contextmanager
def _in_words(target: Target, watch: _Watch) -> Iterator[None]:
    """Turn what sockets, TLS and HTTP raise into our own errors."""
    named = {"host": target.host}
    try:
        yield
    except (OSError, HTTPError, http.client.HTTPException, LocationParseError) as error:
        if watch.fired or isinstance(error, TimeoutError | PatienceError):
            raise TooSlow("time", _("“%(host)s” took too long to answer.") % named) from None
        if isinstance(error, ssl.SSLCertVerificationError):
            raise Unreachable(
                "certificate",
                _("“%(host)s” could not prove who it is: %(why)s.")
                % {"host": target.host, "why": error.verify_message or error.reason},
            ) from None
        if isinstance(error, DecodeError):
            raise Unreachable("encoding", _("“%(host)s” answered in a form we can't read.") % named) from None
        if isinstance(error, ConnectionRefusedError | socket.gaierror):
            raise Unreachable("closed", _("“%(host)s” does not take connections.") % named) from None
        raise Unreachable("connection", _("The connection with “%(host)s” broke.") % named) from None


# --- small parts ----------------------------------------------------------------------------------------------------


def _left(target: Target, ends: float) -> float:
    left = ends - time.monotonic()
    if left <= 0:
        raise TooSlow("time", _("“%(host)s” took too long to answer.") % {"host": target.host})
    return left


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            raise Refused("header", _("A key or name holds characters that can't be sent."))
    return {"User-Agent": "Casework", "Accept-Encoding": "gzip", **headers}


def _next_hop(target: Target, url: str, answer: Answer) -> Target:
    following = parse(urljoin(url, answer.headers.get("location", "")))
    if target.scheme == "https" and following.scheme != "https":
        raise Refused("scheme", _("Only https addresses are used."))
    return following


def _text_of(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{target.scheme}://{host}:{target.port}{target.path}"


def _bad_status(target: Target, answer: Answer) -> BadStatus:
    said = {"host": target.host, "status": answer.status}
    if answer.status in (401, 403):
        sentence = _("“%(host)s” did not accept our keys (%(status)d).") % said
    elif answer.status == 429:
        sentence = _("“%(host)s” asks us to wait (%(status)d).") % said
    else:
        sentence = _("“%(host)s” answered %(status)d.") % said
    return BadStatus(answer.status, sentence, retry_after=answer.retry_after)


def _retry_after(text: str) -> float | None:
    """Seconds from a Retry-After header (RFC 9110, 10.2.3): a number or a date; None for anything else."""
    if re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        return min(float(text), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_WAIT)
