"""What the index answers, and what it says when it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """A stored hash within the radius: differing bits, and the id it was stored under. Sorts nearest first."""

    distance: int
    id: int


@dataclass(frozen=True, slots=True, order=True)
class TurnedMatch:
    """As ``Match``, with the turn of the picture (a name from ``pdq.DIHEDRAL``) that came nearest."""

    distance: int
    id: int
    turn: str


class RadiusTooLarge(ValueError):
    """The radius is beyond what the index answers exactly."""

    def __init__(self, radius: int, largest: int) -> None:
        super().__init__(
            f"A radius of {radius} bits is not possible: the index finds every match only up to {largest}. "
            f"Choose {largest} or less."
        )


class IndexMissing(LookupError):
    """No index was built in this directory yet."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"There is no index in {directory}. Build it from the stored hashes.")


class IndexDamaged(RuntimeError):
    """A file of the index is torn or was changed; nothing it says is believed."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"The index is not used: {path.name} in {path.parent} {what}. "
            "The stored hashes themselves are not affected. Rebuild the index from them."
        )
