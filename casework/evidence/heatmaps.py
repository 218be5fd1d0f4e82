"""Where in a picture a trace is strongest: a map of at most 24 cells a side, as a small image and in words.

A map is drawn from a residual and shows no picture. What is stored came from a process that read hostile bytes, so
anything that is not a map of that shape is none.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image

from .models import SignalRecord

SIDE = 24
#: Cells from this share of the strongest one on count for where a trace is.
_TELLING = 0.6


@dataclass(frozen=True, slots=True)
class HeatMap:
    """``cells`` row by row, one byte each: 0 for unremarkable, 255 for the strongest."""

    width: int
    height: int
    cells: bytes

    def drawn(self) -> bytes:
        """A grey PNG of ``width`` x ``height`` pixels without metadata: the lighter, the stronger."""
        out = io.BytesIO()
        Image.frombytes("L", (self.width, self.height), self.cells).save(out, "PNG", optimize=True)
        return out.getvalue()

    @property
    def words(self) -> str:
        """Where it is strongest, in words."""
        strongest = max(self.cells)
        if strongest == 0:
            return _("even: no place stands out")
        weights = [0.0] * 9
        for place, value in enumerate(self.cells):
            if value >= _TELLING * strongest:
                row, column = divmod(place, self.width)
                weights[3 * (row * 3 // self.height) + column * 3 // self.width] += value
        best = max(weights)
        if best < 0.4 * sum(weights):
            return _("spread over several places")
        return _("strongest: %(place)s") % {"place": _places()[weights.index(best)]}


def heat_map(signal: SignalRecord) -> HeatMap | None:
    """The map of a signal; None where it has none, or none that can be drawn."""
    stored = (signal.sensitive or {}).get("map")
    if not isinstance(stored, Mapping):
        return None
    width, height = _side(stored.get("width")), _side(stored.get("height"))
    try:
        cells = bytes.fromhex(str(stored.get("cells")))
    except ValueError:
        return None
    if not width or not height or len(cells) != width * height:
        return None
    return HeatMap(width, height, cells)


def _side(value: object) -> int:
    """A number of cells from 1 to SIDE; 0 for anything else."""
    return value if type(value) is int and 1 <= value <= SIDE else 0


def _places() -> list[str]:
    return [
        _("upper left"), _("top"), _("upper right"),
        _("left"), _("middle"), _("right"),
        _("lower left"), _("bottom"), _("lower right"),
    ]  # fmt: skip
