"""Reads of the way in: lists, their filters, and what somebody may be told."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, Min, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.cases.models import Case
from casework.partners.models import Partner

from .models import LegalClock, LegalRequest, LegalRequestCase, LegalRequestQuerySet, State, Type

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: Somebody still has to do something.
OPEN = (State.RECEIVED, State.CHECKING, State.ACCEPTED)


@dataclass(frozen=True)
class Filter:
    """One chip above the list."""

    name: str
    label: StrOrPromise
    condition: Q


_LATE = Exists(
    LegalClock.objects.filter(request=OuterRef("pk"), stopped_at__isnull=True, due_at__lte=Now()).exclude(
        kind=LegalClock.Kind.PRESERVE
    )
)
FILTERS = (
    Filter("open", _("Open"), Q(state__in=OPEN)),
    Filter("late", _("Late"), Q(_LATE)),
    Filter("emergency", _("Emergencies"), Q(type=Type.EMERGENCY)),
    Filter("kept", _("Preserved"), Q(state=State.PRESERVED)),
    Filter("ended", _("Ended"), Q(state__in=[State.PRODUCED, State.REFUSED, State.WITHDRAWN, State.CLOSED])),
    Filter("all", _("All"), Q()),
)


def answerable(
    case: Case, *, partner: Partner | None = None, user: User | None = None
) -> list[tuple[uuid.UUID, str]]:
    """The requests that something of *case* may leave for: accepted by two people, open, about this case and not left
    out of it, each as public id and words. Of *partner*, where one is named; for *user*, as far as they may read them.
    """
    rows = LegalRequest.objects.all() if user is None else LegalRequest.objects.for_user(user)
    about = LegalRequestCase.objects.filter(request=OuterRef("pk"), case=case, left_out_by__isnull=True)
    found = rows.filter(Exists(about), state=State.ACCEPTED, partner__isnull=False).defer("document")
    if partner is not None:
        found = found.filter(partner=partner)
    return [
        (row.public_id, " · ".join(filter(None, (row.number, row.authority, row.authority_reference))))
        for row in found.order_by("pk")
    ]


def silent() -> LegalRequestQuerySet:
    """The requests of which nobody may be told now, by the database's clock."""
    return LegalRequest.objects.filter(nondisclosure_until__gt=Now())


def listed(user: User, chosen: str) -> LegalRequestQuerySet:
    """The requests under one filter, those due first on top, then the newest."""
    condition = next((entry.condition for entry in FILTERS if entry.name == chosen), FILTERS[0].condition)
    running = Min("clocks__due_at", filter=Q(clocks__stopped_at__isnull=True))
    found = LegalRequest.objects.for_user(user).filter(condition).annotate(next_due=running)
    return found.prefetch_related("clocks").order_by("next_due", "-pk")


def notices(user: User) -> LegalRequestQuerySet:
    """Requests of which somebody still has to be told, in the order of their dates; silent ones carry theirs."""
    owed = LegalRequest.objects.for_user(user).filter(notice_due_at__isnull=False, notified_at__isnull=True)
    return owed.exclude(state__in=[State.REFUSED, State.WITHDRAWN]).order_by("notice_due_at", "pk")
