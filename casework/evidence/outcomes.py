"""The form in which a supervisor says what an item was in truth, as the item's page shows it."""

from __future__ import annotations

from typing import Any

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.scoring.forms import OutcomeForm
from casework.scoring.models import Question
from casework.scoring.reading import newest_outcomes

from .models import Item


def outcome_context(item: Item, user: User, *, bound: OutcomeForm | None = None) -> dict[str, Any]:
    """What ``evidence/_outcome.html`` needs: a form a question with the standing answer, nothing for others."""
    if not user.may(Perm.CONFIRM_OUTCOMES) or item.state == Item.State.STORED:
        return {}
    standing = newest_outcomes(item.public_id)
    return {
        "item": item,
        "outcomes": [
            {
                "question": question.label,
                "standing": standing.get(question.value),
                "form": _form(question, standing.get(question.value), bound),
            }
            for question in Question
        ],
    }


def _form(question: Question, standing: Any, bound: OutcomeForm | None) -> OutcomeForm:
    if bound is not None and bound.data.get("question") == question.value:
        return bound
    initial = {"question": question.value, "truth": standing.truth if standing else None}
    return OutcomeForm(initial=initial, auto_id=f"id_{question.value}_%s")
