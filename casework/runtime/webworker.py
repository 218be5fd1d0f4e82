"""gunicorn's threaded worker with deadlines for reading a request.

The stock worker waits for the first byte without holding a thread, but after that a client may send one
byte a minute and keep a thread for as long as it likes. Here a request has `GRACE_SECONDS`, and then must
have arrived at `SLOWEST` bytes per second on average: enough for the worst phone connection, too much for a
slow-loris.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import TConn, ThreadWorker

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE_SECONDS = 10.0
SLOWEST = 2_000  # bytes per second


class DeadlineSocket(socket.socket):
    """A connection whose `recv` gives up when the current request has taken too long for what it brought.

    It raises `ConnectionResetError`, which gunicorn treats as a client that went away and Django turns into
    `UnreadablePostError`: a cut body is an error, never a short file.
    """

    began = 0.0
    received = 0

    def expect_request(self) -> None:
        """The next byte belongs to a new request."""
        self.began = time.monotonic()
        self.received = 0

    def recv(self, *arguments: Any) -> bytes:
        """As `socket.recv`, within the deadline."""
        left = self.began + GRACE_SECONDS + self.received / SLOWEST - time.monotonic()
        before = self.gettimeout()
        # gunicorn sets a shorter limit of its own while it drains a body that nobody read.
        self.settimeout(max(left if before is None else min(left, before), 0.001))
        try:
            data = super().recv(*arguments)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the request arrived too slowly") from None
        finally:
            self.settimeout(before)
        self.received += len(data)
        return data


class DeadlineWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn carries no types
    """A `gthread` worker whose connections are `DeadlineSocket`s."""

    def handle(self, conn: TConn) -> Any:
        """Serve one request; runs in a thread of the pool."""
        if not isinstance(conn.sock, DeadlineSocket):
            plain = conn.sock
            conn.sock = DeadlineSocket(plain.family, plain.type, plain.proto, fileno=plain.detach())
        conn.sock.expect_request()
        handle: Callable[[TConn], Any] = super().handle
        return handle(conn)
