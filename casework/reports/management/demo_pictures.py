"""Harmless pictures for the demo: photographs of animals and things, and patterns that we draw."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from .demo_doors import Upload

#: What a picture generator writes into its files; the picture beside it is a pattern.
GENERATOR_TEXT = (
    "a lighthouse on a cliff at dusk, oil painting\nNegative prompt: blurry, text\n"
    "Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 1042, Size: 512x512, Model: demo-model"
)


def photo(folder: Path, name: str, *, size: int | None = None, quality: int = 0) -> Upload:
    """A photograph from *folder*, or a pattern where it was not fetched; smaller or as JPEG when asked for."""
    path = folder / name
    if not path.is_file():
        return pattern(len(name))
    if size is None and not quality:
        media_type = "image/jpeg" if name.endswith(".jpg") else "image/png"
        return Upload(name, path.read_bytes(), media_type)
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    if size is not None:
        image.thumbnail((size, size))
    return Upload(f"{path.stem}-copy.jpg", _encoded(image, "JPEG", quality=quality or 80), "image/jpeg")


def pattern(seed: int, *, generated: bool = False) -> Upload:
    """Rings and waves, 512 x 512; with *generated* it carries the text that a picture generator leaves."""
    image = _waves(seed, 512)
    info = PngInfo()
    if generated:
        info.add_text("parameters", GENERATOR_TEXT)
    return Upload(f"pattern-{seed}.png", _encoded(image, "PNG", pnginfo=info))


def animation(seed: int) -> Upload:
    """Eight frames of a turning pattern, as GIF."""
    frames = [_waves(seed + turn, 160) for turn in range(8)]
    data = _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=120, loop=0)
    return Upload(f"turning-{seed}.gif", data, "image/gif")


def film(seconds: int) -> Upload:
    """A film of moving patterns in four scenes, as MP4 without sound."""
    from detection.video.drawing import (
        pattern_film,
    )  # its encoder is a hundred libraries, which only the demo needs

    data = pattern_film(size=(480, 270), frames=20 * seconds, rate=20, scenes=4)
    return Upload("moving.mp4", data, "video/mp4")


def webp(seed: int) -> Upload:
    """A pattern as WebP."""
    return Upload(f"pattern-{seed}.webp", _encoded(_waves(seed, 640), "WEBP", quality=85), "image/webp")


def cut_off(seed: int) -> Upload:
    """A JPEG that ends in the middle."""
    data = _encoded(_waves(seed, 512), "JPEG", quality=90)
    return Upload("cut-off.jpg", data[: len(data) // 8], "image/jpeg")


def no_picture() -> Upload:
    """A text that calls itself a picture."""
    return Upload("holiday.jpg", b"This is a text, not a picture.\n" * 20, "image/jpeg")


def _waves(seed: int, size: int) -> Image.Image:
    image = Image.new("RGB", (size, size), (236, 238, 242))
    draw = ImageDraw.Draw(image)
    tone: Callable[[int], int] = lambda shift: int(127 + 110 * math.sin(seed * 1.7 + shift))  # noqa: E731
    centre = (size * (0.3 + 0.05 * (seed % 9)), size * (0.7 - 0.05 * (seed % 7)))
    for ring in range(size // 8, 0, -6):
        radius = ring * 5
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        draw.ellipse(box, outline=(tone(ring), tone(ring + 2), tone(ring + 4)), width=2 + ring % 7)
    for line in range(0, size, 24 + seed % 11):
        height = size / 2 + size / 5 * math.sin(line / 40 + seed)
        draw.rectangle(
            (line, height, line + 10, height + 40 + seed % 23), fill=(tone(line), tone(seed), tone(9))
        )
    return image


def _encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
