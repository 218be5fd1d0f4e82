"""One person's browser, or one program's client: cookies, tokens and one connection that is kept open."""

from __future__ import annotations

import http.client
import re
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PASSWORD = "casework-demo-2026"


class Refused(Exception):
    """The server answered something else than was asked for."""


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds its last byte did."""

    status: int
    location: str
    body: bytes
    seconds: float

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


class Visitor:
    """Asks one server on loopback."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """One request on the open connection. Raises Refused for an error status, OSError when nobody answers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Host"] = f"localhost:{self._port}"
        if self._cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        began = time.perf_counter()
        try:
            response = self._asked(method, path, body, sent)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._link.close()  # the server closes connections that were idle for some seconds
            began = time.perf_counter()
            response = self._asked(method, path, body, sent)
        data = response.read()
        answer = Answer(
            response.status, response.headers.get("Location", ""), data, time.perf_counter() - began
        )
        for line in response.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        if answer.status >= 400:
            raise Refused(f"{method} {path} answered {answer.status}: {answer.text[:300]}")
        return answer

    def _asked(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        self._link.request(method, path, body, headers)
        return self._link.getresponse()

    def get(self, path: str) -> Answer:
        """One page."""
        return self.ask("GET", path)

    def post(self, path: str, on: Answer, **fields: str) -> Answer:
        """Send a form that stands on the page *on*."""
        token = _TOKEN.search(on.text)
        if token is None:
            raise Refused(f"the page has no form to send to {path}")
        body = urlencode({"csrfmiddlewaretoken": token.group(1), **fields}).encode()
        return self.ask("POST", path, body, Content_Type="application/x-www-form-urlencoded")

    def sign_in(self, name: str) -> Visitor:
        """Sign in as one of the demo's people."""
        page = self.get("/account/sign-in/")
        self.post("/account/sign-in/", page, login=f"{name}@demo.test", password=PASSWORD)
        return self

    def file_report(self, key: str, data: bytes, link: str) -> Answer:
        """File a report with one picture through the API."""
        edge = secrets.token_hex(16)
        head = (
            f'--{edge}\r\nContent-Disposition: form-data; name="links"\r\n\r\n{link}\r\n--{edge}\r\n'
            'Content-Disposition: form-data; name="files"; filename="picture.jpg"\r\n'
            "Content-Type: image/jpeg\r\n\r\n"
        )
        body = head.encode() + data + f"\r\n--{edge}--\r\n".encode()
        return self.ask(
            "POST", "/api/v1/reports/", body,
            Authorization=f"Bearer {key}", Content_Type=f"multipart/form-data; boundary={edge}",
        )  # fmt: skip
