"""One entry at a time: does its content give its hash, do its columns say what its body says, is its personal
part the one it was written with?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection

from casework.privacy.fields import Undecipherable

from .log import commitment, leaf_hash
from .models import EntryDetail

CHUNK = 5_000


class Row(NamedTuple):
    """A sealed entry as it stands in the database; texts are spelled as in its body, bytes are raw."""

    seq: int
    entry: int | None
    public_id: str
    at: str
    verb: str
    actor: int | None
    case: str | None
    subject: str
    body: bytes
    salt: bytes
    stored: bytes
    detail: int | None

    @property
    def name(self) -> str:
        """How a fault names it."""
        return f"Entry number {self.seq} ({self.verb}, {self.public_id})"


_ROWS = """
SELECT s.seq, e.id, e.public_id::text,
       to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'),
       e.verb, e.actor_id, e.case_id::text, e.subject, e.body, e.salt, e.leaf_hash, d.id
FROM audit_seal s LEFT JOIN audit_entry e ON e.id = s.entry_id LEFT JOIN audit_entrydetail d ON d.entry_id = e.id
WHERE s.seq >= %s ORDER BY s.seq
"""


def sealed_rows(since: int) -> Iterator[Row]:
    """All seals from number *since* on, in order, with their entries; ``entry`` is None where it is gone.

    They come through a cursor of the server in binary form: five thousand at a time, whatever the log's length.
    """
    connection.ensure_connection()
    raw = connection.connection
    assert raw is not None
    with raw.cursor(name="audit_verify", binary=True) as cursor:
        cursor.itersize = CHUNK
        cursor.execute(_ROWS, [since])
        for values in cursor:
            yield Row._make(values)


@dataclass
class Inspector:
    """Checks entries and says each fault through *fault*; call ``finish`` after the last one."""

    fault: Callable[[str], None]
    actors: dict[int, str]
    erased: int = 0
    _details: dict[int, tuple[str, str]] = field(default_factory=dict)

    def leaf(self, row: Row) -> bytes:
        """The leaf hash that the content of *row* gives now; whatever contradicts it is a fault."""
        leaf = leaf_hash(row.salt, row.body)
        personal = self._personal(row)
        if personal is not None and row.detail is None:
            self.erased += 1
        elif personal is not None and row.entry is not None:
            self._details[row.entry] = row.name, personal
            if len(self._details) >= CHUNK:
                self.finish()
        elif row.detail is not None:
            self.fault(f"{row.name} has a personal part that it does not speak of.")
        return leaf

    def finish(self) -> None:
        """Check the personal parts that were put aside."""
        rows = EntryDetail.objects.filter(entry_id__in=list(self._details))
        try:
            for entry, salt, personal in rows.values_list("entry_id", "salt", "personal"):
                self._check_detail(entry, bytes(salt), personal)
        except Undecipherable:
            for detail in rows.defer("personal"):
                self._check_hard_detail(detail)
        self._details.clear()

    def _personal(self, row: Row) -> str | None:
        """The commitment (hex) in the body, None for none. The columns are compared on the way.

        A body is canonical: all but its data stands at known places. Parsing, which would take most of the time, is
        left to those that do not look as they should.
        """
        actor = "null" if row.actor is None else f'"{self.actors.get(row.actor)}"'
        case = "null" if row.case is None else f'"{row.case}"'
        tail = f',"subject":"{row.subject}","v":1,"verb":"{row.verb}"}}'.encode()
        body = row.body
        rest = body[: -len(tail)]
        if body.startswith(
            f'{{"actor":{actor},"at":"{row.at}","case":{case},"data":{{'.encode()
        ) and body.endswith(tail):
            if rest.endswith(f',"id":"{row.public_id}","personal":null'.encode()):
                return None
            if rest[:-65].endswith(f',"id":"{row.public_id}","personal":"'.encode()):
                return rest[-65:-1].decode("ascii", "replace")
        return self._parsed_personal(row)

    def _parsed_personal(self, row: Row) -> str | None:
        columns = {
            "id": row.public_id,
            "at": row.at,
            "verb": row.verb,
            "actor": None if row.actor is None else self.actors.get(row.actor),
            "case": row.case,
            "subject": row.subject,
        }
        try:
            said = json.loads(row.body)
            wrong = [name for name, value in columns.items() if said[name] != value]
            personal = said["personal"]
        except (ValueError, KeyError, TypeError):
            self.fault(f"{row.name} has a body that is none of this log's.")
            return None
        if wrong:
            self.fault(f"{row.name} was edited: its {', '.join(wrong)} is not what its body says.")
        return None if personal is None else str(personal)

    def _check_hard_detail(self, detail: EntryDetail) -> None:
        try:
            personal = detail.personal
        except Undecipherable:
            name, _committed = self._details[detail.entry_id]
            self.fault(f"{name} has a personal part that opens with none of our keys.")
            return
        self._check_detail(detail.entry_id, bytes(detail.salt), personal)

    def _check_detail(self, entry: int, salt: bytes, personal: Any) -> None:
        name, committed = self._details[entry]
        if not isinstance(personal, dict) or commitment(salt, personal).hex() != committed:
            self.fault(f"{name} has a personal part that was edited.")
