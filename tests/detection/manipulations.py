"""Pictures that were manipulated in known ways, and pictures as a camera or a generator would leave them.

Everything is made from benign photographs or drawn patterns, from a seed, by Pillow and numpy alone. None of it is a
substitute for pictures that people really manipulated: a splice here has hard edges and one known difference.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Floats = NDArray[np.float64]
Box = tuple[int, int, int, int]

SAVED = ("none", "JPEG 95", "JPEG 85")
"""How a manipulated picture was saved at the end: without loss, or as JPEG of that quality."""


@dataclass(frozen=True)
class Manipulated:
    """A picture, where it was changed (left, upper, right and lower edge in pixels), and what it was before."""

    image: Image.Image
    box: Box
    before: Image.Image


# --- saving ---------------------------------------------------------------------------------------------


def jpeg_bytes(image: Image.Image, quality: int) -> bytes:
    """As JPEG by libjpeg's standard tables, colours at half resolution."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling="4:2:0")
    return out.getvalue()


def png_bytes(image: Image.Image) -> bytes:
    """Without loss."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """The RGB picture of a file."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """Once through JPEG."""
    return opened(jpeg_bytes(image, quality))


def saved(image: Image.Image, how: str) -> bytes:
    """The file by one of ``SAVED``."""
    return png_bytes(image) if how == "none" else jpeg_bytes(image, int(how.rpartition(" ")[2]))


# --- whole pictures ---------------------------------------------------------------------------------------


def pattern(size: tuple[int, int], seed: int) -> Image.Image:
    """Clouds of several scales with edges and a little grain, *size* in pixels (width, height)."""
    chance = np.random.default_rng(seed)
    sheet = np.zeros((size[1], size[0], 3))
    for scale, weight in ((90, 90.0), (30, 45.0), (9, 22.0), (4, 9.0)):
        coarse = chance.random((size[1] // scale + 2, size[0] // scale + 2, 3)) * 255
        layer = Image.fromarray(coarse.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        sheet += (np.asarray(layer, dtype=np.float64) - 128) / 128 * weight
    return _image(128 + sheet + chance.normal(0, 1.5, sheet.shape))


def camera(scene: Image.Image, seed: int, *, noise: float = 2.5, gradient: bool = True) -> Image.Image:
    """*scene* as a camera with a Bayer filter (RGGB) would take it: sensor noise, one colour a pixel, demosaicing.

    The scene is softened first, so that its own history is gone. *noise* is the standard deviation at middle grey in
    levels; it grows with the root of the brightness. With *gradient* the missing colours are filled in in the manner of
    Malvar, He and Cutler (2004), one correction for all, else bilinearly.
    """
    chance = np.random.default_rng(seed)
    light = np.asarray(scene.convert("RGB").filter(ImageFilter.GaussianBlur(0.7)), dtype=np.float64)
    light = light + chance.normal(0, 1, light.shape) * noise * np.sqrt(np.maximum(light, 4) / 128)
    return _image(demosaiced(light, gradient=gradient))


def demosaiced(light: Floats, *, gradient: bool) -> Floats:
    """(rows, columns, 3) of which each pixel kept one colour (RGGB), with the other two filled in again."""
    rows, columns = np.indices(light.shape[:2])
    red = (rows % 2 == 0) & (columns % 2 == 0)
    blue = (rows % 2 == 1) & (columns % 2 == 1)
    green = ~(red | blue)
    mosaic = np.where(red, light[..., 0], np.where(blue, light[..., 2], light[..., 1]))
    cross = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
    square = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    planes = [
        filtered(mosaic * mask, kernel) for mask, kernel in ((red, square), (green, cross), (blue, square))
    ]
    if gradient:  # the colour that is known bends the two that are not
        laplace = np.array([[0, 0, -1, 0, 0], [0] * 5, [-1, 0, 4, 0, -1], [0] * 5, [0, 0, -1, 0, 0]]) / 8
        bend = filtered(mosaic, laplace)
        planes[0] += np.where(red, 0, bend * 0.9)
        planes[1] += np.where(green, 0, bend)
        planes[2] += np.where(blue, 0, bend * 0.9)
    return np.stack(planes, axis=-1)


def nearest(image: Image.Image) -> Image.Image:
    """Half as large, then each pixel twice in both directions: also what unpooling layers do."""
    return _halved(image).resize(_even(image), Image.Resampling.NEAREST)


def bilinear(image: Image.Image) -> Image.Image:
    """Half as large, then enlarged bilinearly."""
    return _halved(image).resize(_even(image), Image.Resampling.BILINEAR)


def transposed(image: Image.Image) -> Image.Image:
    """Half as large, then enlarged by a transposed convolution of uneven overlap, as old generators did.

    Odena, Dumoulin and Olah (2016): a kernel of 3 at a stride of 2 leaves a checkerboard.
    """
    small = np.asarray(_halved(image), dtype=np.float64)
    wide = np.zeros((small.shape[0] * 2, small.shape[1] * 2, 3))
    wide[::2, ::2] = small
    kernel = np.outer([0.52, 1, 0.52], [0.52, 1, 0.52])
    return _image(np.stack([filtered(wide[..., place], kernel) for place in range(3)], axis=-1))


UPSAMPLED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "x2 nearest": nearest,
    "x2 bilinear": bilinear,
    "x2 transposed convolution": transposed,
}


def _even(image: Image.Image) -> tuple[int, int]:
    return image.width // 2 * 2, image.height // 2 * 2


def _halved(image: Image.Image) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


# --- parts of pictures --------------------------------------------------------------------------------------


def box_in(image: Image.Image, chance: np.random.Generator, share: float = 0.15) -> Box:
    """A box anywhere with *share* of the area, its corners on no grid in particular."""
    width, height = (max(24, round(side * share**0.5)) for side in image.size)
    left = int(chance.integers(0, image.width - width + 1))
    upper = int(chance.integers(0, image.height - height + 1))
    return left, upper, left + width, upper + height


def with_other_history(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A patch of another photograph that was saved as JPEG 60 before."""
    return _pasted(image, jpeg(other, 60), seed)


