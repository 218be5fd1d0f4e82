"""Reading the log: what a person may see of it, in words, a page at a time.

An entry about a case that does not exist for somebody (a restricted one, and they are not cleared) is shown to them
without subject, case, data and personal part, and a search for that case finds nothing. The case model is reached by
its name in ``LOG_CASE_MODEL``, for ``audit`` lies below ``cases``; its ``for_user`` decides.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings

from casework.accounts.permissions import Perm
from casework.privacy.blind import blind_index

from . import telling, wording
from .models import Checkpoint, Entry
from .verbs import Verb

if TYPE_CHECKING:
    from casework.accounts.models import User

PAGE = 50
TIMELINE = 500
#: What these entries carry beside a case may still speak of one: only the cleared and their author read it.
MAY_NAME_ANY_CASE = {Verb.CASE_SEARCHED, Verb.LOG_READ, Verb.LOG_EXPORTED}


@dataclass(frozen=True)
class Filters:
    """What to look for. *case* is a case that exists for the viewer; *impossible* finds nothing (no such case)."""

    person: User | None = None
    kind: str = ""
    case: Any = None
    since: datetime | None = None
    until: datetime | None = None
    impossible: bool = False

    def codes(self) -> dict[str, Any]:
        """The filters as ids and codes, for the entry that says that the log was read."""
        said: dict[str, Any] = {
            "person": self.person.public_id if self.person else None,
            "kind": self.kind,
            "since": self.since,
            "until": self.until,
        }
        return {key: value for key, value in said.items() if value not in (None, "")}


@dataclass(frozen=True)
class Line:
    """One entry as one person may see it. ``hidden`` ones have no subject, case, data or personal part.

    ``seq`` is the entry's number in the tree from 0, None while it waits for its seal.
    """

    id: int
    public_id: uuid.UUID
    at: datetime
    verb: str
    kind: str
    sentence: str
    actor_name: str
    seq: int | None
    hidden: bool
    case_id: uuid.UUID | None = None
    case_number: str = ""
    subject: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    personal: Mapping[str, Any] = field(default_factory=dict)
    erased: bool = False

    @property
    def detail(self) -> str:
        """What it carries, in one line, without the personal part."""
        return wording.one_line(self.data)


@dataclass(frozen=True)
class TimelineEntry:
    """One line of a case's timeline; the last four are what ``components/timeline.html`` asks for."""

    at: datetime
    verb: str
    kind: str
    sentence: str
    actor_name: str
    public_id: uuid.UUID
    detail: str
    seq: int | None

    @property
    def what(self) -> str:
        """The sentence."""
        return self.sentence

    @property
    def when(self) -> datetime:
        """The time."""
        return self.at

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        return wording.ICONS[self.kind]

    @property
    def tone(self) -> str:
        """Acts of looking are quiet, what went wrong is not."""
        return (
            "caution" if self.verb in (Verb.CLOCK_BREACHED, Verb.EVIDENCE_DOUBTED, Verb.EFFECT_FAILED) else ""
        )


def entries_for(
    viewer: User, filters: Filters, *, before: uuid.UUID | None = None, limit: int = PAGE
) -> list[Line]:
    """The newest entries that fit, as *viewer* may see them; *before* is the public id of the last line shown.

    Pages are cut by id, never by offset: what is written meanwhile moves nothing. Nobody without the right to read
    the log gets a line.
    """
    rows = _fitting(viewer, filters)
    if before is not None:
        rows = rows.filter(id__lt=Entry.objects.filter(public_id=before).values("id"))
    return list(_lines(rows[:limit], viewer))


def every_entry(viewer: User, filters: Filters, *, up_to: uuid.UUID) -> Iterator[Line]:
    """All entries that fit and are older than the entry *up_to*, newest first, read in chunks of 2,000."""
    older = _fitting(viewer, filters).filter(id__lt=Entry.objects.filter(public_id=up_to).values("id"))
    rows = older.iterator(chunk_size=2_000)
    while chunk := list(islice(rows, 2_000)):
        yield from _lines(chunk, viewer)


def count_fitting(viewer: User, filters: Filters) -> int:
    """How many entries fit."""
    return int(_fitting(viewer, filters).count())


def entry_for(viewer: User, public_id: uuid.UUID) -> tuple[Entry, Line] | None:
    """One entry with its line, None where there is none for *viewer*."""
    entry = _fitting(viewer, Filters()).filter(public_id=public_id).first()
    return None if entry is None else (entry, next(_lines([entry], viewer)))


def timeline(case: Any, *, viewer: User, subject: Any = None) -> list[TimelineEntry]:
    """What happened to *case* (or to one row of it, *subject*), newest first, at most the last 500.

    Nothing for whom the case does not exist; nothing of legal requests for whoever may not see them.
    """
    if case.public_id not in _existing_cases(viewer, [case.public_id]):
        return []
    rows = Entry.objects.filter(case_id=case.public_id).select_related("actor", "seal").order_by("-id")
    if not viewer.may(Perm.READ_LEGAL):
        rows = rows.exclude(verb__startswith="legal.")
    if subject is not None:
        rows = rows.filter(subject=f"{subject._meta.label_lower}:{subject.pk}")
    return [_timeline_entry(row) for row in rows[:TIMELINE]]


