"""A small browser and a small API client for the demo: its reports take the very doors that everybody takes."""

from __future__ import annotations

import http.client
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class DoorClosed(Exception):
    """The running server did not take what was sent; the text says what it answered."""


@dataclass(frozen=True)
class Upload:
    """A file to send: its name, its bytes, the type its sender claims."""

    name: str
    data: bytes
    media_type: str = "image/png"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    location: str
    text: str


class Server:
    """The web process of this installation, asked over its own port as ``localhost``."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[Answer, list[str]]:
        """One request; the answer and its ``Set-Cookie`` lines. Raises ``DoorClosed`` when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {"Host": f"localhost:{self._port}", **named})
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except OSError as error:
            raise DoorClosed(f"No answer from port {self._port}: {error}") from error
        finally:
            connection.close()
        answer = Answer(response.status, response.headers.get("Location", ""), text)
        return answer, response.headers.get_all("Set-Cookie") or []


def file_by_api(
    server: Server, key: str, fields: dict[str, Any], uploads: list[Upload], repeatable: str
) -> dict[str, Any]:
    """File a report as a program does. Raises ``DoorClosed``."""
    body, content_type = _multipart(fields, uploads)
    answer, _ = server.ask(
        "POST", "/api/v1/reports/", body,
        Authorization=f"Bearer {key}", Content_Type=content_type, Idempotency_Key=repeatable,
    )  # fmt: skip
    if answer.status != 201:
        raise DoorClosed(f"The API answered {answer.status}: {answer.text[:300]}")
    said: dict[str, Any] = json.loads(answer.text)
    return said


def file_by_form(server: Server, pages: dict[str, dict[str, str]], uploads: list[Upload]) -> None:
    """Walk through the public form as a browser without JavaScript does. Raises ``DoorClosed``."""
    browser = _Browser(server)
    at = "/report/"
    for _ in range(12):
        page = browser.get(at)
        step = at.strip("/").partition("/")[2] or "start"
        if step == "done":
            return
        takes_files = 'type="file"' in page.text
        answer = browser.post(at, page, pages.get(step, {}), uploads if takes_files else None)
        if answer.status != 303:
            raise DoorClosed(f"The form answered {answer.status} at {at}.")
        at = answer.location
    raise DoorClosed("The form did not come to its end.")


class _Browser:
    """Cookies, tokens and forms, and nothing else."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, page: Answer, fields: dict[str, str], uploads: list[Upload] | None) -> Answer:
        token = _TOKEN.search(page.text)
        if token is None:
            raise DoorClosed(f"The page {path} has no form ({page.status}).")
        sent = {"csrfmiddlewaretoken": token.group(1), **fields}
        if uploads is None:
            return self._ask("POST", path, urlencode(sent).encode(), "application/x-www-form-urlencoded")
        return self._ask("POST", path, *_multipart(sent, uploads))

    def _ask(self, method: str, path: str, body: bytes = b"", content_type: str = "") -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if content_type:
            headers["Content_Type"] = content_type
        answer, cookies = self._server.ask(method, path, body, **headers)
        for line in cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer


def _multipart(fields: dict[str, Any], uploads: list[Upload]) -> tuple[bytes, str]:
    edge = secrets.token_hex(16)
    parts = []
    for name, value in fields.items():
        for each in value if isinstance(value, list | tuple) else [value]:
            parts.append(
                f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{each}\r\n'.encode()
            )
    for upload in uploads:
        head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="{upload.name}"\r\n'
        parts.append(f"{head}Content-Type: {upload.media_type}\r\n\r\n".encode() + upload.data + b"\r\n")
    return b"".join(parts) + f"--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"
