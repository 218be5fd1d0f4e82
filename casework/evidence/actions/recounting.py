"""Keeping the queue's factor "known copies" true to what people may know, when a case is restricted or freed."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from casework.cases.actions import note_known_matches
from casework.cases.models import Case
from casework.evidence.known import KNOWN
from casework.evidence.models import Item, SignalRecord


@transaction.atomic
def recount_known(case: Case) -> None:
    """Count the known copies of *case* and of every case that shares a picture with it anew, at once.

    Named by its path in ``settings.ON_RESTRICTION``: called in the transaction that restricts or frees *case*.
    """
    mentions = Q()
    for public_id in Item.objects.filter(case=case).values_list("public_id", flat=True):
        mentions |= Q(data__matches__contains=[{"item": str(public_id)}])
    if not mentions:
        return
    others = SignalRecord.objects.filter(mentions, name=KNOWN).values("item__case")
    touched = Case.objects.filter(Q(pk=case.pk) | Q(pk__in=others)).order_by("pk")
    note_known_matches(case, {each: _countable(each) for each in touched})


def _countable(case: Case) -> int:
    """How many matches everybody who sees *case* may know of."""
    total = 0
    for signal in SignalRecord.objects.filter(item__case=case, name=KNOWN):
        items = Item.objects.filter(public_id__in=[match["item"] for match in signal.data.get("matches", [])])
        total += (items if case.restricted else items.filter(case__restricted=False)).count()
    return total
