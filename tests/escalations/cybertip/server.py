"""A CyberTipline on loopback that keeps to the documented protocol and can be told to misbehave.

It validates against the real schema (4100), insists on the order of calls (5001, 5002, 5101, 5102, details once per
file), forgets unfinished reports when its clock passes their time, and records all that it was asked.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from lxml import etree

from tests.outbox.local import LocalServer, reply

XSD = Path(__file__).with_name("ncmec-cybertipline.xsd")
USER, PASSWORD = "casework", "correct horse"
_HOUR = 3600.0
Trick = Callable[[BaseHTTPRequestHandler], bool]


@dataclass
class Stored:
    """One report at the server. *files* by id; *details* by the same."""

    document: bytes
    opened: float
    touched: float
    files: dict[str, bytes] = field(default_factory=dict)
    details: dict[str, bytes] = field(default_factory=dict)
    state: str = "open"


class Tipline:
    """*tricks* are asked before a call is served, *after* when it was served but not yet answered: True means done."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.schema = etree.XMLSchema(etree.parse(XSD))
        self.ahead = 0.0
        self.tricks: dict[str, list[Trick]] = {}
        self.after: dict[str, list[Trick]] = {}
        self.web = LocalServer(self.serve)
        self.forget()

    def forget(self) -> None:
        """An empty server."""
        self.calls: list[str] = []
        self.reports: dict[int, Stored] = {}
        self.next_id = 4_000_000

    def __enter__(self) -> Tipline:
        self.web.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.web.__exit__(*error)

    @property
    def base(self) -> str:
        return self.web.url("/ispws")

    def finished(self) -> list[Stored]:
        return [report for report in self.reports.values() if report.state == "finished"]

    def fail(self, call: str, *tricks: Trick, after: bool = False) -> None:
        """The next calls of that name get one of *tricks* each."""
        (self.after if after else self.tricks).setdefault(call, []).extend(tricks)

    # --- serving ------------------------------------------------------------------------------------------------------

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        call = request.path.removeprefix("/ispws/")
        length = int(request.headers.get("Content-Length", 0))
        body = request.rfile.read(length)
        if len(body) != length:  # the client died while it was sending
            request.close_connection = True
            return
        with self.lock:
            self.calls.append(call)
        if self.tricks.get(call) and self.tricks[call].pop(0)(request):
            return
        expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            respond(request, 2000, status=401)
            return
        with self.lock:
            answer = self.answer(call, request, body)
        if self.after.get(call) and self.after[call].pop(0)(request):
            return
        reply(request, *answer, Content_Type="text/xml", Request_ID="req-7")

    def answer(self, call: str, request: BaseHTTPRequestHandler, body: bytes) -> tuple[bytes, int]:
        if call == "status":
            return result(0, responseDescription="casework at 127.0.0.1")
        if call == "xsd":
            return XSD.read_bytes(), 200
        if call == "submit":
            return self.submit(body)
        if call == "fileinfo":
            return self.fileinfo(body)
        form = parse_form(request.headers["Content-Type"], body)
        report_id = int(form["id"][1])
        if code := self.refusal(report_id):
            return result(code)
        report = self.reports[report_id]
        report.touched = self.now()
        if call == "upload":
            file_id = hashlib.sha256(f"{report_id}{len(report.files)}".encode()).hexdigest()[:32]
            report.files[file_id] = form["file"][1]
            md5 = hashlib.md5(form["file"][1]).hexdigest()
            return result(0, reportId=str(report_id), fileId=file_id, hash=md5)
        report.state = {"finish": "finished", "retract": "retracted"}[call]
        if call == "retract":
            return result(0, reportId=str(report_id))
        listed = "".join(f"<fileId>{file_id}</fileId>" for file_id in report.files)
        return (
            "<reportDoneResponse><responseCode>0</responseCode>"
            f"<reportId>{report_id}</reportId><files>{listed}</files></reportDoneResponse>".encode(),
            200,
        )

    def submit(self, body: bytes) -> tuple[bytes, int]:
        if code := self.invalid(body, "report"):
            return result(code)
        self.next_id += 1
        self.reports[self.next_id] = Stored(body, self.now(), self.now())
        return result(0, reportId=str(self.next_id))

    def fileinfo(self, body: bytes) -> tuple[bytes, int]:
        if code := self.invalid(body, "fileDetails"):
            return result(code)
        root = etree.fromstring(body)
        report_id, file_id = int(root.findtext("reportId")), root.findtext("fileId")
        if code := self.refusal(report_id):
            return result(code)
        report = self.reports[report_id]
        if file_id not in report.files:
            return result(5002)
        if file_id in report.details:
            return result(4000)
        report.touched = self.now()
        report.details[file_id] = body
        return result(0, reportId=str(report_id), fileId=file_id)

    def invalid(self, body: bytes, name: str) -> int:
        try:
            root = etree.fromstring(body)
        except etree.XMLSyntaxError:
            return 4110
        return 0 if root.tag == name and self.schema.validate(root) else 4100

    def refusal(self, report_id: int) -> int:
        report = self.reports.get(report_id)
        if report is None:
            return 5001
        ends = max(report.opened + 24 * _HOUR, report.touched + _HOUR)
        if report.state == "open" and self.now() > ends:
            report.state = "expired"
        return {"open": 0, "expired": 5001, "retracted": 5101, "finished": 5102}[report.state]

    def now(self) -> float:
        return time.time() + self.ahead


def result(code: int, **elements: str) -> tuple[bytes, int]:
    said = {"responseDescription": "Success" if code == 0 else "Failure", **elements}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in said.items())
    return f"<reportResponse><responseCode>{code}</responseCode>{inner}</reportResponse>".encode(), 200


def respond(request: BaseHTTPRequestHandler, code: int, *, status: int = 200) -> None:
    reply(request, result(code)[0], status, Content_Type="text/xml", Request_ID="req-7")


def parse_form(content_type: str, body: bytes) -> dict[str, tuple[str | None, bytes]]:
    """The parts of multipart/form-data by name: file name, bytes. By the standard library, which is not ours."""
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found = {}
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        found[name] = (part.get_filename(), part.get_payload(decode=True))
    return found


# --- tricks -----------------------------------------------------------------------------------------------------------


def answers(code: int) -> Trick:
    def trick(request: BaseHTTPRequestHandler) -> bool:
        respond(request, code)
        return True

    return trick


def answers_status(status: int, **headers: str) -> Trick:
    def trick(request: BaseHTTPRequestHandler) -> bool:
        reply(request, b"<html>no</html>", status, Request_ID="req-8", **headers)
        return True

    return trick


def hangs_up(request: BaseHTTPRequestHandler) -> bool:
    """The connection ends without an answer."""
    request.close_connection = True
    return True


def stays_silent(seconds: float) -> Trick:
    def trick(request: BaseHTTPRequestHandler) -> bool:
        time.sleep(seconds)
        request.close_connection = True
        return True

    return trick
