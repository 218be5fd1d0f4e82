"""Fetching one file over https: from one host, at most so large, and only with the digest that was written down.

Only ``artefacts`` calls this, by hand of an operator; nothing that examines pictures opens a connection.
Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

SECONDS = 60.0
"""How long the other side may stay silent."""

_CHUNK = 1 << 20


class DownloadError(Exception):
    """A file was not fetched; nothing was stored. The text is for a person."""


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows redirects on the host that was asked, over https, and no others."""

    def redirect_request(  # noqa: PLR0917 - the signature is urllib's
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        asked, sent = urlsplit(req.full_url), urlsplit(newurl)
        if sent.scheme != "https" or (sent.hostname, sent.port) != (asked.hostname, asked.port):
            where = f"{sent.scheme}://{sent.hostname}"
            raise DownloadError(
                f"{asked.hostname} sent the request on to {where}. Only the host that the card names is asked: "
                "write the address that finally serves the file into the card."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(url: str, target: Path, *, size: int, sha256: str, seconds: float = SECONDS) -> None:
    """Store the file at *url* as *target*, if it has exactly *size* bytes and the SHA-256 *sha256*.

    The certificate is checked against the system's authorities, or those that SSL_CERT_FILE names. Reading stops
    one byte after *size*. Raises DownloadError, and OSError when the file cannot be written.
    """
    if urlsplit(url).scheme != "https":
        raise DownloadError(f"{url} is not an https address. It was not asked.")
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _SameHost(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with opener.open(url, timeout=seconds) as answer, beside.open("wb") as stream:
            _copy(answer, stream, url, size, sha256)
        beside.replace(target)
    except (urllib.error.URLError, HTTPException, ssl.SSLError, TimeoutError, ConnectionError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise DownloadError(f"{url} could not be fetched ({reason}). Nothing was stored.") from error
    finally:
        beside.unlink(missing_ok=True)


def _copy(answer: Any, stream: IO[bytes], url: str, size: int, sha256: str) -> None:
    left, digest = size, hashlib.sha256()
    while chunk := answer.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise DownloadError(f"{url} gives more than the {size} bytes of its card. Nothing was stored.")
        digest.update(chunk)
        stream.write(chunk)
    if left:
        raise DownloadError(f"{url} gave {size - left} bytes, not {size}. Nothing was stored.")
    if digest.hexdigest() != sha256:
        raise DownloadError(f"{url} gave a file with another SHA-256 than its card says. Nothing was stored.")
    stream.flush()
    os.fsync(stream.fileno())
