"""A real SMTP server on loopback that checks the order of commands and what it is given (RFC 5321)."""

from __future__ import annotations

import base64
import email
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

_PATH = re.compile(r"(FROM|TO):<([^<>\s]+@[^<>\s]+)>( .*)?", re.IGNORECASE)


@dataclass
class Received:
    """One e-mail as it came, and to whom."""

    sender: str
    recipients: list[str]
    data: bytes

    @property
    def message(self) -> EmailMessage:
        found = email.message_from_bytes(self.data, policy=SMTP)
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class SmtpServer:
    """*answers* replaces what it says to a command (``RCPT``, ``DATA``, ``END`` for a whole mail), first one first;
    "hang" says nothing, "drop" closes. *faults* are breaches of the protocol, which no test may see."""

    answers: dict[str, list[str]] = field(default_factory=dict)
    certificate: Path | None = None
    credentials: tuple[str, str] | None = None
    received: list[Received] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    hung: bool = False

    def __enter__(self) -> SmtpServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.closing.set()
        self._listener.close()

    def settings(self, settings: Any, **more: Any) -> None:
        """Have the application send its mail here."""
        settings.EMAIL_BACKEND = "casework.outbox.mail.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", self.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 5
        for name, value in more.items():
            setattr(settings, name, value)

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=_Session(self, connection).run, daemon=True).start()


class _Session:
    def __init__(self, server: SmtpServer, connection: socket.socket) -> None:
        self.server, self.connection = server, connection
        self.connection.settimeout(20)
        self.file = connection.makefile("rb")
        self.greeted, self.secure, self.known = False, False, server.credentials is None
        self.sender, self.recipients, self.agreed = "", list[str](), True

    def run(self) -> None:
        try:
            if self.said("CONNECT", "220 mail.test ready"):
                while line := self.file.readline():
                    if not self.obey(line):
                        return
        except (OSError, ValueError):
            return
        finally:
            self.connection.close()

    def said(self, command: str, usual: str) -> bool:
        """Answer; false when the connection ends here."""
        answers = self.server.answers.get(command, [])
        answer = answers.pop(0) if answers else usual
        if answer == "drop":
            return False
        if answer == "hang":
            self.server.hung = True
            self.server.closing.wait(20)
            return False
        self.connection.sendall(answer.encode() + b"\r\n")
        self.agreed = answer[0] in "23"
        return True

    def obey(self, line: bytes) -> bool:
        if not line.endswith(b"\r\n"):
            self.server.faults.append("a line that does not end with CRLF")
        command, _space, rest = line.decode("ascii").strip().partition(" ")
        name = command.upper()
        if name in ("EHLO", "HELO"):
            self.greeted = True
            more = "250-STARTTLS\r\n" if self.server.certificate and not self.secure else ""
            return self.said("EHLO", f"250-mail.test\r\n{more}250-AUTH PLAIN\r\n250 8BITMIME")
        if name == "STARTTLS":
            return self.start_tls()
        if name == "AUTH":
            return self.check(rest)
        if name == "MAIL":
            self.sender, self.recipients = self.path(rest), []
            return self.said("MAIL", "250 go on" if self.greeted and self.known else "530 5.7.0 not yet")
        if name == "RCPT":
            if not self.sender:
                self.server.faults.append("RCPT before MAIL")
            self.recipients.append(self.path(rest))
            return self.said("RCPT", "250 go on")
        if name == "DATA":
            return self.take()
        if name == "QUIT":
            self.said("QUIT", "221 bye")
            return False
        if name == "RSET":
            return self.said("RSET", "250 forgotten")
        self.server.faults.append(f"unknown command {name}")
        return self.said("ELSE", "500 what?")

    def path(self, rest: str) -> str:
        found = _PATH.fullmatch(rest)
        if found is None:
            self.server.faults.append(f"a path that is none: {rest}")
            return ""
        return found[2]

    def start_tls(self) -> bool:
        self.said("STARTTLS", "220 go on")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert self.server.certificate is not None
        context.load_cert_chain(self.server.certificate)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.file, self.secure, self.greeted = self.connection.makefile("rb"), True, False
        return True

    def check(self, rest: str) -> bool:
        _empty, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self.known = (user, password) == self.server.credentials
        if not self.secure:
            self.server.faults.append("a password in clear")
        return self.said("AUTH", "235 welcome" if self.known else "535 5.7.8 no")

    def take(self) -> bool:
        if not self.recipients:
            self.server.faults.append("DATA before RCPT")
        if not self.said("DATA", "354 go on"):
            return False
        if not self.agreed:
            return True
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            if not line.endswith(b"\r\n") or len(line) > 1000:
                self.server.faults.append("a line too long, or without CRLF")
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.server.received.append(Received(self.sender, self.recipients, b"".join(lines)))
        self.server.secured.append(self.secure)
        self.sender = ""
        return self.said("END", "250 2.0.0 kept")
