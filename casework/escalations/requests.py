"""Requests of authorities that something may leave for. Their room lies above and is known by its path only."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from casework.accounts.models import User
from casework.cases.models import Case
from casework.partners.models import Partner

from .models import Basis, Escalation


def answerable(
    case: Case, *, partner: Partner | None = None, user: User | None = None
) -> list[tuple[uuid.UUID, str]]:
    """Public id and words of the requests on record that two people checked and that are open for *case*; of *partner*,
    and as far as *user* may read them, where one is named."""
    found: list[tuple[uuid.UUID, str]] = import_string(settings.LEGAL_REQUESTS)(
        case, partner=partner, user=user
    )
    return found


def is_answered(escalation: Escalation) -> bool:
    """Whether the request that *escalation* rests on is on record for its case and partner, checked and open now."""
    open_now = answerable(escalation.case, partner=escalation.partner)
    return escalation.legal_request in {public_id for public_id, _words in open_now}


def silent_ids() -> QuerySet[Any]:
    """The public ids of the requests that forbid any word now, to filter by."""
    found: QuerySet[Any] = import_string(settings.LEGAL_SILENCE)()
    return found.values("public_id")


def silent_until(*requests: uuid.UUID | None) -> datetime | None:
    """Until when the strictest of *requests* (public ids) forbids any word; None where none does now."""
    found = import_string(settings.LEGAL_SILENCE)().filter(public_id__in=[one for one in requests if one])
    until: datetime | None = max(found.values_list("nondisclosure_until", flat=True), default=None)
    return until


def may_choose(
    case: Case,
    partner: Partner,
    user: User,
    basis: str,
    wanted: uuid.UUID | None,
    was: uuid.UUID | None = None,
) -> bool:
    """Whether *user* may let a draft rest on *wanted*: one that they may read, or the one it rested on before (*was*);
    on another *basis* none."""
    if basis != Basis.LEGAL_REQUEST:
        return wanted is None
    theirs = {public_id for public_id, _words in answerable(case, partner=partner, user=user)}
    return wanted is not None and wanted in theirs | ({was} - {None})
