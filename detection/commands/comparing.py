"""One file against a list of known hashes: what matched, and what could not be compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from detection.commands.fingerprints import Fingerprints
from detection.commands.hashlist import HashList, Known
from detection.digests import Digests
from detection.index import PdqIndex

MATCH, NO_MATCH, NOT_COMPARED = "match", "no_match", "not_compared"


@dataclass(frozen=True, slots=True)
class Rules:
    """PDQ matches within ``radius`` bits; hashes of a ``quality`` below are not compared; ``turns``: also turned and
    mirrored.
    """

    radius: int
    quality: int
    turns: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A known hash that the file matches. ``distance`` and ``threshold`` are bits; an exact match has 0 of 0.

    ``quality`` is that of the file's hash (None for digests); ``turn`` the way the picture was turned, and
    ``at_seconds`` the film's frame, that came nearest.
    """

    known: Known
    distance: int = 0
    threshold: int = 0
    quality: int | None = None
    turn: str | None = None
    at_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is said about one file. ``compared`` are the signals of the list that were compared; ``not_compared`` says
    why the other ones were not. ``notes`` are what was left out of what was compared.
    """

    file: str
    exact: Digests | None
    matches: tuple[Match, ...]
    compared: tuple[str, ...]
    not_compared: dict[str, str]
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """``no_match`` only when the whole list was compared."""
        if self.matches:
            return MATCH
        return NOT_COMPARED if self.not_compared else NO_MATCH


def exact_matches(exact: Digests, known: HashList) -> Iterator[Match]:
    """The entries of the list that are this file's own digests."""
    for signal, value in (("sha256", exact.sha256), ("md5", exact.md5)):
        for one in known.exact.get((signal, bytes.fromhex(value)), ()):
            yield Match(one)


def near_matches(
    prints: Fingerprints, known: HashList, index: PdqIndex, rules: Rules
) -> tuple[list[Match], str, tuple[str, ...]]:
    """The PDQ entries near a file: matches nearest first, why nothing was compared ("" when it was), and notes."""
    notes = tuple(one.sentence for one in prints.notes)
    good = [(at, one) for at, one in prints.frames if (one.quality or 0) >= rules.quality]
    if not good:
        best = max(one.quality or 0 for _at, one in prints.frames)
        what = "Every frame has" if prints.frames[0][0] is not None else "The picture has"
        return [], f"{what} too little detail: a quality of {best}, and {rules.quality} is needed.", notes
    if len(good) < len(prints.frames):
        few = f"Of {len(prints.frames)} frames {len(good)} have enough detail; only those were compared."
        notes = (*notes, few)
    if prints.turns and rules.turns:
        quality = good[0][1].quality
        return [
            Match(known.pdq[one.id], one.distance, rules.radius, quality, one.turn)
            for one in index.search_turns(prints.turns, rules.radius)
        ], "", notes  # fmt: skip
    if rules.turns:
        notes = (*notes, "The frames of a film are compared as they are, not turned or mirrored.")
    nearest: dict[int, Match] = {}
    answers = index.search_many([one.value for _at, one in good], rules.radius)
    for (at_seconds, one), found in zip(good, answers, strict=True):
        for near in found:
            best_so_far = nearest.get(near.id)
            if best_so_far is None or near.distance < best_so_far.distance:
                nearest[near.id] = Match(
                    known.pdq[near.id], near.distance, rules.radius, one.quality, None, at_seconds
                )
    return sorted(nearest.values(), key=lambda one: (one.distance, one.known.line)), "", notes
