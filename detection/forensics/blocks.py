"""The coefficients of JPEG's transform, taken from the decoded pixels on the grid in which the file was stored.

ITU-T T.81, section A.3.3: the two-dimensional cosine transform of blocks of 8 x 8 pixels. Taking it from the pixels
again loses what decoding rounded off (about 0.3 on each coefficient), and gains that it works on any file.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detection.forensics.tiles import Tiles

Floats = NDArray[np.float32]


def _basis() -> Floats:
    """(64 coefficients, 64 pixels), both row by row; orthonormal."""
    places = np.arange(8)
    one = np.cos((2 * places[None, :] + 1) * places[:, None] * np.pi / 16) / 2
    one[0] /= np.sqrt(2)
    return np.asarray(np.kron(one, one), dtype=np.float32)


BASIS = _basis()


def coefficients(tiles: Tiles) -> Floats:
    """(rows, columns, blocks of the tile, 64), coefficients row by row as in JPEG, the mean first."""
    rows, columns, side = tiles.rows, tiles.columns, tiles.side
    blocks = tiles.grey.reshape(rows, columns, side // 8, 8, side // 8, 8).transpose(0, 1, 2, 4, 3, 5)
    pixels = blocks.reshape(-1, 64).astype(np.float32) - 128
    return np.asarray(np.matmul(pixels, BASIS.T).reshape(rows, columns, -1, 64))


LOW, MIDDLE = 0, 1


def _bands() -> Floats:
    """(64 coefficients, 2): which count as low (sum of both frequencies 1 to 3) and middle (4 to 6), averaged."""
    total = np.add.outer(np.arange(8), np.arange(8)).reshape(64)
    bands = np.stack([(total >= 1) & (total <= 3), (total >= 4) & (total <= 6)], axis=1).astype(np.float32)
    return np.asarray(bands / bands.sum(axis=0))


_BANDS = _bands()


def texture(coefficients: Floats) -> Floats:
    """(..., 2): the mean energy of the low and the middle coefficients, for each block."""
    return np.asarray(np.matmul(coefficients * coefficients, _BANDS))
