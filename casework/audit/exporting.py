"""The log as a file: comma-separated values for a spreadsheet, or one JSON object a line. Personal parts stay here."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from .reading import Line

#: A spreadsheet takes a cell that begins with one of these for a formula; an apostrophe before it makes it a text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

COLUMNS = ("number", "id", "at", "verb", "what", "who", "case", "case_number", "subject", "data")


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(lines: Iterable[Line]) -> Iterator[str]:
    """RFC 4180 rows with a head, every cell quoted, none a formula."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield writer.writerow(COLUMNS)
    for line in lines:
        values = _values(line)
        data = json.dumps(values["data"], ensure_ascii=False, sort_keys=True) if values["data"] else ""
        cells = [data if name == "data" else values[name] for name in COLUMNS]
        yield writer.writerow([_harmless("" if cell is None else str(cell)) for cell in cells])


def json_lines(lines: Iterable[Line], checkpoint: str | None) -> Iterator[str]:
    """One object a line; the last one is the newest checkpoint, which says how far the log had come."""
    for line in lines:
        yield json.dumps(_values(line), ensure_ascii=False, sort_keys=True) + "\n"
    yield json.dumps({"checkpoint": checkpoint}) + "\n"


def _values(line: Line) -> dict[str, object]:
    return {
        "number": line.seq,
        "id": str(line.public_id),
        "at": line.at.isoformat(),
        "verb": line.verb,
        "what": line.sentence,
        "who": line.actor_name,
        "case": str(line.case_id) if line.case_id else None,
        "case_number": _("a restricted case") if line.hidden else line.case_number,
        "subject": line.subject,
        "data": dict(line.data),
    }


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
