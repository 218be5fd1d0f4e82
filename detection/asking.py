"""Putting the models their questions: planes in, one signal for each question and one for each shadow model.

What is asked follows from the cards alone. A question that no model could answer is said to be not checked, with the
reason and how to get the model; an answer that cannot be used is a failure, never a number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detection import explicitness, regions, synthetic
from detection.cards import Card, Role, Task
from detection.findings import Signal, Status
from detection.models import RUN_SECONDS, Model, Shelf, Unscorable, score_of
from detection.planes import Fit, Planes

SHADOW = "shadow."
ALL_SECONDS = 40.0
"""Wall clock that one model has for all frames of a film together."""

_Answers = list[NDArray[np.float32]]

_NOT_SCORED: Mapping[Task, str] = {
    Task.EXPLICIT: explicitness.NOT_SCORED,
    Task.REGIONS: regions.NOT_SCORED,
    Task.SYNTHETIC: synthetic.NOT_SCORED,
}
_NO_MODEL: Mapping[Task, str] = {
    Task.EXPLICIT: "no model for explicit pictures is installed",
    Task.REGIONS: "no model for regions is installed",
    Task.SYNTHETIC: "no model for AI-made pictures is installed",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One picture or film, as all models see it: planes, why there are none, and its size in pixels."""

    planes: Planes
    why_not: str
    size: tuple[int, int]


def ask(
    shelf: Shelf, planes: Planes, *, why_not: str = "", size: tuple[int, int] = (0, 0)
) -> tuple[Signal, ...]:
    """The signals ``explicit``, ``regions`` and ``synthetic``, then ``shadow.NAME`` for each shadow model.

    *planes* are those that ``shelf.plane_specs`` asked for, of one picture or of the sampled frames of a film;
    *why_not* says why there are none. *size* is the picture's width and height, upright, which boxes need.
    """
    asked = _Asked(planes, why_not, size)
    active = {card.task: card for card in shelf.cards.values() if card.role is Role.ACTIVE}
    shadows = [card for card in shelf.cards.values() if card.role is Role.SHADOW]
    return (
        *(_of_task(shelf, task, active.get(task), asked) for task in Task),
        *(_in_shadow(_of_card(shelf, card, asked), card) for card in shadows),
    )


def _of_task(shelf: Shelf, task: Task, card: Card | None, asked: _Asked) -> Signal:
    if card is None:
        return _not_scored(task, _NO_MODEL[task])
    return _of_card(shelf, card, asked)


def _of_card(shelf: Shelf, card: Card, asked: _Asked) -> Signal:
    model = shelf.loaded.get(card.name)
    if model is None:
        return _not_scored(card.task, shelf.absent.get(card.name, _NO_MODEL[card.task]))
    planes = asked.planes.get(card.name)
    if asked.why_not or planes is None or not len(planes):
        return _not_scored(card.task, asked.why_not or "no picture was opened")
    try:
        signal = _TELLERS[card.task](model, _answers(model, planes), asked.size)
    except Unscorable as error:
        signal = replace(_not_scored(card.task, str(error)), version=card.version, status=Status.FAILED)
    return replace(signal, data={**signal.data, **_about(model)})


def _answers(model: Model, planes: NDArray[np.uint8]) -> _Answers:
    """One answer a frame. Raises Unscorable, also when the frames together take too long."""
    until = time.monotonic() + ALL_SECONDS
    answers: _Answers = []
    for plane in planes:
        left = until - time.monotonic()
        if left <= 0:
            raise Unscorable(f"the model took longer than {ALL_SECONDS:g} s for all frames")
        answers.append(model.answer(plane, min(RUN_SECONDS, left)))
    return answers


def _explicit(model: Model, answers: _Answers, _size: tuple[int, int]) -> Signal:
    return explicitness.tell(model.card, [score_of(answer, model.card) for answer in answers])


def _synthetic(model: Model, answers: _Answers, _size: tuple[int, int]) -> Signal:
    return synthetic.tell(model.card, [score_of(answer, model.card) for answer in answers])


def _regions(model: Model, answers: _Answers, size: tuple[int, int]) -> Signal:
    if min(size) < 1 and model.card.input.fit == Fit.LETTERBOX:
        raise Unscorable("the picture's size is not known, so boxes cannot be placed")
    return regions.tell(model.card, [regions.decode(answer, model.card, size) for answer in answers])


_TELLERS: Mapping[Task, Callable[[Model, _Answers, tuple[int, int]], Signal]] = {
    Task.EXPLICIT: _explicit,
    Task.REGIONS: _regions,
    Task.SYNTHETIC: _synthetic,
}


def _about(model: Model) -> dict[str, object]:
    """Which model it was, for the record: name, digest, licences, and on what it ran."""
    card = model.card
    return {
        "model": card.name,
        "sha256": card.sha256,
        "licence": "; ".join(card.licences),
        "calibration": card.calibration.method,
        "providers": list(model.providers),
    }


def _not_scored(task: Task, reason: str) -> Signal:
    """The signal of a picture that no model saw or could judge. It carries no number."""
    return Signal(task.value, "none", Status.NOT_CHECKED, _NOT_SCORED[task], reason=reason)


def _in_shadow(signal: Signal, card: Card) -> Signal:
    """The same answer under a name of its own, which nothing adds up."""
    sentence = f"{card.title}, on trial without effect: {signal.sentence}"
    data = {**signal.data, "model": card.name, "task": card.task.value}
    return replace(signal, name=f"{SHADOW}{card.name}", sentence=sentence, data=data)
