"""What the servers of the tests share: they speak a protocol on loopback, find fault with requests, and remember all.

A server answers as its mode says: ``ok``, a status (``429``, ``500``, ``503``), ``hang`` (takes the request and says
nothing), or ``nonsense`` (200 with a body of another protocol). ``problems`` names every request that broke the
protocol; such a request is answered with 400, as a real server would.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.outbox.local import LocalServer, reply


class Breach(Exception):
    """A request that the protocol does not know; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived. *query* holds each parameter once; *headers* by lower-case name."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        if not self.headers.get("content-type", "").startswith("application/json"):
            raise Breach("the body is not said to be JSON")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Breach("the body is not JSON") from None


@dataclass
class Told:
    """An answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class ValidatingServer:
    """A protocol's ``answer`` is a method of the subclass; it may raise ``Breach``."""

    def __init__(self) -> None:
        self.mode: str = "ok"
        self.retry_after = ""
        #: The number of the request from which ``mode`` holds; requests before are answered as ``ok``.
        self.mode_from = 0
        self.asked: list[Asked] = []
        self.problems: list[str] = []
        #: Set when a request arrived that will never be answered.
        self.hanging = threading.Event()
        self.released = threading.Event()
        self.local = LocalServer(self._serve)

    def __enter__(self) -> Any:
        self.local.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.released.set()
        self.local.__exit__(*error)

    @property
    def address(self) -> str:
        return self.local.url("").rstrip("/")

    def answer(self, asked: Asked) -> Told:
        raise NotImplementedError

    def paths(self) -> list[str]:
        """What was asked for, without queries: ``GET /v1/FetchHashes``."""
        return [f"{asked.method} {asked.path}" for asked in self.asked]

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        asked = _read(request)
        self.asked.append(asked)
        mode = self.mode if len(self.asked) > self.mode_from else "ok"
        if mode == "hang":
            self.hanging.set()
            self.released.wait(30)
            request.close_connection = True
            return
        if mode == "nonsense":
            reply(request, b"<html>Down for maintenance</html>")
            return
        if mode != "ok":
            reply(
                request, status=int(mode), **({"Retry_After": self.retry_after} if self.retry_after else {})
            )
            return
        try:
            told = self.answer(asked)
        except Breach as breach:
            self.problems.append(f"{asked.method} {asked.path}: {breach}")
            told = Told(str(breach).encode(), 400)
        reply(
            request,
            told.body,
            told.status,
            **{name.replace("-", "_"): text for name, text in told.headers.items()},
        )


def _read(request: BaseHTTPRequestHandler) -> Asked:
    parts = urlsplit(request.path)
    pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    query = dict(pairs)
    assert len(query) == len(pairs), "a parameter came twice"
    body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Asked(request.command, parts.path, query, headers, body)


def need(true: object, message: str) -> None:
    """Raise ``Breach`` unless *true*."""
    if not true:
        raise Breach(message)
