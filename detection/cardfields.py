"""Reading one TOML table strictly: each value by name and kind, and a sentence that names the field that is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

_Choice = TypeVar("_Choice", bound=StrEnum)


class FieldError(ValueError):
    """One field of a file is not as it must be. ``name`` is dotted ("input.width"), the text is for a person."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


@dataclass(slots=True)
class Fields:
    """A table whose fields are taken one after the other; ``done`` refuses what nobody took."""

    table: Mapping[str, Any]
    where: str = ""
    _taken: set[str] = field(default_factory=set)

    def wrong(self, name: str, sentence: str) -> FieldError:
        """The error for one field of this table."""
        return FieldError(self.where + name, sentence)

    def _take(self, name: str) -> Any:
        self._taken.add(name)
        return self.table.get(name)

    def has(self, name: str) -> bool:
        """Whether the table holds the field."""
        return name in self.table

    def text(self, name: str, default: str | None = None, *, longest: int = 4000) -> str:
        """A text without blanks around it. Raises FieldError when it is absent (without a default) or empty."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "must be a text and say something")
        if len(value.strip()) > longest:
            raise self.wrong(name, f"must be at most {longest} characters long")
        return value.strip()

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of at least one text."""
        value = self._take(name)
        if not isinstance(value, list) or not value:
            raise self.wrong(name, "must be a list of texts")
        if not all(isinstance(one, str) and one.strip() for one in value):
            raise self.wrong(name, "must be a list of texts, none of them empty")
        return tuple(one.strip() for one in value)

    def choice(self, name: str, kind: type[_Choice], default: _Choice | None = None) -> _Choice:
        """One of the words of *kind*."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        try:
            return kind(value)
        except ValueError:
            allowed = ", ".join(f"“{one.value}”" for one in kind)
            raise self.wrong(name, f"must be one of {allowed}") from None

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from *low* to *high*."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if type(value) is not int or not low <= value <= high:
            raise self.wrong(name, f"must be a whole number from {low} to {high}")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A finite number."""
        value = self._take(name)
        if value is None and default is not None:
            return default
        if not _is_number(value):
            raise self.wrong(name, "must be a number")
        return float(value)

    def numbers(self, name: str, count: int, default: tuple[float, ...]) -> tuple[float, ...]:
        """Exactly *count* finite numbers."""
        value = self._take(name)
        if value is None:
            return default
        if not isinstance(value, list) or len(value) != count or not all(_is_number(one) for one in value):
            raise self.wrong(name, f"must be a list of {count} numbers")
        return tuple(float(one) for one in value)

    def pair(self, first: str, second: str) -> tuple[float, float]:
        """Two numbers that are the whole table."""
        found = self.number(first), self.number(second)
        self.done()
        return found

    def wholes(self, name: str) -> tuple[int, ...]:
        """One whole number or a list of them."""
        value = self._take(name)
        found = value if isinstance(value, list) else [value]
        if not found or not all(type(one) is int for one in found):
            raise self.wrong(name, "must be a whole number or a list of whole numbers")
        return tuple(found)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        value = self._take(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return value

    def inner(self, name: str) -> Fields:
        """A table inside this one; it must be there."""
        value = self._take(name)
        if not isinstance(value, dict):
            raise self.wrong(name, "is missing: a table is expected")
        return Fields(value, f"{self.where}{name}.")

    def many(self, name: str) -> list[Fields]:
        """The tables of a list, which may be absent."""
        value = self._take(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise self.wrong(name, "must be a list of tables")
        return [Fields(one, f"{self.where}{name}.{place}.") for place, one in enumerate(value, 1)]

    def done(self) -> None:
        """Raises FieldError for the first field that nobody asked for: most often a slip of the pen."""
        for name in self.table:
            if name not in self._taken:
                raise self.wrong(name, "is not a field that is known here")


def _is_number(value: object) -> bool:
    """Whether the value is a finite number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
