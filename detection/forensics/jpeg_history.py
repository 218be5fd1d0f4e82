"""How often, and how, a picture was saved as JPEG: its own tables, an earlier saving, regions of another history.

*Own tables:* ``tables.named`` compares the header with the published tables.

*Earlier saving:* whoever saves twice with different steps leaves peaks and gaps at regular distances in the histogram
of each coefficient (Popescu and Farid, "Statistical tools for digital forensics", 2004). For each of 78 published
tables (libjpeg's qualities 30 to 99, Photoshop's) the expected histogram after a saving with that table first is
compared with the one of a single saving; the sum of log-likelihood ratios over the first 20 coefficients, per block,
is ``evidence`` (nats). The table with the most is named as the earlier one.

*Regions:* the same sum for each region tells whether it carries the history of the rest (Bianchi and Piva, "Image
forgery localization via block-grained analysis of JPEG artifacts", 2012) or that of another quality, as JPEG ghosts
do (Farid, "Exposing digital forgeries from JPEG ghosts", 2009).

Of the 107 pictures of docs/forensics.md 5 pass ``NEEDED`` and 1 ``REGION_NEEDED``; the 5 very likely were saved twice
(4 to 18 nats per block, where a picture saved once has less than 0.3), so the share of false alarms is lower still. A
table that is not among the published ones, a first saving at a higher quality than the last, an earlier grid that was
shifted by cropping, or any scaling in between: the method sees nothing then, and is no better than chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.findings import Signal
from detection.forensics import leads, regions, tables
from detection.forensics.blocks import Floats
from detection.forensics.leads import Answer
from detection.forensics.tables import Header, Table
from detection.forensics.tiles import Tiles

NAME = "jpeg_history"
VERSION = "jpeg history 1"

NEEDED = 2.0
"""Nats per block for "saved before"."""
REGION_NEEDED = 0.85
"""Nats for each coefficient that is not zero, for a region of another history."""

_PLACES = tables.ZIGZAG[1:21]
_LARGEST = 16
"""Multiples of the last step that are counted; larger ones are rare."""
_RANGE = 1100
"""No coefficient of 8-bit pixels is larger (1024 and rounding), whatever steps a header names."""
_NOISE = 0.45
"""Standard deviation that decoding and colour conversion leave on a coefficient."""
_UNSURE = 0.03
"""Share of the coefficients that the model leaves to chance."""
_FEW = 0.7
"""Coefficients a block that are added to a region's count, so that flat regions say little."""
_CLEARLY = 1.25
"""How many times more another table must explain of a region than "no earlier saving" does, to be named for it."""
_DARK, _FULL = 0.3, 1.3


def _families() -> dict[str, Table]:
    known = {f"quality {quality}": tables.standard(quality) for quality in range(99, 29, -1)}
    taken = set(known.values())
    return known | {
        f"Photoshop “{name}”": table for table, name in tables.ADOBE_OF.items() if table not in taken
    }


_NAMES, _TABLES = zip(*_families().items(), strict=True)
_STEPS = np.array(_TABLES)[:, _PLACES]


def _rows() -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp]]:
    """Each coefficient's different steps once: the coefficient and the step of a row, and the row of a table's."""
    places: list[int] = []
    steps: list[int] = []
    row_of = np.zeros(_STEPS.shape, dtype=np.intp)
    for place in range(_STEPS.shape[1]):
        different, inverse = np.unique(_STEPS[:, place], return_inverse=True)
        row_of[:, place] = inverse + len(steps)
        steps += different.tolist()
        places += [place] * len(different)
    return np.array(places), np.array(steps, dtype=np.float64), row_of


_ROW_PLACE, _ROW_STEP, _ROW_OF = _rows()


@dataclass(frozen=True, slots=True)
class History:
    """``evidence`` in nats per block for the earlier table ``earlier``.

    ``region`` is the strongest difference of a region, ``other`` the table that explains that region better (empty for
    "none"), ``cells`` the difference in each cell.
    """

    evidence: float
    earlier: str
    region: float
    other: str
    cells: NDArray[np.float64]


def signal(tiles: Tiles, coefficients: Floats, header: Header | None) -> Signal:
    """The ``jpeg_history`` signal; *header* is the file's own, None where it is no JPEG or its header is broken."""
    seen = history(tiles, coefficients, header.luma if header else None)
    before, different = seen.evidence >= NEEDED, seen.region >= REGION_NEEDED
    table = tables.named(header.luma) if header else ""
    own = f"The file is a JPEG ({table})." if header else "The file is no JPEG whose tables could be read."
    return leads.signal(
        Answer(
            NAME,
            VERSION,
            max(seen.evidence / NEEDED, seen.region / REGION_NEEDED),
            1.0,
            leads.CHANGED if different else leads.SAVED_BEFORE,
            found=f"{own} {_found(seen, before=before, different=different)}",
            missed=f"{own} No trace of an earlier saving, which a finer first saving or scaling would not leave.",
            facts={
                "table": table,
                "progressive": bool(header and header.progressive),
                "sampling": [f"{across}x{down}" for across, down in header.sampling] if header else [],
                "evidence": seen.evidence,
                "earlier": seen.earlier if before else "",
                "region": seen.region,
                "region_history": (seen.other or "none") if different else "",
            },
            heat=regions.heat(seen.cells, _DARK, _FULL, tiles),
        )
    )


