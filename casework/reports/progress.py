"""The way of a report as a short line of steps: the same as the words of its status page say, and nothing beside.

A step ahead is open, which does not say that it was never taken: what was looked at or decided may wait once more. What
comes of a report is never drawn ahead of the decision, and what happens inside the desk is not drawn at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from .wording import Standing


class Reached(StrEnum):
    """How far one step is: taken, where things stand now, or open."""

    DONE = "done"
    NOW = "now"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name, how far it is, and that in words."""

    name: str
    reached: Reached
    words: str


def way_of(standing: Standing, *, handed: bool) -> list[Step]:
    """The steps of a report that stands at *standing*; *handed*: the page names what was passed on to others."""
    names, at = _names(standing)
    steps = [_step(name, number - at) for number, name in enumerate(names)]
    if handed:
        # What was passed on before somebody took their report back must not read as done in spite of it.
        place = at if standing.code == "withdrawn" else at + 1
        steps.insert(place, Step(_("Passed on"), Reached.DONE, _("done; see below")))
    return steps


def _names(standing: Standing) -> tuple[list[str], int]:
    """The names of the steps and the number of the one where things stand, from 0."""
    received, looked, decided = _("Received"), _("Looked at by a person"), _("Decided")
    ways = {
        "received": ([received, looked, decided], 0),
        "in_review": ([received, looked, decided], 1),
        "second_person": ([received, looked, standing.title, decided], 2),
        "need_more": ([received, looked, standing.title, decided], 2),
        "decided": ([received, looked, decided, _("Confirmed for every place")], 2),
        "kept": ([received, looked, standing.title], 2),
        "removed": ([received, looked, decided, standing.title], 3),
        "restricted": ([received, looked, decided, standing.title], 3),
        "withdrawn": ([received, standing.title], 1),
    }
    return ways[standing.code]


def _step(name: str, distance: int) -> Step:
    if distance < 0:
        return Step(name, Reached.DONE, _("done"))
    if distance == 0:
        return Step(name, Reached.NOW, _("here it stands now"))
    return Step(name, Reached.AHEAD, _("still open"))
