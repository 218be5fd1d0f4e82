"""Whether a picture looks made by a machine, by whatever classifier an installation has added (docs/models.md).

No such model comes with this library. An answer is a lead: these models are known to fail on generators that are newer
than they are, and after platforms have made a picture smaller and saved it again.
"""

from __future__ import annotations

from collections.abc import Sequence

from detection.cards import Card
from detection.findings import Signal, Status, Strength
from detection.scores import Scores

NAME = "synthetic"
NOT_SCORED = "AI-made or not: not scored."

_OPINIONS = {
    "likely": "Looks AI-made",
    "unclear": "AI-made or not: unclear",
    "unlikely": "Does not look AI-made to the model",
}
_CAVEATS = {
    "likely": "A lead and no proof: such models are often wrong.",
    "unclear": "A lead and no proof: such models are often wrong.",
    "unlikely": "That does not show that it is real.",
}


def tell(card: Card, raw: Sequence[float]) -> Signal:
    """The ``synthetic`` signal for the scores of the frames. ``data["ai"]`` is true for likely ones only."""
    scores = Scores(card, tuple(raw))
    return Signal(
        NAME,
        card.version,
        Status.NOT_FOUND if scores.band == "unlikely" else Status.FOUND,
        f"{_OPINIONS[scores.band]} {scores.number()}. {_CAVEATS[scores.band]}",
        strength=Strength.WEAK,
        score=scores.highest,
        data={"ai": scores.band == "likely", **scores.data()},
    )
