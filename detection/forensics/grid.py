"""The grid of 8 x 8 blocks that JPEG leaves: where it lies, and whether it lies elsewhere in some region.

Fan and de Queiroz, "Identification of bitmap compression history" (2003); Li, Yuan and Yu, "Passive detection of
doctored JPEG image via block artifact grid extraction" (2009). The second difference across both directions is larger
where two blocks meet; averaged over all rows (columns) of one remainder by eight it shows the seams. A grid beside the
one at 0 means that the picture was cropped after an earlier saving: ``shift`` is how much the strongest such position
stands above the next one, in standard errors; where it shows in less than half of the picture, it is the grid of a
region that was put there. ``region`` is the region where another position is strongest and the picture's own is
weakest.

Cannot see: patches that happen to lie on the grid (1 of 64), pictures saved at 90 or better before, and next to nothing
once the last saving was at 85 or worse (no better than chance there). ``SHIFT_NEEDED`` lets through none, and
``REGION_NEEDED`` 3, of the 107 pictures of docs/forensics.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detection.findings import Signal
from detection.forensics import leads, regions
from detection.forensics.leads import Answer
from detection.forensics.tiles import Tiles

NAME = "grid"
VERSION = "grid 1"
SHIFT_NEEDED = 4.5
REGION_NEEDED = 17.0
WHOLE = 0.5
"""Share of the picture below which a shifted grid is that of a region. Of whole pictures it was 0.47 and more, of
pasted regions 0.53 and less."""
OWN_NEEDED = 4.0
"""Standard errors for calling the grid at 0 present."""

_MOST = 12
_FLOOR = 0.5
_LARGEST = 3.0
_DARK, _FULL = 9.0, 20.0
_STEPS = 8
_TOP = 0.95

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Shift:
    """A grid beside the file's own: ``errors`` in standard errors, ``offset`` in pixels across and down as stored.

    ``windows`` say where it shows, ``share`` in how much of the picture.
    """

    errors: float
    offset: tuple[int, int]
    windows: NDArray[np.float64]
    share: float


def signal(tiles: Tiles, own_positions: tuple[int, ...] = (0,)) -> Signal:
    """The ``grid`` signal. *own_positions* are where the file's own format leaves seams: formats with transforms of
    4 x 4 pixels have them at 0 and 4.
    """
    strength = seams(tiles)
    others = [place for place in range(_STEPS) if place not in own_positions]
    shift = _shift(strength, others)
    region, windows = _region(strength, others)
    shifted = shift.errors >= SHIFT_NEEDED
    partly = shifted and shift.share < WHOLE
    own = _own(strength)
    state = (
        "partly shifted"
        if partly
        else "shifted"
        if shifted
        else "in place"
        if own >= OWN_NEEDED
        else "absent"
    )
    different = partly or region >= REGION_NEEDED
    return leads.signal(
        Answer(
            NAME,
            VERSION,
            max(shift.errors / SHIFT_NEEDED, region / REGION_NEEDED),
            1.0,
            leads.CHANGED if different else leads.SAVED_BEFORE,
            found=_found(shift.offset, different),
            missed="The grid of JPEG's blocks lies where this saving put it."
            if state == "in place"
            else "No grid of JPEG's blocks can be made out. Good quality and scaling leave none.",
            facts={
                "grid": state,
                "offset": list(shift.offset) if shifted else [],
                "shift": shift.errors,
                "share": shift.share if shifted else 0.0,
                "region": region,
                "own": own,
            },
            heat=regions.heat(_spread(shift.windows if partly else windows, tiles), _DARK, _FULL, tiles),
        )
    )


def _found(offset: tuple[int, int], different: bool) -> str:
    if different:
        return (
            "One region has the grid of JPEG's blocks where the rest has not. A lead, not proof: repeated patterns in "
            "the picture look like that too."
        )
    return (
        f"The grid of an earlier JPEG saving is shifted by {offset[0]} across and {offset[1]} down: the picture was "
        "cropped or moved after it. Cropping is common; a lead to that, not proof of a change."
    )


def seams(tiles: Tiles) -> Floats:
    """How strong each of the eight positions of a seam is in each tile: (2, rows, columns, 8), 1 on average."""
    grey = tiles.grey.astype(np.int16)
    across = grey[..., 1:] - grey[..., :-1]
    second = np.minimum(np.abs(across[:, :, 1:] - across[:, :, :-1]), _MOST)
    profiles = np.stack([second.sum(axis=2, dtype=np.float32), second.sum(axis=3, dtype=np.float32)])
    folded = np.zeros((*profiles.shape[:3], tiles.side), dtype=np.float32)
    folded[..., 1:] = profiles / (tiles.side - 1)  # the n-th difference is the seam before pixel n + 1
    count = np.full(_STEPS, tiles.side // _STEPS)
    count[0] -= 1
    means = folded.reshape(*profiles.shape[:3], -1, _STEPS).sum(axis=3) / count
    return np.asarray(means / (means.mean(axis=-1, keepdims=True) + _FLOOR))


def _shift(strength: Floats, others: list[int]) -> Shift:
    """The strongest of the *others* against the next one, in the clearer direction.

    A direction in which none stands out is given as 0: the crop was along the grid there.
    """
    errors, offset, above = [], [], []
    for direction in strength.astype(np.float64):
        means = direction.mean(axis=(0, 1))
        first, second = sorted(others, key=means.__getitem__, reverse=True)[:2]
        above.append(direction[..., first] - direction[..., second])
        errors.append(
            float(means[first] - means[second]) / (above[-1].std() / np.sqrt(above[-1].size) + 1e-3)
        )
        offset.append(first if errors[-1] >= SHIFT_NEEDED / 2 else 0)
    clearer = int(np.argmax(errors))
    windows = regions.windows(above[clearer])
    top = np.partition(windows, int(_TOP * windows.size), axis=None)[int(_TOP * windows.size)]
    share = float((windows > top / 4).mean())
    scaled = windows / max(float(top), 1e-6) * _FULL
    return Shift(float(errors[clearer]), (offset[0], offset[1]), scaled, share)


def _own(strength: Floats) -> float:
    """How far the positions at 0 stand above the mean of the others, in standard errors, in the weaker direction."""
    above = strength[..., 0] - strength[..., 1:].mean(axis=-1)
    flat = above.reshape(2, -1).astype(np.float64)
    return float((flat.mean(axis=1) / (flat.std(axis=1) / np.sqrt(flat.shape[1]) + 1e-3)).min())


def _region(strength: Floats, others: list[int]) -> tuple[float, NDArray[np.float64]]:
    """The most foreign region, and how foreign each is."""
    foreign: list[NDArray[np.float64]] = []
    for direction in strength.astype(np.float64):
        rest = direction[..., 1:].sum(axis=-1, keepdims=True)
        contrast = np.concatenate(
            [direction[..., :1] - rest / 7, direction[..., 1:] - (rest - direction[..., 1:]) / 6], axis=-1
        )
        scaled = contrast / (contrast.std(axis=(0, 1, 2)) + 1e-4)
        cells = np.moveaxis(np.clip(scaled, -_LARGEST, _LARGEST), -1, 0)
        foreign.append(_foreign(cells, others))
    both = foreign[0] + foreign[1]
    return float(both.max()), both


def _foreign(cells: NDArray[np.float64], others: list[int]) -> NDArray[np.float64]:
    """For each window: how far another position stands out there, and how far the picture's own falls behind."""
    own = int(np.argmax(cells.mean(axis=(1, 2))))
    sums = regions.windows(cells) / min(regions.WINDOW, *cells.shape[1:])
    sums -= regions.median(sums.reshape(_STEPS, -1))[:, None, None]
    return np.asarray(sums[[place for place in others if place != own]].max(axis=0) - sums[own])


def _spread(windows: NDArray[np.float64], tiles: Tiles) -> NDArray[np.float64]:
    """Each cell as the highest of the windows that it lies in."""
    side = tiles.rows - windows.shape[0] + 1
    padded = np.pad(windows, side - 1, constant_values=-np.inf)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, (side, side)).max(axis=(2, 3)))
