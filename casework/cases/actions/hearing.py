"""What the platform says about the effects that it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from casework.cases.conflicts import StaleCase
from casework.cases.models import Effect
from casework.outbox.actions import Result

from .decisions import settle_effect


def hear_platform(results: Sequence[Result]) -> int:
    """Confirm effects, or note why they failed, by the platform's word; how many that concerned.

    What is settled already, or belongs to a decision that was replaced, is left as it is. In a transaction.
    """
    by_id = {result.id: result for result in results}
    # Always in the order of cases, so that two callbacks at once wait for each other and never for ever.
    effects = Effect.objects.filter(public_id__in=by_id).order_by("decision__case_id", "pk")
    return sum(_settle(effect, by_id[str(effect.public_id)]) for effect in effects.select_related("decision"))


def _settle(effect: Effect, result: Result) -> bool:
    if not result.done and effect.failed_at is not None:
        return False  # said before; a platform that repeats itself fills no log
    try:
        settle_effect(
            effect, actor=None, confirmed=result.done, remark=result.reason, how=Effect.How.PLATFORM
        )
    except StaleCase:
        return False
    return True
