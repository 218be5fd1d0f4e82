"""Facts as JSON types: for the files of a package, and for the digest of what would be in one."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def plain(fact: Any) -> dict[str, Any]:
    """A dataclass as JSON types; ``dataclasses.asdict`` for nested ones, ids and times as text."""
    return {name: _value(value) for name, value in dataclasses.asdict(fact).items()}


def _value(value: Any) -> Any:
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {name: _value(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_value(inner) for inner in value]
    return value
