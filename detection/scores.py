"""The scores of one model for one picture or the sampled frames of a film: the highest counts, the share is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from detection.cards import Card

_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Scores:
    """``raw`` as the model gave them, one for each frame; at least one, each from 0 to 1."""

    card: Card
    raw: tuple[float, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """What people are told: calibrated where the card calibrates, else as the model gave them."""
        calibrated = [self.card.calibration.apply(one) for one in self.raw]
        return tuple(raw if value is None else value for raw, value in zip(self.raw, calibrated, strict=True))

    @property
    def highest(self) -> float:
        """The highest of ``values``."""
        return max(self.values)

    @property
    def band(self) -> str:
        """ "likely", "unclear" or "unlikely", for the highest."""
        if self.highest >= self.card.likely:
            return "likely"
        return "unclear" if self.highest >= self.card.unclear else "unlikely"

    @property
    def likely(self) -> int:
        """How many frames are likely."""
        return sum(one >= self.card.likely for one in self.values)

    def number(self) -> str:
        """The highest in words for a sentence, with the frames where there is more than one."""
        if len(self.raw) == 1:
            return f"({self.highest:.2f})"
        return f"({self.highest:.2f} at most; {self.likely} of {len(self.raw)} frames likely)"

    def data(self) -> dict[str, Any]:
        """What a signal records of them: raw, calibrated (or None), the band, and the frames."""
        return {
            "raw": max(self.raw),
            "calibrated": self.card.calibration.apply(max(self.raw)),
            "band": self.band,
            "frames": len(self.raw),
            "frames_likely": self.likely,
            "share_likely": round(self.likely / len(self.raw), 3),
            "scores": rounded(self.values),
        }


def rounded(values: Sequence[float]) -> list[float]:
    """For storing: four digits say more than a model knows."""
    return [round(value, _DIGITS) for value in values]
