"""What is asked of the tables of outcomes, samples and calibrations."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from .models import Calibration, ConfirmedOutcome, Sample, Truth


@dataclass(frozen=True, slots=True)
class Counted:
    """How many confirmed outcomes stand beside the scores of one version of one model."""

    model: str
    model_version: str
    question: str
    n: int
    n_true: int


def in_force() -> dict[str, Calibration]:
    """The calibrations in force by model."""
    return {each.model: each for each in Calibration.objects.in_force()}


def newest_outcomes(item: UUID) -> dict[str, ConfirmedOutcome]:
    """The outcomes of one item that count, by question."""
    found = ConfirmedOutcome.objects.filter(item=item).select_related("confirmed_by").newest()
    return {each.question: each for each in found}


def usable_samples() -> QuerySet[Sample]:
    """Samples of outcomes that no newer one replaced and that somebody could settle, in the order of confirming."""
    newest = ConfirmedOutcome.objects.newest().values("pk")
    settled = Sample.objects.filter(outcome__in=newest).exclude(outcome__truth=Truth.UNCLEAR)
    return settled.select_related("outcome").order_by("outcome_id")


def counted() -> list[Counted]:
    """Usable samples by model, version and question."""
    rows = (
        usable_samples()
        .order_by("model", "model_version", "outcome__question")
        .values_list("model", "model_version", "outcome__question")
        .annotate(n=Count("pk"), n_true=Count("pk", filter=Q(outcome__truth=Truth.YES)))
    )
    return [Counted(*row) for row in rows]
