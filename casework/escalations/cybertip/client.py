"""The CyberTipline's web service (documentation of 2025-06-11): seven calls, each answer either a result or an error.

Requests leave through ``outbox.http`` alone. Answers are XML of somebody else: parsed without entities, bounded.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from casework.outbox import http
from casework.outbox.errors import OutboundError, Refused, TooSlow, Unreachable

from .errors import CyberTipError, Rejected, TryAgain, of_code
from .schema import parse

ENVIRONMENTS = {
    "test": "https://exttest.cybertip.org/ispws",
    "production": "https://report.cybertip.org/ispws",
}
#: Every status but redirects, which are not followed: the codes in the body say more than the status.
_ANY = frozenset((*range(200, 300), *range(400, 600)))
_ANSWER_BYTES = 1024 * 1024
_XSD_BYTES = 4 * 1024 * 1024
_CALL_SECONDS = 120.0
#: The slowest line that an upload is given, in bytes a second.
_SLOWEST = 50_000
_XML = {"Content-Type": "text/xml; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Server:
    """Where reports go. The *environment* "test" throws away what it gets; accounts differ from "production"."""

    environment: str
    user: str
    password: str = field(repr=False)
    base: str = ""

    @property
    def is_test(self) -> bool:
        return self.environment != "production"

    def url(self, call: str) -> str:
        return f"{self.base or ENVIRONMENTS[self.environment]}/{call}"


def configured(password: str) -> Server:
    """The server that ``CYBERTIP_ENVIRONMENT`` names: NCMEC's test server unless the operator says "production"."""
    return Server(settings.CYBERTIP_ENVIRONMENT, settings.CYBERTIP_USER, password, settings.CYBERTIP_URL)


@dataclass(frozen=True, slots=True)
class Upload:
    """*size* in bytes; *chunks* are read once."""

    name: str
    size: int
    chunks: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """*file_id* as NCMEC names it; *intact*: what arrived there has the MD5 of what we sent."""

    file_id: str
    intact: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """A ``reportResponse`` or ``reportDoneResponse`` with code 0."""

    description: str
    report_id: int | None
    file_id: str
    md5: str
    file_ids: tuple[str, ...]


