"""The web server reads each request against a deadline: slow clients lose, patient ones do not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from casework.runtime import webworker
from casework.runtime.installation import CHECKOUT
from tests.running import free_port

APPLICATION = """
from casework.runtime import webworker
webworker.GRACE_SECONDS = 1.0

def application(environ, start):
    try:
        body = environ["wsgi.input"].read()
    except OSError:
        print("cut body", flush=True)
        raise
    answer = str(len(body)).encode()
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[int]:
    """gunicorn with two threads in all and one second of grace; its port."""
    (tmp_path / "echo.py").write_text(APPLICATION)
    port = free_port()
    arguments = ["--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "2", "--no-control-socket"]
    kind = ["--worker-class", "casework.runtime.webworker.DeadlineWorker", "--chdir", str(tmp_path)]
    running = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "echo", *arguments, *kind, "--log-level", "warning"],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        stdout=(tmp_path / "output").open("wb"),
    )
    _wait_for(port)
    yield port
    running.terminate()
    running.wait()


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("gunicorn did not start")


def ask(port: int, body: bytes = b"") -> bytes:
    link = HTTPConnection("127.0.0.1", port, timeout=20)
    link.request("POST", "/", body)
    return link.getresponse().read()


def test_clients_that_trickle_headers_do_not_keep_the_threads(server: int) -> None:
    with ExitStack() as stack:
        for _ in range(12):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", server)))
            slow.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        assert ask(server, b"a kite") == b"6"


def test_a_body_that_stops_is_an_error_and_not_a_short_body(server: int, tmp_path: Path) -> None:
    with socket.create_connection(("127.0.0.1", server), timeout=20) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nonly this")
        assert b"200 OK" not in slow.recv(4096)
    assert "cut body" in (tmp_path / "output").read_text()


def test_a_slow_but_steady_upload_arrives_whole(server: int) -> None:
    pieces = [b"x" * 3000] * 15  # 15,000 bytes a second for three times the grace
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {sum(map(len, pieces))}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server), timeout=20) as patient:
        patient.sendall(head.encode())
        for piece in pieces:
            time.sleep(0.2)
            patient.sendall(piece)
        answer = HTTPResponse(patient)
        answer.begin()
        assert answer.read() == b"45000"


def test_each_request_of_one_connection_has_its_own_deadline(server: int) -> None:
    link = HTTPConnection("127.0.0.1", server, timeout=20)
    for _ in range(3):
        link.request("POST", "/", b"a boat")
        assert link.getresponse().read() == b"6"
        time.sleep(0.6)


def test_the_deadline_in_use_is_the_one_the_documentation_names() -> None:
    assert (webworker.GRACE_SECONDS, webworker.SLOWEST) == (10.0, 2_000)
