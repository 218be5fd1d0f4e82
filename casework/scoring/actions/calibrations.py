"""A calibration's way: proposed by the monthly job, put in force or refused by a person, ended when replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.conflicts import Conflict
from casework.scoring.models import Calibration


class AlreadySettled(Conflict):
    """Somebody accepted, refused or ended this calibration first."""

    def __init__(self) -> None:
        super().__init__(
            _("Somebody settled this calibration a moment ago. Nothing was changed by you; look again.")
        )


@dataclass(frozen=True, slots=True)
class Proposal:
    """What fitting found: the curve, its figures out of sample, and those of what is in force on the same samples."""

    model: str
    model_version: str
    question: str
    method: str
    params: Mapping[str, Any]
    n: int
    n_true: int
    brier: float
    ece: float
    bins: list[dict[str, Any]]
    was_brier: float
    was_ece: float
    was_bins: list[dict[str, Any]]
    first_confirmed_at: datetime
    last_confirmed_at: datetime


@transaction.atomic
def propose_calibration(proposal: Proposal) -> Calibration:
    """Put a proposal before the supervisors."""
    same = Calibration.objects.filter(model=proposal.model, model_version=proposal.model_version)
    inforce = same.in_force().first()
    last = Calibration.objects.filter(model=proposal.model).aggregate(last=Max("number"))["last"] or 0
    made = Calibration.objects.create(
        number=last + 1, was=inforce, **{name: getattr(proposal, name) for name in Proposal.__slots__}
    )
    record(
        Verb.CALIBRATION_PROPOSED, actor=None, subject=made, model=made.model, version=made.model_version,
        number=made.number, method=made.method, n=made.n, brier=made.brier, ece=made.ece,
        was_brier=made.was_brier, was_ece=made.was_ece, was=inforce.number if inforce else None,
    )  # fmt: skip
    return made


@transaction.atomic
def note_nothing_better(model: str, version: str, *, code: str, **figures: Any) -> None:
    """Write down why nothing is proposed for *model*: too few samples, or none better than what is in force."""
    record(
        Verb.CALIBRATION_NOT_PROPOSED, actor=None, subject=Calibration(model=model), model=model, version=version,
        code=code, **figures,
    )  # fmt: skip


@transaction.atomic
def accept_calibration(calibration: Calibration, *, actor: User, reason: str) -> Calibration:
    """Put a proposal in force for every assessment made from now on; what was in force ends with it.

    Raises AlreadySettled. Assessments that exist keep the calibration they were made with.
    """
    # In one order for everybody: two who accept at once, or accept and refuse, meet at this lock.
    rows = Calibration.objects.select_for_update().filter(model=calibration.model).order_by("pk")
    locked = {row.pk: row for row in rows}[calibration.pk]
    _may_move(locked, Calibration.State.ACCEPTED)
    for other in rows:
        if other.state == Calibration.State.ACCEPTED:
            _end(other, actor=actor, why="replaced")
    _settle(locked, Calibration.State.ACCEPTED, actor=actor, reason=reason)
    record(
        Verb.CALIBRATION_ACCEPTED, actor=actor, subject=locked, personal={"reason": reason}, model=locked.model,
        number=locked.number, method=locked.method, n=locked.n,
    )  # fmt: skip
    return locked


@transaction.atomic
def refuse_calibration(calibration: Calibration, *, actor: User, reason: str) -> Calibration:
    """Refuse a proposal; what is in force stays. Raises AlreadySettled."""
    locked = Calibration.objects.select_for_update().get(pk=calibration.pk)
    _may_move(locked, Calibration.State.REFUSED)
    _settle(locked, Calibration.State.REFUSED, actor=actor, reason=reason)
    record(
        Verb.CALIBRATION_REFUSED, actor=actor, subject=locked, personal={"reason": reason}, model=locked.model,
        number=locked.number,
    )  # fmt: skip
    return locked


@transaction.atomic
def retire_calibration(calibration: Calibration, *, actor: User, reason: str) -> Calibration:
    """End a calibration without another in its place: scores are read raw again. Raises AlreadySettled."""
    locked = Calibration.objects.select_for_update().get(pk=calibration.pk)
    _may_move(locked, Calibration.State.RETIRED)
    _end(locked, actor=actor, why="ended", reason=reason)
    return locked


def _may_move(calibration: Calibration, to: Calibration.State) -> None:
    if to not in Calibration.MOVES[calibration.state]:
        raise AlreadySettled


def _settle(calibration: Calibration, state: Calibration.State, *, actor: User, reason: str) -> None:
    calibration.state, calibration.decided_by, calibration.reason = state, actor, reason
    calibration.decided_at = Now()
    calibration.save(update_fields=["state", "decided_by", "reason", "decided_at"])
    calibration.refresh_from_db(fields=["decided_at"])


def _end(calibration: Calibration, *, actor: User, why: str, reason: str = "") -> None:
    calibration.state, calibration.ended_by, calibration.ended_at = Calibration.State.RETIRED, actor, Now()
    calibration.save(update_fields=["state", "ended_by", "ended_at"])
    calibration.refresh_from_db(fields=["ended_at"])
    record(
        Verb.CALIBRATION_RETIRED, actor=actor, subject=calibration, personal={"reason": reason},
        model=calibration.model, number=calibration.number, why=why,
    )  # fmt: skip