class Client:
    """One account at one server. Every call raises ``CyberTipError``; retrying is for the caller to decide."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def status(self) -> str:
        """What the server says of our account: user and address. Proves that name and password are right."""
        return self._call("GET", "status").description

    def xsd(self) -> bytes:
        """The schema in force."""
        answer = self._exchange("GET", "xsd", None, {}, http.Limits(seconds=_CALL_SECONDS, size=_XSD_BYTES))
        if answer.status != 200:
            raise _error_of(answer)
        return answer.body

    def submit(self, report: bytes) -> int:
        """Open a report; its id. There is no idempotency key: a call whose answer is lost may have opened one."""
        reply = self._call("POST", "submit", report, _XML)
        if reply.report_id is None:
            raise _unreadable()
        return reply.report_id

    def upload(self, report_id: int, upload: Upload) -> Uploaded:
        """Send one file, as a stream."""
        boundary = secrets.token_hex(24)
        head = _form_field(boundary, "id", str(report_id)) + _file_head(boundary, upload.name)
        tail = f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + upload.size + len(tail)),
        }
        digest = hashlib.md5(usedforsecurity=False)  # the digest that NCMEC answers with
        reply = self._call("POST", "upload", _stream(head, upload, tail, digest.update), headers)
        if not reply.file_id:
            raise _unreadable()
        return Uploaded(reply.file_id, reply.md5.strip().lower() == digest.hexdigest())

    def describe(self, details: bytes) -> None:
        """Send the details of one file, which NCMEC takes at most once per file."""
        self._call("POST", "fileinfo", details, _XML)

    def finish(self, report_id: int) -> tuple[str, ...]:
        """Hand the report in; the ids of the files that NCMEC has. From now on nothing changes any more."""
        return self._call("POST", "finish", *_form(report_id)).file_ids

    def retract(self, report_id: int) -> None:
        """Take an unfinished report back."""
        self._call("POST", "retract", *_form(report_id))

    def _call(
        self,
        method: str,
        call: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        size = int((headers or {}).get("Content-Length", 0))
        limits = http.Limits(
            seconds=_CALL_SECONDS + size / _SLOWEST, read_seconds=_CALL_SECONDS, size=_ANSWER_BYTES
        )
        answer = self._exchange(method, call, body, headers or {}, limits)
        return _reply_of(answer)

    def _exchange(
        self,
        method: str,
        call: str,
        body: bytes | Iterable[bytes] | None,
        headers: dict[str, str],
        limits: http.Limits,
    ) -> http.Answer:
        keys = base64.b64encode(f"{self.server.user}:{self.server.password}".encode()).decode()
        try:
            return http.request(
                method, self.server.url(call), headers={"Authorization": f"Basic {keys}", **headers}, body=body,
                limits=limits, accept=_ANY,
            )  # fmt: skip
        except Refused as error:
            raise Rejected(error.sentence) from error
        except Unreachable as error:
            raise TryAgain(
                error.sentence, unsure=error.code not in ("name", "closed", "certificate")
            ) from error
        except TooSlow as error:
            raise TryAgain(error.sentence, unsure=error.code != "name") from error
        except OutboundError as error:
            raise TryAgain(error.sentence) from error


def _reply_of(answer: http.Answer) -> Reply:
    try:
        root = parse(answer.body)
        code = int(root.findtext("responseCode", ""))
        named = root.findtext("reportId")
        report_id = int(named) if named else None
    except ValueError:
        raise (_unreadable() if answer.status == 200 else _error_of(answer)) from None
    if code != 0:
        error = of_code(code, request_id=_request_id(answer))
        if isinstance(error, TryAgain):
            error.retry_after = answer.retry_after
        raise error
    if answer.status != 200:
        raise _error_of(answer)
    return Reply(
        root.findtext("responseDescription", ""), report_id, root.findtext("fileId", "").strip(),
        root.findtext("hash", ""), tuple((one.text or "").strip() for one in root.iterfind("files/fileId")),
    )  # fmt: skip


def _error_of(answer: http.Answer) -> CyberTipError:
    """The error of an answer without NCMEC's own code."""
    request_id, said = _request_id(answer), {"status": answer.status}
    if answer.status == 429:
        return TryAgain(
            _("NCMEC asks us to wait. The report is kept and sent again."), request_id=request_id, unsure=False,
            retry_after=answer.retry_after,
        )  # fmt: skip
    if answer.status >= 500:
        return TryAgain(
            _("NCMEC's server failed (%(status)d). The report is kept and sent again.") % said,
            request_id=request_id, retry_after=answer.retry_after,
        )  # fmt: skip
    if answer.status in (401, 403):
        return of_code(2000 if answer.status == 401 else 3000, request_id=request_id)
    return Rejected(
        _("NCMEC answered %(status)d. Nothing is lost; a person has to look at it.") % said, request_id=request_id
    )  # fmt: skip


def _unreadable() -> TryAgain:
    return TryAgain(_("NCMEC's answer can't be read. The report is kept and sent again."))


def _request_id(answer: http.Answer) -> str:
    return answer.headers.get("request-id", "")[:200]


# --- multipart/form-data (RFC 7578) ---------------------------------------------------------------------------------


def _form(report_id: int) -> tuple[bytes, dict[str, str]]:
    boundary = secrets.token_hex(24)
    body = _form_field(boundary, "id", str(report_id)) + f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def _form_field(boundary: str, name: str, value: str) -> bytes:
    return f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def _file_head(boundary: str, name: str) -> bytes:
    """The file's real name goes in its details; here stands one that no parser can trip over."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in name)
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{plain[:100] or "file"}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()


def _stream(head: bytes, upload: Upload, tail: bytes, digest: Callable[[bytes], None]) -> Iterator[bytes]:
    yield head
    sent = 0
    for chunk in upload.chunks:
        digest(chunk)
        sent += len(chunk)
        yield chunk
    if sent != upload.size:  # the server would wait for ever, or read the end as picture
        raise Rejected(
            _("A stored file is not as long as it should be. Its custody record has to be looked at.")
        )
    yield tail
