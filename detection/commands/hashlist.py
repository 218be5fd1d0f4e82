"""A list of known hashes as comma-separated values: a header with ``signal`` and ``value``, then one hash a line.

``quality`` (PDQ) and ``status`` may be there too, as in the lists that a bank exports; other columns do not count. Bad
lines are named by number and the good ones kept.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

HEX_DIGITS = {"pdq": 64, "sha256": 64, "md5": 32}
"""The signals that are compared, and how long their values are."""

MOST_LINES = 5_000_000
MOST_LINE = 4096
_ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Known:
    """A hash of the list. ``line`` counts from 1, the header included; ``quality`` only where the list says it."""

    line: int
    signal: str
    value: bytes
    quality: int | None


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that is not compared, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class HashList:
    """What a list holds. ``pdq`` is by line, ``exact`` by signal and value."""

    pdq: Mapping[int, Known]
    exact: Mapping[tuple[str, bytes], Sequence[Known]]
    signals: frozenset[str]
    entries: int
    faults: tuple[Fault, ...]


class NoList(ValueError):
    """The file as a whole is no list; the message says why, for a person."""


def read_list(lines: Iterable[bytes], *, least_quality: int) -> HashList:
    """The list in *lines* (with or without their ends). PDQ hashes below *least_quality* are faults: they match much
    that looks nothing like them.

    Raises NoList for a list without a header, or with too many lines.
    """
    pdq: dict[int, Known] = {}
    exact: dict[tuple[str, bytes], list[Known]] = {}
    faults: list[Fault] = []
    for said in _said(lines, least_quality):
        if isinstance(said, Fault):
            faults.append(said)
        elif said.signal == "pdq":
            pdq[said.line] = said
        else:
            exact.setdefault((said.signal, said.value), []).append(said)
    signals = frozenset(signal for signal, _value in exact) | ({"pdq"} if pdq else set())
    entries = len(pdq) + sum(map(len, exact.values()))
    return HashList(pdq, exact, signals, entries, tuple(faults))


def _said(lines: Iterable[bytes], least_quality: int) -> Iterator[Known | Fault]:
    header: list[str] | None = None
    for number, raw in enumerate(lines, 1):
        if number > MOST_LINES:
            raise NoList(f"it has more than {MOST_LINES} lines")
        try:
            cells = _cells(raw, first=header is None)
        except ValueError as error:
            if header is None:
                raise NoList(f"line {number}: {error}") from None
            yield Fault(number, str(error))
            continue
        if not cells:
            continue
        if header is None:
            header = _header(cells)
            continue
        try:
            yield _known(number, dict(zip(header, cells, strict=False)), least_quality)
        except ValueError as error:
            yield Fault(number, str(error))
    if header is None:
        raise NoList("it is empty")


def _cells(raw: bytes, *, first: bool) -> list[str]:
    """The cells of one line, none for an empty one. ValueError says why it is no line."""
    if len(raw) > MOST_LINE:
        raise ValueError("it is too long")
    try:
        text = raw.decode("utf-8-sig" if first else "utf-8").strip()
        cells = next(csv.reader([text], strict=True), [])
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text") from None
    except csv.Error as error:
        raise ValueError(f"it is not comma-separated values ({error})") from None
    return [cell.strip() for cell in cells]


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.lower() for cell in cells]
    if not {"signal", "value"} <= set(names):
        raise NoList("its first line does not name the columns signal and value (signal,value,quality)")
    return names


def _known(number: int, row: Mapping[str, str], least_quality: int) -> Known:
    """The hash of one line. ValueError says what is wrong with it."""
    signal, value = row.get("signal", "").lower(), row.get("value", "")
    status = row.get("status", "")
    if signal not in HEX_DIGITS:
        raise ValueError(f"the signal {signal[:40]!r} is not compared here, only {', '.join(HEX_DIGITS)}")
    if not _is_hex(value, HEX_DIGITS[signal]):
        raise ValueError(f"the value is not {HEX_DIGITS[signal]} hexadecimal digits, as {signal} has")
    if status and status.lower() != _ACTIVE:
        raise ValueError(f"its status is {status[:40]!r} and not active")
    quality = _quality(row.get("quality", "")) if signal == "pdq" else None
    if quality is not None and quality < least_quality:
        raise ValueError(f"its quality of {quality} is below {least_quality}")
    return Known(number, signal, bytes.fromhex(value), quality)


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and set(text) <= set("0123456789abcdefABCDEF")


def _quality(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= 100):
        raise ValueError(f"the quality {text[:40]!r} is not a whole number from 0 to 100")
    return int(text)
