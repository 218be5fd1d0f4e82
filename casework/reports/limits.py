"""How often something may be tried: counters in the shared cache, so that all web processes count together."""

from __future__ import annotations

import hashlib
import ipaddress
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest

from casework.accounts.requests import client_address


@dataclass(frozen=True)
class Limit:
    """At most *most* per *seconds* (a fixed window) for each key."""

    name: str
    most: int
    seconds: int


#: Guessing at the status page: per reference, per address prefix, and all together.
STATUS_PER_REFERENCE = Limit("status-reference", 10, 3600)
STATUS_PER_PREFIX = Limit("status-prefix", 30, 3600)
STATUS_IN_ALL = Limit("status-all", 3000, 3600)
#: Reports through the public form. Whole schools share one address, so the prefix gets room.
FORM_PER_PREFIX = Limit("form-prefix", 60, 3600)
FORM_IN_ALL = Limit("form-all", 2000, 3600)
#: New drafts: each is an encrypted row for two hours.
DRAFT_PER_PREFIX = Limit("draft-prefix", 240, 3600)
#: Uploads into drafts, files of one address prefix.
UPLOAD_PER_PREFIX = Limit("upload-prefix", 300, 3600)
#: Messages of one reporter.
MESSAGE_PER_REPORT = Limit("message-report", 30, 3600)


def bytes_per_day(sender: str) -> Limit:
    """How many bytes one *sender* ("key" or "prefix") may send in a day."""
    return Limit(f"bytes-{sender}", settings.UPLOAD_MAX_SENDER_BYTES, 86400)


def declared_bytes(request: HttpRequest) -> int:
    """What a request says of its length; a body without a length is refused where it is read."""
    try:
        return max(0, int(request.META.get("CONTENT_LENGTH") or 0))
    except ValueError:
        return 0


class TooOften(Exception):
    """A limit is used up; ``wait`` says for how many seconds."""

    def __init__(self, limit: Limit, wait: int) -> None:
        super().__init__(f"{limit.name}: wait {wait} s")
        self.limit = limit
        self.wait = wait


def count(limit: Limit, key: str = "", *, cost: int = 1) -> None:
    """Count one try (or *cost* of them) of *key* against *limit*. Raises ``TooOften`` when the window is full.

    A full window counts no further, so a refused try never lengthens the wait.
    """
    now = time.time()
    window = int(now // limit.seconds)
    digest = hashlib.sha256(f"{limit.name}\x00{key}".encode()).hexdigest()[:40]
    name = cache.make_key(f"count:{digest}:{window}")
    if cost > limit.most or not _counted(name, cost, limit):
        raise TooOften(limit, wait=max(1, round((window + 1) * limit.seconds - now)))


_COUNT = """
    INSERT INTO {table} AS kept (cache_key, value, expires)
    VALUES (%(name)s, %(cost)s::text, statement_timestamp() + make_interval(secs => %(seconds)s))
    ON CONFLICT (cache_key) DO UPDATE SET value = (kept.value::bigint + %(cost)s)::text
    WHERE kept.value::bigint + %(cost)s <= %(most)s
"""


def _counted(name: str, cost: int, limit: Limit) -> bool:
    """Add *cost* to the counter in the cache's table; false, and nothing added, where the window is full.

    One statement: the cache's own increment reads and writes apart, so that parallel tries would be lost, and its
    ``set`` counts all rows of the table each time. The value is plain digits, which the cache itself never reads.
    """
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    values: dict[str, str | int] = {
        "name": name,
        "cost": cost,
        "most": limit.most,
        "seconds": 2 * limit.seconds,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(table=table), values)
        return bool(cursor.rowcount)


_FORGET = """
    DELETE FROM {table} WHERE cache_key IN (
        SELECT cache_key FROM {table} WHERE expires < statement_timestamp() FOR UPDATE SKIP LOCKED)
"""


def forget_counts() -> int:
    """Delete what has run out in the cache's table; how many rows. The cache itself does so only when it writes."""
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    with connection.cursor() as cursor:
        cursor.execute(_FORGET.format(table=table))
        return int(cursor.rowcount)


def address_prefix(request: HttpRequest) -> str:
    """Where a request comes from, coarsened to what one household or office shares: /24 for IPv4, /48 for IPv6."""
    try:
        address = ipaddress.ip_address(client_address(request))
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return str(ipaddress.ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))
