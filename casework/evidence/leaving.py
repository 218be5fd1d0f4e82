"""What of evidence does not leave this desk, asked by rooms below that know items by public id only."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from casework.evidence.models import Item


def items_held_back() -> QuerySet[Item, Any]:
    """Public ids, as a subquery, of items whose case may show somebody under 18: their hashes go to no programme for
    adults. Named by its path in ``settings.ITEMS_HELD_BACK``."""
    return Item.objects.filter(case__restricted=True).order_by().values("public_id")