def _found(seen: History, *, before: bool, different: bool) -> str:
    if not different:
        return (
            f"Before, it was saved as JPEG with about {seen.earlier}. Sharing and editing both do that: a lead to "
            "where it was, not proof of a change."
        )
    rest = (
        f"the rest was saved before with about {seen.earlier}"
        if before
        else "the rest shows no earlier saving"
    )
    return f"One region has another JPEG history: {rest}. A lead, not proof."


def history(tiles: Tiles, coefficients: Floats, last: Table | None) -> History:
    """What the coefficients (as ``blocks.coefficients`` gives them) say, *last* being the file's own table."""
    steps = np.array(last, dtype=np.float32)[list(_PLACES)] if last else np.ones(len(_PLACES), np.float32)
    size = np.abs(coefficients.reshape(-1, 64).T[list(_PLACES)])
    counted = np.minimum((size / steps[:, None] + 0.5).astype(np.int32), _LARGEST + 1)
    ratios = _log_ratios(steps.astype(np.float64), size.mean(axis=1, dtype=np.float64) + 0.05)
    histograms = _histograms(counted, tiles)
    table_ratios = ratios[_ROW_OF].reshape(len(_TABLES), -1).astype(np.float32)
    cells = (table_ratios @ histograms.T).reshape(-1, tiles.rows, tiles.columns).astype(np.float64)
    evidence = cells.sum(axis=(1, 2)) / counted.shape[1]
    best = int(np.argmax(evidence))
    nonzero = (counted > 0).sum(axis=0).reshape(tiles.rows, tiles.columns, -1).sum(axis=2)
    return _compared(cells, evidence, best, nonzero + _FEW * coefficients.shape[2])


def _compared(
    cells: NDArray[np.float64], evidence: NDArray[np.float64], best: int, weight: NDArray[np.float64]
) -> History:
    """The region for which another history, or none, is the most likelier than the picture's, by *weight*."""
    options = np.concatenate([cells, np.zeros((1, *cells.shape[1:]))])
    whole = options[best if evidence[best] > 0 else -1]
    better = regions.windows(options - whole) / regions.windows(weight)
    most = better.reshape(len(options), -1).max(axis=1)
    option = int(np.argmax(most)) if most.max() > _CLEARLY * most[-1] else -1
    return History(
        evidence=float(evidence[best]),
        earlier=_NAMES[best],
        region=float(better[option].max()),
        other=_NAMES[option] if option >= 0 else "",
        cells=(options[option] - whole) / weight,
    )


def _histograms(counted: NDArray[np.int32], tiles: Tiles) -> NDArray[np.float32]:
    """(cells, coefficients * bins): how often each multiple of the last step occurs in a cell."""
    bins, many = _LARGEST + 2, len(_PLACES)
    cells = tiles.rows * tiles.columns
    number = np.arange(counted.shape[1]) // (counted.shape[1] // cells)
    slot = counted + (np.arange(many)[:, None] * bins + number * (many * bins))
    counts = np.bincount(slot.reshape(-1), minlength=cells * many * bins).reshape(cells, many, bins)
    return counts[:, :, :-1].reshape(cells, -1).astype(np.float32)


def _log_ratios(last: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, bins): log of how much likelier each multiple of *last* is after a first saving with the row's step.

    Values before any saving follow two Laplace distributions (a narrow one for flat, a wide one for busy places) with
    the mean size *spread*. The first saving puts them on multiples of its step, decoding blurs these by ``_NOISE``,
    and the last saving counts them in its own bins.
    """
    first, step, mean = _ROW_STEP, last[_ROW_PLACE], spread[_ROW_PLACE]
    bins = _LARGEST + 1
    spikes = np.ceil(np.minimum((bins + 0.5) * step, _RANGE) / first).astype(np.intp) + 1
    row = np.repeat(np.arange(len(first)), spikes)
    start = np.cumsum(spikes) - spikes
    number = np.arange(len(row)) - start[row]
    up_to = _within((number + 0.5) * first[row], mean[row])
    weight = np.diff(up_to, prepend=0)
    weight[start] = up_to[start]
    place = number * first[row] / step[row] + 0.5
    bin_ = np.minimum(np.floor(place), bins + 1).astype(np.intp)
    above = _beyond((np.floor(place) + 1 - place) * step[row])
    below = _beyond((place - np.floor(place)) * step[row])
    wide = bins + 3
    length = len(first) * wide
    slot = row * wide
    after = np.bincount(slot + bin_, weight * (1 - above - below), length)
    after += np.bincount(slot + bin_ + 1, weight * above, length)
    after += np.bincount(slot + np.abs(bin_ - 1), weight * below, length)
    once = np.diff(_within((np.arange(bins) + 0.5) * step[:, None], mean[:, None]), axis=1, prepend=0) + 1e-9
    twice = after.reshape(-1, wide)[:, :bins] * (1 - _UNSURE) + once * _UNSURE
    ratios = np.log(twice / once) - np.log(twice[:, 1:].sum(axis=1) / once[:, 1:].sum(axis=1))[:, None]
    ratios[:, 0] = 0
    return np.asarray(ratios)


def _within(size: NDArray[np.float64], mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of coefficients of at most *size*."""
    return np.asarray(1 - 0.7 * np.exp(size / (-0.55 * mean)) - 0.3 * np.exp(size / (-2.05 * mean)))


def _beyond(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of the decoding noise that reaches further than *distance* (a logistic curve for a Gaussian)."""
    return np.asarray(1 / (1 + np.exp(np.minimum(distance * (1.702 / _NOISE), 30))))
