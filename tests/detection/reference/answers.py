"""Answers that a YOLOv8 detector could give, made up by number: what decoding them must find is asked elsewhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SEEDS = range(8)
SIZES = [(500, 375), (375, 500), (320, 320), (1600, 90)]
CLASSES, CANDIDATES, SIDE = 18, 2100, 320


def made_up(seed: int) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """One answer (1, 4 + classes, candidates) whose boxes lie inside the picture, and the picture's size."""
    chance = np.random.default_rng(seed)
    width, height = SIZES[seed % len(SIZES)]
    inside = np.array([width, height]) * SIDE / max(width, height)
    low = chance.uniform(0.0, 0.6, (CANDIDATES, 2)) * inside
    size = chance.uniform(0.05, 0.4, (CANDIDATES, 2)) * inside
    scores = chance.uniform(0.0, 1.0, (CANDIDATES, CLASSES)) ** 1500
    rows = np.concatenate([low + size / 2, size, scores], axis=1)
    return rows.T[np.newaxis].astype(np.float32), (width, height)
