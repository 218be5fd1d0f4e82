"""Every byte that a browser gets, written down on the way, and every picture found in it however it is wrapped."""

from __future__ import annotations

import base64
import binascii
import http.client
import io
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import ClassVar
from urllib.parse import urlsplit

import pillow_heif
from PIL import Image, UnidentifiedImageError

SIDE, BYTES = 24, 2048
METADATA = re.compile(rb"tEXt|zTXt|iTXt|eXIf|iCCP|tIME|Exif\x00|<x:xmpmeta|Photoshop 3\.0|ICC_PROFILE")
#: How the pictures that a browser can draw begin; the offset is of the first byte of the file.
BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", 0), (b"\xff\xd8\xff", 0), (b"GIF87a", 0), (b"GIF89a", 0), (b"WEBP", 8), (b"II*\x00", 0),
    (b"MM\x00*", 0), (b"ftypavif", 4), (b"ftypavis", 4), (b"ftypheic", 4), (b"ftypmif1", 4), (b"\x00\x00\x01\x00", 0),
    (b"BM", 0), (b"\xff\x0a", 0), (b"\x00\x00\x00\x0cJXL ", 0), (b"\x00\x00\x00\x0cjP  ", 0),
)  # fmt: skip
ENCODED = re.compile(rb"(?:[A-Za-z0-9+/_-]|%2[BbFf]|\\/){80,}={0,2}")
HEXED = re.compile(rb"(?:[0-9a-fA-F]{2}){40,}")
#: Pieces of a picture to look for: long enough never to meet by chance, and past the tables all JPEG files share.
PIECE, STRIDE, TABLES = 24, 256, 1024

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class Answer:
    """One response as the browser got it, with its body unpacked."""

    method: str
    path: str
    status: int
    content_type: str
    body: bytes


@dataclass
class Recording:
    """Answers in the order they came."""

    answers: list[Answer] = field(default_factory=list)

    def faults(self) -> list[str]:
        """What in these answers must not have been sent before a reveal."""
        return [f"{answer.path}: {fault}" for answer in self.answers for fault in faults_in(answer.body)]

    def carrying(self, picture: bytes) -> list[str]:
        """The paths whose answers hold any piece of *picture*, plain, in base64 or in hexadecimal."""
        pieces = [picture[at : at + PIECE] for at in range(TABLES, len(picture) - PIECE, STRIDE)]
        return [answer.path for answer in self.answers if _holds(answer.body, pieces)]

    def pictures(self) -> list[str]:
        """The paths of answers in which a picture was found."""
        return [answer.path for answer in self.answers if pictures_in(answer.body)]


def _holds(body: bytes, pieces: list[bytes]) -> bool:
    return any(piece in text for text in [body, *_unwrapped(body)] for piece in pieces)


def _unwrapped(body: bytes) -> list[bytes]:
    """What base64 and hexadecimal runs in *body* stand for; a run may start in the middle of a group of four."""
    found = []
    for run in ENCODED.findall(body):
        plain = run.replace(b"%2B", b"+").replace(b"%2b", b"+").replace(b"%2F", b"/").replace(b"%2f", b"/")
        plain = plain.replace(b"\\/", b"/").replace(b"-", b"+").replace(b"_", b"/").rstrip(b"=")
        for begin in range(4):
            part = plain[begin:]
            found.append(
                base64.b64decode(part[:-1] if len(part) % 4 == 1 else part + b"=" * (-len(part) % 4))
            )
    for run in HEXED.findall(body):
        found.append(binascii.unhexlify(run[: len(run) // 2 * 2]))
    return found


def pictures_in(body: bytes) -> list[tuple[bytes, Image.Image]]:
    """Pictures that open, from the beginning of *body*, from anywhere inside it, or wrapped in text."""
    found = []
    for text in [body, *_unwrapped(body)]:
        starts = {0} | {
            at.start() - offset
            for sign, offset in BEGINNINGS
            if len(sign) > 2
            for at in re.finditer(re.escape(sign), text)
        }
        for start in sorted(start for start in starts if start >= 0):
            if opened := _opened(text[start:]):
                found.append((text[start:], opened))
    return found


def _opened(data: bytes) -> Image.Image | None:
    if not any(data[offset : offset + len(sign)] == sign for sign, offset in BEGINNINGS):
        return None
    try:
        return Image.open(io.BytesIO(data))  # a picture that breaks off later would be shown down to there
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        return None


def faults_in(body: bytes) -> list[str]:
    """What forbids showing the pictures in *body* before a reveal: size, weight, colour, metadata."""
    faults = []
    for data, image in pictures_in(body):
        if max(image.size) > SIDE:
            faults.append(f"a picture of {image.size}")
        if len(data) > BYTES:
            faults.append(f"a picture of {len(data)} bytes")
        if image.mode not in ("L", "1"):
            faults.append(f"a picture in colour ({image.mode})")
        if image.getexif() or set(image.info) - {"transparency"} or METADATA.search(data):
            faults.append("a picture with metadata")
    return faults


class RecordingProxy:
    """An HTTP proxy between one browser and one installation. A context manager; ``server`` is for the browser."""

    def __init__(self, port: int) -> None:
        self.recording = Recording()
        handler = type("Handler", (_Handler,), {"target": port, "recording": self.recording})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.server = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> RecordingProxy:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target: ClassVar[int]
    recording: ClassVar[Recording]

    def _pass_on(self) -> None:
        asked = urlsplit(self.path)
        if asked.port != self.target:
            self.send_error(502, "this proxy knows one installation only")
            return
        path = asked.path + (f"?{asked.query}" if asked.query else "")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in DROPPED}
        link = http.client.HTTPConnection("localhost", self.target, timeout=60)
        link.request(self.command, path, body or None, headers)
        answer = link.getresponse()
        data = answer.read()
        link.close()
        kind = answer.headers.get("Content-Type", "")
        self.recording.answers.append(Answer(self.command, path, answer.status, kind, data))
        self._give_back(answer, data)

    def _give_back(self, answer: http.client.HTTPResponse, data: bytes) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in DROPPED | {"content-length"}:
                self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and answer.status not in (204, 304):
            self.wfile.write(data)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = _pass_on

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


#: Hop by hop, or what would have the server pack what we want to read.
DROPPED = {
    "connection",
    "proxy-connection",
    "keep-alive",
    "accept-encoding",
    "transfer-encoding",
    "te",
    "upgrade",
}
