"""Fetching a model over https: from the host that its card names, at most so large, with the right digest."""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from detection import artefacts, downloads
from tests.detection import tiny_models

CONTENT = tiny_models.brightness()
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Place:
    """A server with a certificate of an authority of its own; ``asked`` are the paths that were asked for."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    sent: int = 0

    def url(self, path: str = "tiny.onnx", host: str = "localhost") -> str:
        return f"https://{host}:{self.port}/{path}"


def certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    public, private = directory / "ca.pem", directory / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


def handler(place: Place) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place.asked.append(self.path)
            if self.path in MOVED:
                self.send_response(302)
                self.send_header("Location", MOVED[self.path].format(port=place.port))
                self.end_headers()
            elif self.path == "/gone":
                self.send_error(404)
            elif self.path == "/endless":
                self._endless()
            else:
                self._answer(CONTENT[:-1] if self.path == "/short" else CONTENT)

        def _answer(self, content: bytes) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def _endless(self) -> None:
            self.send_response(200)
            self.end_headers()
            try:
                while place.sent < 1 << 28:
                    place.sent += self.wfile.write(bytes(1 << 16))
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            """Nothing to the terminal."""

    return Handler


MOVED = {
    "/moved": "/tiny.onnx",
    "/elsewhere": "https://127.0.0.1:{port}/tiny.onnx",
    "/in-clear": "http://localhost:{port}/tiny.onnx",
    "/a-file": "file:///etc/hostname",
    "/round": "/round",
}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    public, private = certificate(tmp_path)
    place = Place()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(place))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    place.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(public))
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    yield place
    server.shutdown()
    server.server_close()


def fetch(url: str, target: Path, *, size: int = len(CONTENT), sha256: str = DIGEST) -> None:
    downloads.fetch(url, target, size=size, sha256=sha256, seconds=5)


def test_a_file_with_the_right_digest_is_stored(place: Place, tmp_path: Path) -> None:
    fetch(place.url(), tmp_path / "got.onnx")
    assert (tmp_path / "got.onnx").read_bytes() == CONTENT


def test_a_redirect_on_the_same_host_is_followed(place: Place, tmp_path: Path) -> None:
    fetch(place.url("moved"), tmp_path / "got.onnx")
    assert place.asked == ["/moved", "/tiny.onnx"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("elsewhere", "sent the request on to https://127.0.0.1"),
        ("in-clear", "sent the request on to http://localhost"),
        ("a-file", "is not allowed"),
        ("gone", "could not be fetched (Not Found)"),
        ("round", "could not be fetched"),
        ("short", f"gave {len(CONTENT) - 1} bytes, not {len(CONTENT)}"),
    ],
)
def test_what_is_not_the_file_is_not_stored(place: Place, tmp_path: Path, path: str, words: str) -> None:
    into = tmp_path / "into"
    into.mkdir()
    with pytest.raises(downloads.DownloadError) as refused:
        fetch(place.url(path), into / "got.onnx")
    assert words in str(refused.value)
    assert list(into.iterdir()) == []
    assert "/tiny.onnx" not in place.asked


def test_a_file_with_another_digest_is_not_stored(place: Place, tmp_path: Path) -> None:
    with pytest.raises(downloads.DownloadError, match="another SHA-256"):
        fetch(place.url(), tmp_path / "got.onnx", sha256="0" * 64)
    assert not list(tmp_path.glob("*got*"))


def test_a_file_that_is_larger_than_its_card_says_is_left_where_it_is(place: Place, tmp_path: Path) -> None:
    with pytest.raises(downloads.DownloadError, match="more than the 70000 bytes"):
        fetch(place.url("endless"), tmp_path / "got.onnx", size=70_000)
    assert place.sent < 1 << 26
    assert not list(tmp_path.glob("*got*"))


def test_what_was_there_stays_when_the_new_file_is_wrong(place: Place, tmp_path: Path) -> None:
    (tmp_path / "got.onnx").write_bytes(b"old")
    with pytest.raises(downloads.DownloadError):
        fetch(place.url(), tmp_path / "got.onnx", sha256="0" * 64)
    assert (tmp_path / "got.onnx").read_bytes() == b"old"


def test_a_server_that_nobody_vouches_for_is_not_believed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(downloads.DownloadError, match="certificate verify failed"):
        fetch(place.url(), tmp_path / "got.onnx")
    assert place.asked == []


@pytest.mark.parametrize(
    "url", ["http://localhost:1/a", "ftp://localhost/a", "file:///etc/hostname", "a.onnx"]
)
def test_only_https_is_asked(tmp_path: Path, url: str) -> None:
    with pytest.raises(downloads.DownloadError, match="is not an https address. It was not asked."):
        fetch(url, tmp_path / "got.onnx")


def test_a_host_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        downloads.DownloadError, match=r"https://localhost:1/a could not be fetched \(.*refused"
    ):
        fetch("https://localhost:1/a", tmp_path / "got.onnx")


def test_a_card_with_an_address_is_fetched_by_hand_and_then_loaded(place: Place, tmp_path: Path) -> None:
    from detection import models

    cards, into = tmp_path / "cards", tmp_path / "into"
    cards.mkdir()
    table = tiny_models.described(CONTENT, source={"kind": "https", "url": place.url()})
    (cards / "tiny.toml").write_text(tiny_models.as_toml(table))
    assert "is not installed" in models.open_shelf(into, cards=(cards,)).absent["tiny"]
    assert place.asked == []
    assert artefacts.fetch_model(tiny_models.read(cards), into)
    assert "tiny" in models.open_shelf(into, cards=(cards,)).loaded
    assert place.asked == ["/tiny.onnx"]