def with_more_noise(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A patch of another photograph that is noisier: 5 levels more."""
    grain = np.random.default_rng(seed + 1).normal(0, 5, (other.height, other.width, 1))
    return _pasted(image, _image(np.asarray(other, dtype=np.float64) + grain), seed)


def with_enlarged(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A patch of another photograph that was enlarged by 1.6."""
    size = round(other.width * 1.6), round(other.height * 1.6)
    return _pasted(image, other.resize(size, Image.Resampling.BICUBIC), seed)


def with_blurred(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A patch of another photograph that was softened (Gaussian, 1.2 pixels)."""
    return _pasted(image, other.filter(ImageFilter.GaussianBlur(1.2)), seed)


def with_plain_patch(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A patch of another photograph, as it is."""
    return _pasted(image, other, seed)


def into_saved_before(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A patch of another photograph in a picture that was saved as JPEG 70 before."""
    return _pasted(jpeg(image, 70), other, seed)


def into_cameras(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A patch of another photograph in a picture as a camera made it."""
    return _pasted(camera(image, seed), other, seed)


def with_copy_moved(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A patch of the picture itself, moved by no multiple of eight. *other* is not used."""
    del other
    chance = np.random.default_rng(seed)
    box = box_in(image, chance)
    width, height = box[2] - box[0], box[3] - box[1]
    left = (box[0] + int(chance.integers(8, max(9, image.width - width - 8))) | 1) % (image.width - width)
    upper = (box[1] + int(chance.integers(8, max(9, image.height - height - 8))) | 1) % (
        image.height - height
    )
    made = image.copy()
    made.paste(image.crop((left, upper, left + width, upper + height)), box[:2])
    return Manipulated(made, box, image)


def with_removed(image: Image.Image, other: Image.Image, seed: int) -> Manipulated:
    """A region painted over with its surroundings: smooth between its four edges. *other* is not used."""
    del other
    box = box_in(image, np.random.default_rng(seed), 0.08)
    pixels = np.asarray(image, dtype=np.float64)
    left, upper, right, lower = box
    down = np.linspace(0, 1, lower - upper)[:, None, None]
    across = np.linspace(0, 1, right - left)[None, :, None]
    top, bottom = pixels[max(0, upper - 1), left:right], pixels[min(lower, image.height - 1), left:right]
    west, east = pixels[upper:lower, max(0, left - 1)], pixels[upper:lower, min(right, image.width - 1)]
    fill = ((1 - down) * top[None] + down * bottom[None]) / 2
    fill = fill + ((1 - across) * west[:, None] + across * east[:, None]) / 2
    made = pixels.copy()
    made[upper:lower, left:right] = fill
    return Manipulated(_image(made), box, image)


MANIPULATIONS: dict[str, Callable[[Image.Image, Image.Image, int], Manipulated]] = {
    "patch of other JPEG history": with_other_history,
    "noisier patch": with_more_noise,
    "enlarged patch": with_enlarged,
    "blurred patch": with_blurred,
    "patch as it is": with_plain_patch,
    "patch in a picture saved at 70 before": into_saved_before,
    "patch in a camera's picture": into_cameras,
    "copy and move": with_copy_moved,
    "region removed": with_removed,
}


def _pasted(image: Image.Image, patch_of: Image.Image, seed: int) -> Manipulated:
    chance = np.random.default_rng(seed)
    box = box_in(image, chance)
    width, height = min(box[2] - box[0], patch_of.width), min(box[3] - box[1], patch_of.height)
    left = int(chance.integers(0, patch_of.width - width + 1))
    upper = int(chance.integers(0, patch_of.height - height + 1))
    made = image.copy()
    made.paste(patch_of.crop((left, upper, left + width, upper + height)), box[:2])
    return Manipulated(made, (box[0], box[1], box[0] + width, box[1] + height), image)


def filtered(plane: Floats, kernel: NDArray[np.float64]) -> Floats:
    """*plane* under an odd-sided *kernel*, mirrored at its borders."""
    margin = kernel.shape[0] // 2
    padded = np.pad(plane, margin, mode="reflect")
    out = np.zeros_like(plane)
    for row in range(kernel.shape[0]):
        for column in range(kernel.shape[1]):
            if kernel[row, column]:
                out += (
                    kernel[row, column] * padded[row : row + plane.shape[0], column : column + plane.shape[1]]
                )
    return out


def _image(pixels: Floats) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
