"""Pictures marked as image generators mark them: the ``dwtDct`` encoder as invisible-watermark 0.2.0 publishes it.

Written from the published algorithm, with OpenCV's fixed-point colour conversions; pixel for pixel what the
package itself makes (``test_dwtdct.py`` holds digests of its output).
"""

from __future__ import annotations

import numpy as np
import pywt
from numpy.typing import NDArray
from PIL import Image

SCALE, BLOCK = 36, 4


def marked(picture: Image.Image, bits: tuple[int, ...], *, order: str = "RGB") -> Image.Image:
    """An RGB picture with the payload repeated over its blocks; *order* is how the colours were handed over."""
    pixels = np.asarray(picture.convert("RGB"))
    yuv = _yuv_of(pixels if order == "RGB" else pixels[:, :, ::-1])
    rows, columns = (side // 4 * 4 for side in yuv.shape[:2])
    approximation, (across, down, diagonal) = pywt.dwt2(yuv[:rows, :columns, 1], "haar")
    _write(approximation, bits)
    # The package hands the two detail bands back the wrong way round.
    yuv[:rows, :columns, 1] = pywt.idwt2((approximation, (down, across, diagonal)), "haar")
    out = _rgb_of(yuv)
    return Image.fromarray(np.ascontiguousarray(out if order == "RGB" else out[:, :, ::-1]))


def _write(plane: NDArray[np.float64], bits: tuple[int, ...]) -> None:
    rows, columns = (side // BLOCK for side in plane.shape)
    for number in range(rows * columns):
        row, column = divmod(number, columns)
        block = plane[row * BLOCK : (row + 1) * BLOCK, column * BLOCK : (column + 1) * BLOCK]
        place = np.unravel_index(int(np.argmax(np.abs(block.flatten()[1:]))) + 1, block.shape)
        sign = 1.0 if block[place] >= 0 else -1.0
        block[place] = sign * (abs(block[place]) // SCALE + 0.25 + 0.5 * bits[number % len(bits)]) * SCALE


def _yuv_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    red, green, blue = (pixels[:, :, place].astype(np.int64) for place in range(3))
    luma = (red * 4899 + green * 9617 + blue * 1868 + 8192) >> 14
    u = ((blue - luma) * 8061 + (128 << 14) + 8192) >> 14
    v = ((red - luma) * 14369 + (128 << 14) + 8192) >> 14
    return np.clip(np.stack([luma, u, v], axis=-1), 0, 255).astype(np.uint8)


def _rgb_of(yuv: NDArray[np.uint8]) -> NDArray[np.uint8]:
    luma, u, v = (yuv[:, :, place].astype(np.int64) for place in range(3))
    u, v = u - 128, v - 128
    red = luma + ((v * 18678 + 8192) >> 14)
    green = luma + ((u * -6472 + v * -9519 + 8192) >> 14)
    blue = luma + ((u * 33292 + 8192) >> 14)
    return np.clip(np.stack([red, green, blue], axis=-1), 0, 255).astype(np.uint8)
