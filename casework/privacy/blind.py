"""Keyed blind indexes: exact search over values that the database must not be able to read."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlsplit, urlunsplit

from .keyring import index_key


def blind_index(kind: str, value: str) -> bytes:
    """HMAC-SHA-256 (32 bytes) of a normalised value; *kind* keeps equal texts of different kinds apart."""
    return hmac.new(index_key(), f"{kind}\x00{value}".encode(), hashlib.sha256).digest()


def normal_url(url: str) -> str:
    """The spelling under which a URL is indexed: lower-case scheme and host, no fragment, no default port."""
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").rstrip(".").lower()
    port = (
        f":{parts.port}"
        if parts.port and (parts.scheme, parts.port) not in (("http", 80), ("https", 443))
        else ""
    )
    return urlunsplit((parts.scheme.lower(), host + port, parts.path or "/", parts.query, ""))


def url_host(url: str) -> str:
    """The lower-case host of a URL without a leading ``www.``, or an empty string."""
    try:
        host = (urlsplit(url.strip()).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""
    return host.removeprefix("www.")


def normal_account(name: str) -> str:
    """The spelling under which an account name is indexed."""
    return name.strip().lstrip("@").casefold()
