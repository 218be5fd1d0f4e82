"""Entering a request: its clocks start, the cases it names are found, and what has to be kept is held at once."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases import actions as cases
from casework.cases.models import Case, LegalHold
from casework.legal.conflicts import NotAllowed
from casework.legal.models import LegalClock, LegalRequest, LegalRequestCase, State, Type
from casework.legal.targets import cases_of

from .clocks import keeping_ended, start_clocks
from .moving import changed, locked

#: What an emergency has to say, every part of it (domain: legal request fields).
EMERGENCY_PARTS = ("nature", "person_at_risk", "imminence", "why_no_process", "data_needed")
#: Bytes of a served document.
MOST_BYTES = 5 * 1024 * 1024
_OPEN = (State.RECEIVED, State.CHECKING)


@transaction.atomic
def enter_request(*, actor: User, type: str, **fields: Any) -> LegalRequest:  # noqa: A002 - the model's own word
    """Enter a request as it was served. Raises ValueError for an emergency that leaves a part out, or no deadline."""
    emergency = fields.get("emergency") or {}
    if type == Type.EMERGENCY and not all(str(emergency.get(part, "")).strip() for part in EMERGENCY_PARTS):
        raise ValueError("An emergency has to say all of its parts.")
    request = LegalRequest.objects.create(entered_by=actor, type=type, **fields)
    started = start_clocks(request)
    record(
        Verb.LEGAL_RECEIVED, actor=actor, subject=request, type=type,
        country=request.country, categories=request.categories, targets=len(request.targets),
        clocks=[{"kind": one.kind, "source": one.source, "due_at": one.due_at.isoformat()} for one in started],
        personal={"authority": request.authority, "reference": request.authority_reference},
    )  # fmt: skip
    match_cases(request, actor=actor)
    return request


def match_cases(request: LegalRequest, *, actor: User) -> None:
    """Find the cases its identifiers lead to, and hold them where it asks to keep. Inside the caller's transaction.

    The system looks, not *actor*: a restricted case is found and held too, and who may know of it is asked wherever
    matters are shown. The timeline of a case keeps entries about legal requests from whoever may not see those.
    """
    holds = request.preserving and not keeping_ended(request)  # a hold in the past keeps nothing
    known = set(request.matters.values_list("case_id", flat=True))
    for case in cases_of(request.targets).exclude(pk__in=known).order_by("pk"):
        matter = LegalRequestCase.objects.create(request=request, case=case)
        record(Verb.LEGAL_MATCHED, actor=None, subject=matter, case=case, request=request.public_id)
        if holds:
            hold_matter(matter, actor=actor)


def hold_matter(matter: LegalRequestCase, *, actor: User) -> LegalHold:
    """Hold the case until the end of keeping. Inside the caller's transaction."""
    clock = matter.request.clocks.get(kind=LegalClock.Kind.PRESERVE)
    exists = Case.objects.for_user(actor).filter(pk=matter.case_id).exists()
    matter.hold = cases.place_hold(
        matter.case, actor=actor if exists else None, why=LegalHold.Why.PRESERVATION, until=clock.due_at,
        reference=matter.request.number,
    )  # fmt: skip
    matter.save(update_fields=["hold"])
    return matter.hold


@transaction.atomic
def store_document(request: LegalRequest, *, actor: User, name: str, content: bytes) -> str:
    """Store the served document, encrypted, for good; returns its SHA-256 in hex. Raises NotAllowed, WrongState.

    Whoever found the request authentic before had not seen it, and checks it anew; a doubt stands. An emergency has no
    time for that.
    """
    if not content or len(content) > MOST_BYTES:
        raise ValueError("A document has between one byte and 5 MiB.")
    row = locked(request, *_OPEN)
    if row.document_sha256:
        raise NotAllowed(_("Its document is stored already and is not exchanged. Nothing was changed."))
    digest = hashlib.sha256(content).hexdigest()
    changed(
        row, document=base64.b64encode(content).decode("ascii"), document_name=name, document_sha256=digest
    )
    checks = list(row.checks_now())
    if row.type != Type.EMERGENCY and checks and all(check.authentic for check in checks):
        changed(row, round=row.round + 1)
    record(
        Verb.LEGAL_DOCUMENT_STORED, actor=actor, subject=row, sha256=digest, round=row.round,
        size=len(content), personal={"name": name},
    )  # fmt: skip
    return digest


@transaction.atomic
def open_document(request: LegalRequest, *, actor: User) -> bytes:
    """The served document, to be handed out and never shown; that it was opened is written down."""
    record(
        Verb.LEGAL_DOCUMENT_OPENED, actor=actor, subject=request, 
        sha256=request.document_sha256,
    )  # fmt: skip
    return base64.b64decode(request.document)


@transaction.atomic
def leave_out(matter: LegalRequestCase, *, actor: User, reason: str) -> None:
    """Produce nothing of a case that was matched; why is kept. Raises NotAllowed where something is drafted of it."""
    locked(matter.request, State.RECEIVED, State.CHECKING, State.ACCEPTED)
    row = LegalRequestCase.objects.select_for_update(of=("self",)).get(pk=matter.pk)
    if row.production_id is not None or row.left_out_by_id is not None:
        raise NotAllowed(_("Something is drafted of this case, or it is left out already."))
    row.left_out_by, row.left_out_why = actor, reason
    row.save(update_fields=["left_out_by", "left_out_why"])
    record(
        Verb.LEGAL_LEFT_OUT, actor=actor, subject=row, case=row.case, request=matter.request.public_id,
        personal={"reason": reason},
    )  # fmt: skip
