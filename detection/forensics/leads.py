"""How a method's answer becomes a signal: one shape for all, so that none of them sounds surer than it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from detection.findings import Signal, Status, Strength

CHANGED, SAVED_BEFORE, ENLARGED, CAMERA = "changed", "saved_before", "enlarged", "camera"
"""What a finding points to (``data["points_to"]``): a region unlike the rest; an earlier saving; an enlargement; a
camera's sensor. Only the first says anything about manipulation, and only ever as a lead."""

_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method measured. *statistic* at or above *needed* is a finding that points to *points_to*.

    ``found`` and ``missed`` are the sentences for either case; ``facts`` go into the signal's data, ``heat`` is the
    heat map (``regions.heat``) or empty.
    """

    name: str
    version: str
    statistic: float
    needed: float
    points_to: str
    found: str
    missed: str
    facts: Mapping[str, object] = field(default_factory=dict)
    heat: Mapping[str, object] = field(default_factory=dict)


def signal(answer: Answer) -> Signal:
    """The signal of an answer; failed when its statistic is no finite number."""
    if not math.isfinite(answer.statistic):
        sentence = "This trace could not be measured on the picture."
        return Signal(answer.name, answer.version, Status.FAILED, sentence, reason="no finite measure")
    is_found = answer.statistic >= answer.needed
    return Signal(
        answer.name,
        answer.version,
        Status.FOUND if is_found else Status.NOT_FOUND,
        answer.found if is_found else answer.missed,
        strength=Strength.WEAK if is_found else None,
        data={
            "statistic": round(answer.statistic, _DIGITS),
            "needed": answer.needed,
            "points_to": answer.points_to if is_found else "",
            **{
                name: round(fact, _DIGITS) if isinstance(fact, float) else fact
                for name, fact in answer.facts.items()
            },
        },
        sensitive={"map": dict(answer.heat)} if answer.heat else {},
    )


def not_applicable(name: str, version: str, reason: str) -> Signal:
    """The signal of a picture that a method has nothing to say about."""
    return Signal(
        name, version, Status.NOT_APPLICABLE, "This trace can't be looked for in this picture.", reason=reason
    )
