"""Standard Webhooks signatures (specification 1.0, symmetric scheme ``v1``), for what we send and what we are sent.

Signed is ``{id}.{timestamp}.{body}`` by HMAC-SHA256 under the bytes that follow ``whsec_`` in base64; the header lists
``v1,<base64>`` once per secret, so that either side may change its secret without losing a message.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable, Mapping

PREFIX = "whsec_"
#: A signature is good for so many seconds around its timestamp.
TOLERANCE = 300
_SECRET_BYTES = 32


class BadSignature(Exception):
    """What came does not prove who sent it, or is too old. *code* is ``headers``, ``time`` or ``signature``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def new_secret() -> str:
    """A fresh secret of 256 bits as text."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def headers_for(
    webhook_id: str, body: bytes, keys: Iterable[str], *, now: int | None = None
) -> dict[str, str]:
    """The three headers for *body*, signed with each of *keys*; *now* in seconds since the epoch."""
    timestamp = int(time.time()) if now is None else now
    signed = " ".join(_signature(key, webhook_id, str(timestamp), body) for key in keys)
    return {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp), "webhook-signature": signed}


def verify(headers: Mapping[str, str], body: bytes, keys: Iterable[str], *, now: float | None = None) -> str:
    """The ``webhook-id`` of a message that one of *keys* signed within ``TOLERANCE``. Raises ``BadSignature``."""
    webhook_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    offered = headers.get("webhook-signature", "").split()
    if not (0 < len(webhook_id) <= 255 and webhook_id.isascii() and webhook_id.isprintable() and offered):
        raise BadSignature("headers")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise BadSignature("headers")
    if abs((time.time() if now is None else now) - int(timestamp)) > TOLERANCE:
        raise BadSignature("time")
    wanted = [_signature(key, webhook_id, timestamp, body).encode() for key in keys]
    matches = [hmac.compare_digest(one, each.encode()) for one in wanted for each in offered[:10]]
    if not any(matches):
        raise BadSignature("signature")
    return webhook_id


def _signature(key: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX), validate=True)
    digest = hmac.new(secret, f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")
