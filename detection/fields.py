"""Fields of JSON that somebody untrusted wrote: each function gives a value of the asked type and size, or raises
Malformed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

LONGEST_NAME, LONGEST_SENTENCE = 100, 2000
DEEPEST_DATA, MOST_DATA = 8, 20_000
LONGEST_TEXT = 100_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:;+/() -]*\Z")
_HEX = re.compile(r"[0-9a-f]+\Z")


class Malformed(ValueError):
    """The child's answer is not an examination; treat it like a child that died."""


def get(document: Any, key: str, types: tuple[type, ...]) -> Any:
    """The value, of one of *types*."""
    if not isinstance(document, Mapping) or key not in document:
        raise Malformed(f"{key} is missing")
    value = document[key]
    if not isinstance(value, types):
        raise Malformed(f"{key} has the wrong type")
    return value


def text(document: Any, key: str, longest: int) -> str:
    """A text of at most *longest* characters that a database can store."""
    value = str(get(document, key, (str,)))
    if len(value) > longest or "\0" in value or not _encodable(value):
        raise Malformed(f"{key} is too long or holds what cannot be stored")
    return value


def _encodable(value: str) -> bool:
    """Half surrogates pass JSON, but neither UTF-8 nor a database takes them."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def name(document: Any, key: str) -> str:
    """A short text of letters, digits and what versions are written with."""
    value = text(document, key, LONGEST_NAME)
    if not _NAME.match(value):
        raise Malformed(f"{key} is not a name")
    return value


def hexadecimal(document: Any, key: str, length: int) -> str:
    """Exactly *length* lower-case hex digits."""
    value = text(document, key, length)
    if len(value) != length or not _HEX.match(value):
        raise Malformed(f"{key} is not {length} hex digits")
    return value


def integer(document: Any, key: str, low: int, high: int) -> int:
    """A whole number from *low* to *high*."""
    value = get(document, key, (int,))
    if isinstance(value, bool) or not low <= value <= high:
        raise Malformed(f"{key} is out of range")
    return int(value)


def number(document: Any, key: str, low: float, high: float) -> float:
    """A finite number from *low* to *high*."""
    value = get(document, key, (int, float))
    if isinstance(value, bool) or not low <= value <= high:  # NaN compares as false
        raise Malformed(f"{key} is out of range")
    return float(value)


def optional_number(document: Any, key: str, low: float, high: float) -> float | None:
    """As ``number``, or None."""
    return None if get(document, key, (int, float, type(None))) is None else number(document, key, low, high)


def listing(document: Any, key: str, most: int) -> list[Any]:
    """A list of at most *most* items, which are not looked at."""
    value: list[Any] = get(document, key, (list,))
    if len(value) > most:
        raise Malformed(f"too many {key}")
    return value


def data(document: Any, key: str) -> dict[str, Any]:
    """A mapping of anything that JSON can say and a database can store, bounded in depth and number."""
    value: dict[str, Any] = get(document, key, (dict,))
    if _count(value, DEEPEST_DATA) > MOST_DATA:
        raise Malformed(f"{key} holds too much")
    return value


def _count(value: Any, depth: int) -> int:
    """How many values a piece of data holds; Malformed for what is too deep, too long or not finite."""
    if depth < 0:
        raise Malformed("data is nested too deeply")
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT or "\0" in value or not _encodable(value):
            raise Malformed("a text is too long or holds what cannot be stored")
        return 1
    if isinstance(value, float) and not math.isfinite(value):
        raise Malformed("a number is not finite")
    if isinstance(value, list):
        return 1 + sum(_count(item, depth - 1) for item in value)
    if isinstance(value, dict):
        return 1 + sum(_count(key, depth) + _count(item, depth - 1) for key, item in value.items())
    if value is None or isinstance(value, (bool, int, float)):
        return 1
    raise Malformed("data holds something that is not JSON")
