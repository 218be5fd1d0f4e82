"""What the page of a decided case shows of putting its hashes into a bank."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Case, Outcome
from casework.hashbanks.models import Bank, Entry

from .actions import open_to_offers
from .models import Item


def offer_context(case: Case, user: User) -> dict[str, Any]:
    """{case, options, offered, ...}: where the hashes may go, and where they are already, how many since when."""
    decision = standing_decision(case)
    decided = decision is not None and decision.outcome == Outcome.REMOVE
    mine = Entry.objects.filter(
        origin_item__in=Item.objects.filter(case=case).values("public_id"), status=Entry.Status.ACTIVE
    )
    counts = mine.order_by().values("bank").annotate(n=Count("pk"), at=Max("first_seen"))
    names = {bank.pk: bank for bank in Bank.objects.for_user(user)}
    banks = list(open_to_offers(case).order_by("name")) if decided else []
    return {
        "case": case,
        "decided": decided,
        "options": [(bank.public_id, bank.name) for bank in banks],
        "offered": [{"bank": names[row["bank"]], "n": row["n"], "at": row["at"]} for row in counts],
        "may_manage": user.may(Perm.MANAGE_BANKS),
    }
