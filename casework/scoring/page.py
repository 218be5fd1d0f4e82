"""What the pages about models show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from . import reliability
from .cards import QUESTION_OF_TASK, shelved
from .forms import ReasonForm
from .models import Calibration, Reassessment
from .reading import counted, in_force

if TYPE_CHECKING:
    from detection.cards import Card


def list_context(user: User) -> dict[str, Any]:
    """Every model: what it answers, in which part, whether it is here, and what its scores are read by."""
    shelf, rows = shelved(), in_force()
    return {
        "rows": [
            _row(card, shelf.absent.get(name, ""), rows.get(name)) for name, card in shelf.cards.items()
        ],
        "refused": shelf.refused,
        "walk": Reassessment.objects.for_user(user).first(),
        "may_accept": user.may(Perm.ACCEPT_CALIBRATION),
    }


def card_context(name: str, user: User, **sent: Any) -> dict[str, Any]:
    """One model's card with its figures here, what is in force, what is proposed, and all that was. 404 for no card."""
    shelf = shelved()
    card = shelf.cards.get(name)
    if card is None:
        raise Http404
    rows = list(
        Calibration.objects.for_user(user).filter(model=name).select_related("decided_by", "ended_by", "was")
    )
    return {
        "card": card,
        "absent": shelf.absent.get(name, ""),
        "facts": _facts(card),
        "task": task_words(card.task),
        "role": role_words(card.role),
        "inforce": _shown(rows, Calibration.State.ACCEPTED, card),
        "proposal": _shown(rows, Calibration.State.PROPOSED, card),
        "history": [_history(row) for row in rows],
        "counts": [each for each in counted() if each.model == name],
        "measurable": card.task in QUESTION_OF_TASK,
        "may_accept": user.may(Perm.ACCEPT_CALIBRATION),
        "form": ReasonForm(),
        **sent,
    }


def task_words(task: str) -> str:
    """What a model of this task answers."""
    words = {
        "explicit": _("Is it explicit?"),
        "regions": _("What is where?"),
        "synthetic": _("Is it AI-made?"),
    }
    return words.get(task, task)


def role_words(role: str) -> str:
    """Whether its answer counts."""
    words = {"active": _("counts"), "shadow": _("shadow: written down, without effect")}
    return words.get(role, role)


def _row(card: Card, absent: str, inforce: Calibration | None) -> dict[str, Any]:
    return {
        "url": reverse("model_card", args=[card.name]),
        "title": card.title,
        "task": task_words(card.task),
        "role": role_words(card.role),
        "licences": card.licences,
        "version": card.version,
        "absent": absent,
        "measurable": card.task in QUESTION_OF_TASK,
        "calibration": inforce if inforce is not None and inforce.model_version == card.version else None,
    }


def _facts(card: Card) -> list[dict[str, Any]]:
    return [
        {"label": _("Version"), "value": card.version},
        {"label": _("Licences"), "value": " · ".join(card.licences), "sub": card.accepting},
        {"label": _("SHA-256"), "value": card.sha256, "mono": True},
        {
            "label": _("Takes"),
            "value": _("%(width)d × %(height)d pixels")
            % {"width": card.input.width, "height": card.input.height},
        },
        *([{"label": _("Reference"), "value": card.reference}] if card.reference else []),
    ]


def _shown(rows: list[Calibration], state: Calibration.State, card: Card) -> dict[str, Any] | None:
    row = next((each for each in rows if each.state == state), None)
    if row is None:
        return None
    now, was = reliability.dots(row.bins), reliability.dots(row.was_bins)
    was_words = (
        _("in force: calibration %(n)d") % {"n": row.was.number} if row.was else _("in force: the raw score")
    )
    return {
        "row": row,
        "fits": row.model_version == card.version,
        "plots": [
            {
                "title": _("calibration %(n)d") % {"n": row.number},
                "dots": now,
                "brier": row.brier,
                "ece": row.ece,
            },
            {"title": was_words, "dots": was, "brier": row.was_brier, "ece": row.was_ece},
        ],
    }


def _history(row: Calibration) -> dict[str, Any]:
    return {
        "row": row,
        "n_false": row.n - row.n_true,
        "settled": row.decided_by.name if row.decided_by else "",
        "ended": row.ended_by.name if row.ended_by else "",
    }
