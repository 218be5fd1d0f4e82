"""Keeping what is said of known copies true to what people may know, when a case is restricted or freed."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from casework.cases.actions import note_known_matches
from casework.cases.models import Case
from casework.evidence.known import KNOWN, countable
from casework.evidence.models import BankMatch, Item, SignalRecord

from .assessments import assess_again
from .matching import refresh_signals


@transaction.atomic
def recount_known(case: Case) -> None:
    """Count the known copies of *case* and of every case that shares a picture with it anew, at once.

    Named by its path in ``settings.ON_RESTRICTION``: called in the transaction that restricts or frees *case*.
    """
    mine = list(Item.objects.filter(case=case).values_list("public_id", flat=True))
    if not mine:
        return
    mentions = Q()
    for public_id in mine:
        mentions |= Q(data__matches__contains=[{"item": str(public_id)}])
    others = SignalRecord.objects.filter(mentions, name=KNOWN).values("item__case")
    # Matches of this case, and matches elsewhere with hashes that were put into a bank from this case.
    banked = Q(item__case=case) | Q(entry__origin_item__in=mine)
    refresh_signals(case, banked)
    by_banks = BankMatch.objects.filter(banked).values("item__case")
    touched = Case.objects.filter(Q(pk=case.pk) | Q(pk__in=others) | Q(pk__in=by_banks)).order_by("pk")
    note_known_matches(case, {each: countable(each) for each in touched})
    assessed = Item.objects.filter(case__in=touched.values("pk"), assessment__isnull=False)
    for item in assessed.select_related("case").order_by("case_id", "pk"):
        assess_again(item, because_of=case)
