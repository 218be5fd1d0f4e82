"""A web server with one list of hashes."""

from __future__ import annotations

import hashlib

from .validating import Asked, Told, ValidatingServer


class ListServer(ValidatingServer):
    """``text`` is the list; unchanged, it is not sent again to who says what they have."""

    def __init__(self, text: str = "", *, etags: bool = True) -> None:
        super().__init__()
        self.text = text
        self.etags = etags
        self.sent = 0

    def answer(self, asked: Asked) -> Told:
        if asked.method != "GET" or asked.path != "/list.csv":
            return Told(status=404)
        etag = f'"{hashlib.sha256(self.text.encode()).hexdigest()[:16]}"'
        if self.etags and asked.headers.get("if-none-match") == etag:
            return Told(status=304)
        self.sent += 1
        return Told(self.text.encode(), headers={"ETag": etag} if self.etags else {})
