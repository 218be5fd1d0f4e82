"""Deadlines of requests: started at receipt, stopped when something really was answered, breached once."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases import actions as cases
from casework.jobs.rows import each
from casework.legal import clocks
from casework.legal.conflicts import NotAllowed
from casework.legal.models import LegalClock, LegalRequest, State

from .moving import locked

#: States in which keeping may still be renewed.
_KEEPING = (State.RECEIVED, State.CHECKING, State.ACCEPTED, State.PRESERVED)


def start_clocks(request: LegalRequest) -> list[LegalClock]:
    """Start what runs from receipt. Inside the caller's transaction."""
    return [
        LegalClock.objects.create(
            request=request, kind=due.kind, source=due.source, legal_basis=due.basis,
            started_at=request.received_at, due_at=due.due_at,
        )
        for due in clocks.deadlines(request)
    ]  # fmt: skip


def start_process_clock(request: LegalRequest, *, at: datetime) -> None:
    """After an accepted emergency: our own target for the process that has to follow. Once a request."""
    rule = clocks.PROCESS
    assert rule.due is not None
    LegalClock.objects.get_or_create(
        request=request, kind=rule.kind,
        defaults={"source": rule.source, "legal_basis": rule.basis, "started_at": at, "due_at": rule.due(at)},
    )  # fmt: skip


def stop_clock(request: LegalRequest, kind: str, *, why: str, at: datetime | None = None) -> None:
    """Stop one clock that still runs, at *at* or now. *why* is a code."""
    LegalClock.objects.filter(request=request, kind=kind, stopped_at__isnull=True).update(
        stopped_at=at or Now(), stopped_why=why
    )


def stop_all(request: LegalRequest, *, why: str) -> None:
    """Stop every clock that still runs."""
    for kind in LegalClock.Kind.values:
        stop_clock(request, kind, why=why)


def run_again(request: LegalRequest) -> None:
    """A request that is taken up again owes what it owed, by its first deadlines."""
    LegalClock.objects.filter(request=request, stopped_at__isnull=False).update(
        stopped_at=None, stopped_why=""
    )


def keeping_ended(request: LegalRequest) -> bool:
    """Whether the time for which it asks to keep is over, by the database's clock: nothing can be held for it now."""
    return request.clocks.filter(kind=LegalClock.Kind.PRESERVE, due_at__lte=Now()).exists()


@transaction.atomic
def renew(request: LegalRequest, *, actor: User, reference: str) -> LegalClock:
    """Keep for the one further period that the law allows, on the authority's word. Raises NotAllowed, WrongState."""
    row = locked(request, *_KEEPING)
    longer = clocks.renewal(row)
    clock = row.clocks.select_for_update().filter(kind=LegalClock.Kind.PRESERVE).first()
    if longer is None or clock is None:
        raise NotAllowed(_("This kind of request keeps nothing. Nothing was changed."))
    if clock.renewed:
        raise NotAllowed(_("It was renewed once, and the law allows no second time. Nothing was changed."))
    if clock.stopped_at is not None or keeping_ended(row):
        raise NotAllowed(_("Its time has run out. Enter a new request to keep it again."))
    was, clock.due_at, clock.renewed = clock.due_at, clock.due_at + longer, 1
    clock.save(update_fields=["due_at", "renewed"])
    for matter in row.matters.filter(hold__released_at__isnull=True, hold__isnull=False):
        assert matter.hold is not None
        cases.prolong_hold(matter.hold, actor=actor, until=clock.due_at)
    record(
        Verb.LEGAL_RENEWED, actor=actor, subject=row, was=was, until=clock.due_at,
        personal={"reference": reference},
    )  # fmt: skip
    return clock


def note_breaches() -> list[str]:
    """Write one entry for each clock that has run out unnoticed, by the database's clock, each in a transaction of its
    own; names the requests with which that failed (``casework.jobs.rows.each``).

    Keeping that has run its time is no fault, and is written down as what it is.
    """
    late = LegalRequest.objects.filter(Exists(_late().filter(request=OuterRef("pk")))).defer("document")
    return each(late.order_by("pk"), _note_breaches_of)


@transaction.atomic
def _note_breaches_of(request: LegalRequest) -> None:
    for clock in _late().select_for_update().filter(request=request):
        LegalClock.objects.filter(pk=clock.pk).update(breached_at=Now())
        keeping = clock.kind == LegalClock.Kind.PRESERVE
        record(
            Verb.LEGAL_KEEPING_ENDED if keeping else Verb.LEGAL_CLOCK_BREACHED, actor=None, subject=request,
            kind=clock.kind, source=clock.source, due_at=clock.due_at,
        )  # fmt: skip


def _late() -> QuerySet[LegalClock]:
    return LegalClock.objects.filter(stopped_at__isnull=True, breached_at__isnull=True, due_at__lte=Now())
