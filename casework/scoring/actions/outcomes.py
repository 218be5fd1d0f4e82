"""What a person confirmed of an item, and the scores that models gave it: the only thing calibrations are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.models import Case
from casework.scoring.models import ConfirmedOutcome, Question, Sample, Truth


@dataclass(frozen=True, slots=True)
class Score:
    """The raw score, from 0 to 1, that one version of one model gave on one question."""

    question: str
    model: str
    model_version: str
    score: float


@transaction.atomic
def confirm_outcome(
    item: UUID, question: str, truth: str, *, case: Case, scores: Iterable[Score], actor: User
) -> ConfirmedOutcome:
    """Note what an item was in truth, beside what the models had said. A newer row takes an older one's place."""
    was = ConfirmedOutcome.objects.filter(item=item, question=question).order_by("-pk").first()
    outcome = ConfirmedOutcome.objects.create(
        item=item, question=Question(question), truth=Truth(truth), confirmed_by=actor
    )
    added = add_samples(item, scores)
    record(
        Verb.OUTCOME_CONFIRMED, actor=actor, subject=outcome, case=case, item=item, question=question,
        was=was.truth if was else None, now=truth, samples=added,
    )  # fmt: skip
    return outcome


def add_samples(item: UUID, scores: Iterable[Score]) -> int:
    """Put *scores* beside the newest outcomes of *item*; how many were new. An item without an outcome has no sample.

    The entry is that of the outcome, or of the assessment that brought the scores: this adds no fact of its own.
    """
    newest = {each.question: each for each in ConfirmedOutcome.objects.filter(item=item).newest()}
    if not newest:
        return 0  # nearly always: an item is examined long before anybody confirms anything
    with transaction.atomic():
        return _add_samples(newest, scores)


def _add_samples(newest: Mapping[str, ConfirmedOutcome], scores: Iterable[Score]) -> int:
    added = 0
    for one in scores:
        outcome = newest.get(one.question)
        if outcome is None:
            continue
        _sample, made = Sample.objects.get_or_create(
            outcome=outcome, model=one.model[:60], model_version=one.model_version[:100],
            defaults={"score": one.score},
        )  # fmt: skip
        added += made
    return added
