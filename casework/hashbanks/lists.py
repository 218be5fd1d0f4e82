"""Lists of hashes as files: comma-separated values with a header, or one JSON object a line. Read and written by line.

Columns or keys: ``signal`` and ``value`` (hex) are needed; ``quality``, ``version``, ``clip`` (a UUID that the frames
of one film share), ``frame_at`` (seconds), ``origin``, ``ref``, ``tags`` (in CSV separated by ``;``) and ``status`` may
be there; others are ignored. A bad line is named with its number and the reason, and the good ones are kept.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from .models import LEAST_PDQ_QUALITY, Entry
from .values import NewEntry, NoHash, to_bytes

#: Bytes of one line; a longer one is a bad line, and the rest of it is not read into memory at once.
MOST_LINE = 4096
#: Lines of one list.
MOST_LINES = 5_000_000
COLUMNS = (
    "signal", "value", "quality", "version", "clip", "frame_at", "origin", "ref", "tags", "status",
    "first_seen", "last_seen",
)  # fmt: skip
#: Names that others give to the needed columns.
_ALSO = {"signal_type": "signal", "type": "signal", "hash": "value", "hash_value": "value", "hex": "value"}


class NoList(Exception):
    """The file as a whole is no list; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that was not kept, counted from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was read: its number, and what it says or what is wrong with it."""

    number: int
    said: NewEntry | Fault


def read_list(data: bytes, *, after: int = 0, origin: str = "") -> Iterator[Line]:
    """The lines of a list beyond number *after*, empty ones left out. *origin* is for lines that name none.

    Raises NoList when the first line with content is neither a header with ``signal`` and ``value`` nor JSON, or at
    the line with which the list becomes too long.
    """
    lines = _lines(io.BytesIO(data))
    first = next(lines, None)
    if first is None:
        raise NoList(_("The list is empty."))
    number, text = first
    if text is not None and text.lstrip().startswith("{"):
        header = None
        if number > after:
            yield Line(number, _entry_of_json(number, text, origin))
    else:
        header = _header(text)
    for number, text in lines:
        if number > MOST_LINES:
            raise NoList(
                _("The list has more than %(most)d lines. What stands before is kept.") % {"most": MOST_LINES}
            )
        if number <= after:
            continue
        if text is None:
            yield Line(number, Fault(number, _("The line is too long, or is not UTF-8 text.")))
        elif header is None:
            yield Line(number, _entry_of_json(number, text, origin))
        else:
            yield Line(number, _entry_of_csv(number, text, header, origin))


def csv_line(values: Mapping[str, Any] | None = None) -> str:
    """One line of CSV, or the header for None. A text that a spreadsheet would run as a formula is quoted as text."""
    out = io.StringIO()
    row = COLUMNS if values is None else [_safe(values.get(name)) for name in COLUMNS]
    csv.writer(out, lineterminator="\n").writerow(row)
    return out.getvalue()


def json_line(values: Mapping[str, Any]) -> str:
    """One JSON object with its line end; what is unknown is left out."""
    said = {name: value for name, value in values.items() if value not in (None, "", [])}
    return json.dumps(said, ensure_ascii=False) + "\n"


def as_values(entry: Entry) -> dict[str, Any]:
    """An entry as the columns of a list."""
    return {
        "signal": entry.signal,
        "value": entry.hex,
        "quality": entry.quality,
        "version": entry.version,
        "clip": str(entry.clip) if entry.clip else None,
        "frame_at": entry.frame_at,
        "origin": entry.origin,
        "ref": entry.origin_ref,
        "tags": list(entry.tags),
        "status": entry.status,
        "first_seen": entry.first_seen.isoformat(timespec="seconds"),
        "last_seen": entry.last_seen.isoformat(timespec="seconds"),
    }


def _lines(file: io.BytesIO) -> Iterator[tuple[int, str | None]]:
    """Numbered lines with content; None for one that is too long or no text."""
    number = 0
    while raw := file.readline(MOST_LINE + 2):
        number += 1
        too_long = not raw.endswith(b"\n") and len(raw) > MOST_LINE
        while too_long and (rest := file.readline(MOST_LINE)) and not rest.endswith(b"\n"):
            pass
        try:
            text = None if too_long else raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            text = None
        if text is None or text:
            yield number, text


def _header(text: str | None) -> list[str]:
    names = [name.strip().lower() for name in _cells(text or "")]
    names = [_ALSO.get(name, name) for name in names]
    if not {"signal", "value"} <= set(names):
        raise NoList(
            _(
                "This is no list that can be read: the first line must name the columns, “signal” and “value” "
                "among them, or each line must be a JSON object with these keys. Nothing was kept."
            )
        )
    return names


def _cells(text: str) -> list[str]:
    try:
        return next(csv.reader([text], strict=True), [])
    except csv.Error:
        return []


def _entry_of_csv(number: int, text: str, header: list[str], origin: str) -> NewEntry | Fault:
    cells = _cells(text)
    if len(cells) != len(header):
        return Fault(
            number,
            _("The line has %(n)d columns, the header %(m)d.") % {"n": len(cells), "m": len(header)},
        )
    values: dict[str, Any] = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    values["tags"] = [tag.strip() for tag in str(values.get("tags", "")).split(";") if tag.strip()]
    return _entry(number, values, origin)


def _entry_of_json(number: int, text: str, origin: str) -> NewEntry | Fault:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return Fault(number, _("The line is not JSON."))
    if not isinstance(values, dict):
        return Fault(number, _("The line is not a JSON object."))
    values = {_ALSO.get(str(name), str(name)): value for name, value in values.items()}
    tags = values.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return Fault(number, _("“tags” must be a list of texts."))
    return _entry(number, values | {"tags": tags}, origin)


def _entry(number: int, values: Mapping[str, Any], origin: str) -> NewEntry | Fault:
    signal = _text(values, "signal").lower().replace("-", "")
    try:
        quality = _quality(values.get("quality"))
        clip, frame_at = _clip(values)
        value = to_bytes(signal, _text(values, "value"))
    except ValueError as error:
        return Fault(number, str(error))
    if _text(values, "status") not in ("", Entry.Status.ACTIVE):
        return Fault(number, _("The list says that this entry is withdrawn or deleted."))
    if signal == Entry.Signal.PDQ and quality is not None and quality < LEAST_PDQ_QUALITY:
        return Fault(
            number,
            _("Quality %(quality)d: too little detail to be told apart from others.") % {"quality": quality},
        )
    return NewEntry(
        signal=signal,
        value=value,
        quality=quality,
        version=_text(values, "version"),
        clip=clip,
        frame_at=frame_at,
        origin=_text(values, "origin") or origin,
        origin_ref=_text(values, "ref"),
        tags=tuple(filter(None, map(_plain, values["tags"]))),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    return _plain(str(values.get(name) or ""))


def _plain(text: str) -> str:
    """A text without characters that do not print (and that PostgreSQL refuses)."""
    return "".join(filter(str.isprintable, text)).strip()


def _quality(value: Any) -> int | None:
    if value in (None, ""):
        return None
    try:
        quality = float(value)
    except (TypeError, ValueError, OverflowError):
        quality = math.nan
    if not 0 <= quality <= 100:
        raise NoHash(_("“quality” must be a number from 0 to 100."))
    return int(quality)


def _clip(values: Mapping[str, Any]) -> tuple[UUID | None, float | None]:
    clip, at = values.get("clip"), values.get("frame_at")
    try:
        found = UUID(str(clip)) if clip not in (None, "") else None
        seconds = float(at) if at not in (None, "") else None
    except (TypeError, ValueError, OverflowError) as error:
        raise NoHash(_("“clip” must be a UUID and “frame_at” a number of seconds.")) from error
    if seconds is not None and not 0 <= seconds < 1e9:
        raise NoHash(_("“frame_at” must be a number of seconds."))
    return found, seconds


def _safe(value: Any) -> str:
    text = ";".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
