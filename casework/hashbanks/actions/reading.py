"""Looking a hash up, and taking a bank's entries out: both are written down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.hashbanks import lists
from casework.hashbanks.models import MOST_PDQ_RADIUS, Bank, Entry
from casework.hashbanks.values import NoHash, kinds_of

#: A look at a page must not read millions of rows: beyond this many PDQ entries only the same value is found here.
NEAR_UP_TO = 200_000
_MOST_FOUND = 100


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look-up found: pairs of entry and distance in bits of PDQ (None for the same value), nearest first.

    ``near`` says whether near PDQ hashes were looked for as well.
    """

    found: tuple[tuple[Entry, int | None], ...]
    near: bool


@transaction.atomic
def search_banks(text: str, *, actor: User) -> Looked:
    """The entries of all banks with the hash *text*, and near ones where it may be a PDQ hash. Raises NoHash.

    Deleted entries have no value and are not found; withdrawn ones are, and say so.
    """
    kinds = kinds_of(text)
    if not kinds:
        raise NoHash(_("This is no hash."))
    value = bytes.fromhex(text.strip())
    entries = Entry.objects.for_user(actor).select_related("bank")
    same = list(entries.filter(signal__in=kinds, value=value)[:_MOST_FOUND])
    found: list[tuple[Entry, int | None]] = [(entry, None) for entry in same]
    near = Entry.Signal.PDQ in kinds and entries.filter(signal="pdq")[: NEAR_UP_TO + 1].count() <= NEAR_UP_TO
    if near:
        distances = _near(value)
        found += [(entry, distances[entry.pk]) for entry in entries.filter(pk__in=distances)]
    found.sort(key=lambda pair: (pair[1] or 0, pair[0].pk))
    record(
        Verb.BANK_SEARCHED, actor=actor, subject=actor, found=len(found), personal={"query": text.strip()[:100]},
    )  # fmt: skip
    return Looked(tuple(found[:_MOST_FOUND]), near)


def _near(value: bytes) -> dict[int, int]:
    """Distance by key of the PDQ entries near *value* but not equal to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, distance FROM (
                SELECT id, bit_count(('x' || encode(value, 'hex'))::bit(256) # ('x' || %(hex)s)::bit(256)) AS distance
                FROM hashbanks_entry
                WHERE signal = 'pdq' AND value IS NOT NULL
            ) AS compared
            WHERE distance BETWEEN 1 AND %(most)s ORDER BY distance, id LIMIT %(count)s
            """,
            {
                "hex": value.hex(),
                "most": MOST_PDQ_RADIUS,
                "count": _MOST_FOUND,
            },
        )
        return {int(key): int(distance) for key, distance in cursor}


@transaction.atomic
def export_bank(bank: Bank, *, actor: User, form: str) -> Iterator[str]:
    """All entries for *actor* that still have a value, line by line, as ``csv`` or ``jsonl``; written down before the
    first."""
    entries = _exported(bank, actor)
    record(
        Verb.BANK_EXPORTED, actor=actor, subject=bank, bank=bank.public_id, form=form, count=entries.count(),
        personal={"name": bank.name},
    )  # fmt: skip
    return _lines(entries, form)


def _exported(bank: Bank, actor: User) -> QuerySet[Entry]:
    mine: QuerySet[Entry] = Entry.objects.for_user(actor).filter(bank=bank)
    return mine.exclude(status=Entry.Status.DELETED).order_by("pk")


def _lines(entries: QuerySet[Entry], form: str) -> Iterator[str]:
    write = lists.csv_line if form == "csv" else lists.json_line
    if form == "csv":
        yield lists.csv_line()
    for entry in entries.iterator(chunk_size=2000):
        yield write(lists.as_values(entry))
