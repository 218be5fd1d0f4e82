"""Drawn pictures on which the model's answers spread over its whole range: plain ellipses in warm colours.

Photographs of animals and food all score near nothing, and a comparison on them alone would prove little.
"""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw

SEEDS = (1, 3, 11, 32, 50, 55, 59)
_SIDE = 400


def drawn(seed: int) -> bytes:
    """One picture as a PNG, the same for the same seed."""
    random = np.random.default_rng(seed)
    red, green, blue = (int(one) for one in random.integers(0, 255, 3))
    image = Image.new("RGB", (_SIDE, _SIDE), (red, green, blue))
    pen = ImageDraw.Draw(image)
    for _ in range(int(random.integers(2, 9))):
        x, y = (int(one) for one in random.integers(0, _SIDE, 2))
        width, height = (int(one) for one in random.integers(40, 240, 2))
        warm = np.array([224, 172, 140]) * random.uniform(0.6, 1.1) + random.integers(-12, 12, 3)
        red, green, blue = (int(one) for one in np.clip(warm, 0, 255))
        pen.ellipse((x - width, y - height, x + width, y + height), fill=(red, green, blue))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
