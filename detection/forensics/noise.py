"""Noise: whether the grain of every region is what its brightness and texture let one expect.

After Mahdian and Saic, "Using noise inconsistencies for blind image forensics" (2009): the finest diagonal details
(one step of the Haar wavelet) of blocks of 8 x 8 pixels stand for their noise. They hold edges and texture too, so
what the block's low and middle frequencies and its brightness explain is taken out; sensors are noisier where it is
brighter. Regions of 4 x 4 cells are compared with the rest.

Cannot see: a patch with the same grain, which includes anything copied within the picture (no better than chance), nor
more grain added where the picture is busy. Takes for a region: what lies out of focus, skies, smoothed skin, the
darkest and brightest parts. ``NEEDED`` lets through 5 of the 107 pictures of docs/forensics.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.findings import Signal
from detection.forensics import leads, regions
from detection.forensics.blocks import LOW, MIDDLE, Floats
from detection.forensics.leads import Answer
from detection.forensics.tiles import Tiles

NAME = "noise"
VERSION = "noise 1"
NEEDED = 1.65
"""Usual spreads between a region's mean and the median region's."""

_FLOOR = 0.25
_MOST = 3.0
_DARK, _FULL = 0.7, 2.2


def signal(tiles: Tiles, coefficients: Floats, texture: Floats) -> Signal:
    """The ``noise`` signal; coefficients and texture as ``blocks`` gives them."""
    causes = [np.log(texture[..., LOW] + 1), np.log(texture[..., MIDDLE] + 0.3), coefficients[..., 0]]
    left = np.clip(regions.unexplained(np.log(_grain(tiles) + _FLOOR), causes), -_MOST, _MOST).mean(axis=2)
    return leads.signal(
        Answer(
            NAME,
            VERSION,
            regions.strongest(left),
            NEEDED,
            leads.CHANGED,
            found="The grain of one region is not what its brightness and texture let one expect. A lead, not proof: "
            "what is out of focus or was smoothed by the camera looks like that too.",
            missed="The grain is alike in all regions, as far as texture lets one see it. Copies within a picture have "
            "its grain, so this shows nothing about them.",
            heat=regions.heat(regions.deviation(left), _DARK, _FULL, tiles),
        )
    )


def _grain(tiles: Tiles) -> NDArray[np.float32]:
    """(rows, columns, blocks): mean size of the finest diagonal details in each block of 8 x 8 pixels."""
    grey = tiles.grey.astype(np.int16)
    across = grey[..., 0::2] - grey[..., 1::2]
    detail = np.abs(across[:, :, 0::2] - across[:, :, 1::2])
    shape = (tiles.rows, tiles.columns, tiles.side // 8, 4, tiles.side // 8, 4)
    sums = detail.reshape(shape).sum(axis=(3, 5), dtype=np.int32)
    return np.asarray(sums.reshape(tiles.rows, tiles.columns, -1) / np.float32(32), dtype=np.float32)