def history_of(subject: Any) -> list[TimelineEntry]:
    """What happened to a row that belongs to no case, newest first, at most the last 500; the door asks who may."""
    rows = Entry.objects.filter(subject=f"{subject._meta.label_lower}:{subject.pk}", case_id__isnull=True)
    return [_timeline_entry(row) for row in rows.select_related("actor", "seal").order_by("-id")[:TIMELINE]]


def find_case(viewer: User, text: str) -> Any:
    """The case that *text* (a case number, a report's reference or a public id) names for *viewer*, or None."""
    cases = _cases().objects.for_user(viewer)
    try:
        return cases.filter(public_id=uuid.UUID(text.strip())).first()
    except ValueError:
        compact = re.sub(r"[\s-]", "", text.upper())
    number = f"CW-{compact[2:]}" if compact.startswith("CW") else compact
    return cases.filter(terms__kind="reference", terms__blind=blind_index("reference", number)).first()


def newest_checkpoint() -> str | None:
    """The newest signed checkpoint, None while nothing is signed."""
    note: str | None = Checkpoint.objects.order_by("-size").values_list("note", flat=True).first()
    return note


def shown_entry(entry: Entry, line: Line) -> dict[str, Any]:
    """What the page of one entry shows besides its proof; the body only to whom nothing of it is hidden."""
    return {
        "line": line,
        "data": wording.facts(line.data),
        "personal": wording.facts(line.personal),
        "body": "" if line.hidden else bytes(entry.body).decode(),
        "salt": "" if line.hidden else bytes(entry.salt).hex(),
        "leaf": bytes(entry.leaf_hash).hex(),
    }


def data_of(entry: Entry) -> dict[str, Any]:
    """The ``data`` of an entry's body."""
    data: dict[str, Any] = json.loads(bytes(entry.body))["data"]
    return data


def _fitting(viewer: User, filters: Filters) -> Any:
    rows = Entry.objects.for_user(viewer).select_related("actor", "seal", "detail").order_by("-id")
    if filters.impossible:
        return rows.none()
    if filters.person is not None:
        rows = rows.filter(actor=filters.person)
    if filters.kind:
        rows = rows.filter(verb__in=wording.verbs_of(filters.kind))
    if filters.case is not None:
        rows = rows.filter(case_id=filters.case.public_id)
    if filters.since is not None:
        rows = rows.filter(at__gte=filters.since)
    if filters.until is not None:
        rows = rows.filter(at__lt=filters.until)
    return rows


def _lines(entries: Iterable[Entry], viewer: User) -> Iterator[Line]:
    rows = list(entries)
    existing = _existing_cases(viewer, {row.case_id for row in rows if row.case_id})
    for row in rows:
        yield _line(row, viewer, existing)


def _line(row: Entry, viewer: User, existing: Mapping[uuid.UUID, str]) -> Line:
    hidden = row.case_id is not None and row.case_id not in existing
    shown: dict[str, Any] = {}
    if not hidden:
        personal, erased = _personal(row, viewer)
        shown = {
            "case_id": row.case_id,
            "case_number": existing[row.case_id] if row.case_id else "",
            "subject": row.subject,
            "data": data_of(row),
            "personal": personal,
            "erased": erased,
        }
    name = row.actor.name if row.actor else None
    return Line(
        id=row.pk,
        public_id=row.public_id,
        at=row.at,
        verb=row.verb,
        kind=wording.kind_of(row.verb),
        sentence=wording.sentence(row.verb, name),
        actor_name=wording.actor_name(row.verb, name),
        seq=row.seal.seq if hasattr(row, "seal") else None,
        hidden=hidden,
        **shown,
    )


def _personal(row: Entry, viewer: User) -> tuple[Mapping[str, Any], bool]:
    """The personal part as *viewer* may see it, and whether it was there once and is erased."""
    if not hasattr(row, "detail"):
        return {}, json.loads(bytes(row.body))["personal"] is not None
    if row.verb in MAY_NAME_ANY_CASE and not viewer.cleared and row.actor_id != viewer.pk:
        return {}, False
    return row.detail.personal, False


def _timeline_entry(row: Entry) -> TimelineEntry:
    name = row.actor.name if row.actor else None
    return TimelineEntry(
        at=row.at,
        verb=row.verb,
        kind=wording.kind_of(row.verb),
        sentence=wording.sentence(row.verb, name),
        actor_name=wording.actor_name(row.verb, name),
        public_id=row.public_id,
        detail=telling.brief(row.verb, data_of(row)),
        seq=row.seal.seq if hasattr(row, "seal") else None,
    )


def _cases() -> Any:
    return apps.get_model(settings.LOG_CASE_MODEL)


def _existing_cases(viewer: User, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Public id -> number of those cases that exist for *viewer*."""
    found = _cases().objects.for_user(viewer).filter(public_id__in=list(ids))
    return {case.public_id: case.number for case in found}
