"""How explicit a picture looks, in words. An order for a queue, never a decision."""

from __future__ import annotations

from collections.abc import Sequence

from detection.cards import Card
from detection.findings import Signal, Status, Strength
from detection.scores import Scores

NAME = "explicit"
NOT_SCORED = "Explicit content: not scored."

_TRIAGE = "Triage only: a model score never decides."


def tell(card: Card, raw: Sequence[float]) -> Signal:
    """The ``explicit`` signal for the scores of a picture, or of the sampled frames of a film: the highest counts.

    "Not found" is said of unlikely ones only; an unclear score still asks for a look.
    """
    scores = Scores(card, tuple(raw))
    return Signal(
        NAME,
        card.version,
        Status.NOT_FOUND if scores.band == "unlikely" else Status.FOUND,
        f"Explicit content {scores.band} {scores.number()}. {_TRIAGE}",
        strength=Strength.WEAK,
        score=scores.highest,
        data=scores.data(),
    )
