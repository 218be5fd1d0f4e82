"""How well our marks are read again, how rarely they are read where there are none, and what they cost.

python -m tests.bench.marks [SHARE]      (prints tables; SHARE, 0 to 1, takes a part of the pictures)

Renditions are made as the worker makes them, marked, saved as JPEG 80 as a reveal serves them, then damaged.
Every sixth photograph of 0.15 million pixels or more was used for tuning; they are counted apart.
"""

from __future__ import annotations

import io
import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from casework.evidence import marking
from detection import dwtdct, renditions, watermark
from detection.findings import Status
from tests.bench import pictures
from tests.detection.generator_marks import marked as marked_by_a_generator

DATA = pictures.CHECKOUT.parent / "shared" / "data"
ISSUED = 100
WORDS = "Mona 2026-01-01 10:00:00 UTC 0123abcd"
SMALL, MIDDLE = 0.15, 0.3
DESKS = (1, 100, 10_000)
LARGE_SIDE = 1920
Damage = Callable[[Image.Image, random.Random], Image.Image]


@dataclass(frozen=True)
class Sample:
    """A rendition and what it counts as."""

    kind: str
    name: str
    rendition: Image.Image
    tuned: bool = False


def jpeg(image: Image.Image, quality: int, colours: str = "4:2:0") -> Image.Image:
    """Saved as JPEG and opened again."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, subsampling=colours)
    return Image.open(out)


def scaled(image: Image.Image, factor: float) -> Image.Image:
    """By Lanczos."""
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return image.resize(size, Image.Resampling.LANCZOS)


def part(image: Image.Image, share: float, chance: random.Random) -> Image.Image:
    """A part anywhere with *share* of the area."""
    width, height = (round(side * math.sqrt(share)) for side in image.size)
    x, y = chance.randint(0, image.width - width), chance.randint(0, image.height - height)
    return image.crop((x, y, x + width, y + height))


def blurred(image: Image.Image, chance: random.Random) -> Image.Image:
    """Gaussian blur of 1 pixel, then Gaussian noise of 4 levels."""
    soft = np.asarray(image.filter(ImageFilter.GaussianBlur(1)), dtype=np.float32)
    noise = np.random.default_rng(chance.getrandbits(32)).normal(0, 4, soft.shape)
    return Image.fromarray(np.clip(soft + noise, 0, 255).astype(np.uint8))


def screenshot(image: Image.Image, chance: random.Random) -> Image.Image:
    """A copy on a page, at a scale that is no simple fraction, as JPEG."""
    page = Image.new("RGB", (round(image.width * 1.35), round(image.height * 1.25)), (244, 244, 247))
    page.paste(image, (chance.randint(0, image.width // 4), chance.randint(0, image.height // 5)))
    return jpeg(scaled(page, chance.uniform(0.6, 1.3)), 80)


FIVE: dict[str, Damage] = {
    "JPEG 50": lambda image, _: jpeg(image, 50),
    "half the size": lambda image, _: scaled(image, 0.5),
    "crop to 80 %": lambda image, chance: jpeg(part(image, 0.8, chance), 80),
    "screenshot, other scale": screenshot,
    "blur 1 px, noise 4": blurred,
}
MORE: dict[str, Damage] = {
    "none": lambda image, _: image,
    "JPEG 30": lambda image, _: jpeg(image, 30),
    "half the size, JPEG 50": lambda image, _: jpeg(scaled(image, 0.5), 50),
    "crop to 50 %, scale 0.7, JPEG 50": lambda image, chance: jpeg(scaled(part(image, 0.5, chance), 0.7), 50),
    "mirrored, JPEG 60": lambda image, _: jpeg(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), 60),
    "turned by 1 degree": lambda image, _: image.rotate(1, Image.Resampling.BICUBIC),
}


def samples() -> Iterator[Sample]:
    """The photographs as they are; some enlarged to 2 million pixels; larger pictures of other tests."""
    tuning = 0
    for path in sorted((DATA / "photos").glob("*.JPEG")):
        made = rendition_of(Image.open(path))
        area = made.width * made.height / 1e6
        kind = "below 0.15 Mpx" if area < SMALL else "0.15 to 0.3 Mpx" if area < MIDDLE else "above 0.3 Mpx"
        tuning += area >= SMALL
        tuned = area >= SMALL and tuning % 6 == 1
        yield Sample(kind, path.stem, made, tuned)
        if tuning % 9 == 2 and area >= SMALL:
            yield Sample("enlarged to 1920 px", path.stem, rendition_of(enlarged(Image.open(path))))
    for name in ("c2pa/adobe-20220124-A.jpg", "c2pa/adobe-20220124-CI.jpg", "pdq/aaa-orig.jpg"):
        if (DATA / name).exists():
            yield Sample("above 0.3 Mpx", name, rendition_of(Image.open(DATA / name)))


def enlarged(image: Image.Image) -> Image.Image:
    """To a longer side of 1920 pixels."""
    return scaled(image.convert("RGB"), LARGE_SIDE / max(image.size))


def rendition_of(image: Image.Image) -> Image.Image:
    """As the worker makes it."""
    return Image.open(io.BytesIO(renditions.rendition(image.convert("RGB")).content)).convert("RGB")


def revealed(rendition: Image.Image, mark_id: int, grey: bool) -> Image.Image:
    """As a reveal serves it, by the product's own code: the viewer's name drawn in, marked, JPEG 80."""
    kept = io.BytesIO()
    rendition.save(kept, "PNG")
    shown = marking.marked(kept.getvalue(), WORDS, coloured=not grey, mark=mark_id, key=watermark.PUBLIC_KEY)
    return Image.open(io.BytesIO(shown))


def main() -> None:
    """Measure and print."""
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    chance = random.Random(20)
    chosen = [one for one in samples() if chance.random() < share]
    visible(chosen)
    detection(chosen, chance)
    accidents(chosen, chance)
    cost()
    generators(chosen)


def _say(line: str, end: str = "\n") -> None:
    sys.stdout.write(line + end)
    sys.stdout.flush()


def visible(chosen: list[Sample]) -> None:
    """PSNR and SSIM between the rendition and the marked one, before JPEG."""
    _say("| size class | pictures | PSNR, least / median (dB) | SSIM, least / median |\n|---|---|---|---|")
    for kind in dict.fromkeys(one.kind for one in chosen):
        both = [
            (psnr(marked, one.rendition), ssim(marked, one.rendition))
            for one in chosen
            if one.kind == kind and max(one.rendition.size) >= watermark.SMALLEST_SIDE
            for marked in [watermark.embed(one.rendition, 1)]
        ]
        ratios, likeness = ([pair[place] for pair in both] for place in (0, 1))
        _say(
            f"| {kind} | {len(both)} | {min(ratios):.1f} / {np.median(ratios):.1f}"
            f" | {min(likeness):.4f} / {np.median(likeness):.4f} |"
        )


def psnr(one: Image.Image, other: Image.Image) -> float:
    """Peak signal to noise in dB."""
    difference = np.asarray(one, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity of the brightness (Wang, Bovik, Sheikh and Simoncelli, 2004), windows of 8 x 8."""
    a, b = (np.asarray(image.convert("L"), dtype=np.float64) for image in (one, other))
    windows = [
        np.lib.stride_tricks.sliding_window_view(plane, (8, 8))[::4, ::4].reshape(-1, 64) for plane in (a, b)
    ]
    means = [window.mean(axis=1) for window in windows]
    spreads = [window.var(axis=1) for window in windows]
    together = (windows[0] * windows[1]).mean(axis=1) - means[0] * means[1]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    light = (2 * means[0] * means[1] + c1) / (means[0] ** 2 + means[1] ** 2 + c1)
    return float(np.mean(light * (2 * together + c2) / (spreads[0] + spreads[1] + c2)))


def detection(chosen: list[Sample], chance: random.Random) -> None:
    """How many renditions name their mark, by size class and damage, colour and grey; blind reading beside."""
    kinds = list(dict.fromkeys(one.kind for one in chosen))
    groups: dict[str, list[Sample]] = {kind: [one for one in chosen if one.kind == kind] for kind in kinds}
    large_enough = [one for one in chosen if one.rendition.width * one.rendition.height >= SMALL * 1e6]
    groups["all of 0.15 Mpx or more, not used for tuning"] = [one for one in large_enough if not one.tuned]
    right: dict[tuple[str, str, bool], bool] = {}
    blind: dict[tuple[str, str, bool], bool] = {}
    scores: dict[str, list[float]] = {}
    chances: dict[str, list[float]] = {}
    for one in chosen:
        for grey in (False, True):
            if max(one.rendition.size) < watermark.SMALLEST_SIDE:
                continue
            issued = [chance.getrandbits(48) for _ in range(ISSUED)]
            seen = revealed(one.rendition, issued[7], grey)
            for name, damage in (FIVE if grey else {**FIVE, **MORE}).items():
                copy = damage(seen, chance)
                reading = watermark.recognise(copy, one.rendition, issued)
                right[one.kind + one.name, name, grey] = reading.mark_id == issued[7]
                blind[one.kind + one.name, name, grey] = watermark.read_whole(copy) == issued[7]
                scores.setdefault(name, []).append(reading.score)
                if one in large_enough:
                    named = reading.mark_id == issued[7]
                    chances.setdefault(name, []).append(reading.chance if named else 1.0)
    for what, table in (("informed", right), ("without the rendition", blind)):
        _say(
            f"\n| damage ({what}; the first five in colour and grey) | "
            + " | ".join(groups)
            + " | score, least |"
        )
        _say("|---" * (len(groups) + 2) + "|")
        for name in {**FIVE, **MORE}:
            cells = []
            for members in groups.values():
                hits = [
                    table[key] for one in members for grey in (False, True)
                    if (key := (one.kind + one.name, name, grey)) in table
                ]  # fmt: skip
                cells.append(f"{sum(hits)} of {len(hits)}")
            _say(f"| {name} | " + " | ".join(cells) + f" | {min(scores[name]):.1f} |")

    _among_many(chances)


def _among_many(chances: dict[str, list[float]]) -> None:
    """A trace compares a copy with many pictures and asks more of an answer, so that all of them together go wrong
    no more often: how many of 0.15 Mpx or more are named then.
    """
    heads = [f"one of {count:,} pictures compared" for count in DESKS]
    _say("\n| damage, 0.15 Mpx or more, in colour and grey | " + " | ".join(heads) + " |")
    _say("|---" * (len(DESKS) + 1) + "|")
    for name in FIVE:
        found = [sum(chance * count <= watermark.CHANCE for chance in chances[name]) for count in DESKS]
        _say(f"| {name} | " + " | ".join(f"{hits} of {len(chances[name])}" for hits in found) + " |")


def accidents(chosen: list[Sample], chance: random.Random) -> None:
    """Readings where there must be none. The highest score says how near the nearest came."""
    issued = [chance.getrandbits(48) for _ in range(1000)]
    own = [one for one in chosen if not one.kind.startswith("enlarged")]
    damages = list(FIVE.values())
    needed = watermark.threshold(len(issued))
    _say(f"\n| not marked by one of the {len(issued)} issued; needed: {needed:.1f}", end="")
    _say(" | named | read by error correction | highest score |\n|---|---|---|---|")
    unmarked = ((jpeg(one.rendition, 80), one.rendition) for one in own)
    _accident_row("unmarked renditions, against their own rendition", unmarked, issued)
    hurt = ((damages[n % 5](jpeg(one.rendition, 80), chance), one.rendition) for n, one in enumerate(own))
    _accident_row("the same, damaged", hurt, issued)
    crops = (
        (scaled(part(one.rendition, chance.uniform(0.3, 0.9), chance), chance.uniform(0.5, 1.5)), one.rendition)
        for one in own for _ in range(4)
    )  # fmt: skip
    _accident_row("crops of unmarked renditions at other scales", crops, issued)
    strangers = ((picture, own[n % len(own)].rendition) for n, picture in enumerate(other_pictures()))
    _accident_row("other pictures: larger photographs, drawn patterns", strangers, issued)
    neighbours = (
        (revealed(own[n - 1].rendition, issued[3], False), one.rendition) for n, one in enumerate(own)
        if max(own[n - 1].rendition.size) >= watermark.SMALLEST_SIDE
    )  # fmt: skip
    _accident_row("other renditions, marked with an issued id", neighbours, issued)
    elsewhere = (
        (damage(revealed(one.rendition, chance.getrandbits(48), False), chance), one.rendition)
        for n, one in enumerate(own) if max(one.rendition.size) >= watermark.SMALLEST_SIDE
        for damage in (damages[n % 5], MORE["none"])
    )  # fmt: skip
    _accident_row("their own rendition, marked with ids of other reveals", elsewhere, issued)


def other_pictures() -> Iterator[Image.Image]:
    """Pictures that no figure was tuned on."""
    for folder in ("pdq", "c2pa"):
        for path in sorted((DATA / folder).glob("*.*")):
            if path.suffix in (".jpg", ".png", ".webp"):
                yield Image.open(path).convert("RGB")
    for seed in range(60):
        yield Image.open(io.BytesIO(pictures.drawn((600, 450), seed)))


def _accident_row(what: str, pairs: Iterator[tuple[Image.Image, Image.Image]], issued: list[int]) -> None:
    readings = [watermark.recognise(copy, rendition, issued) for copy, rendition in pairs]
    named = sum(one.mark_id is not None for one in readings)
    read = sum(one.unlisted is not None for one in readings)
    highest = max(one.score for one in readings)
    _say(f"| {what} | {named} of {len(readings)} | {read} | {highest:.1f} |")


def cost() -> None:
    """Processor time, the least of several."""
    big = Image.open(io.BytesIO(pictures.drawn((1720, 1165), 4))).convert("RGB")
    seen = revealed(big, 5, False)
    stranger = Image.open(io.BytesIO(pictures.drawn((1720, 1165), 5))).convert("RGB")
    thousand = list(range(1000))
    _say(f"\n| on {big.width * big.height / 1e6:.1f} Mpx | ms of one core |\n|---|---|")
    for what, work in {
        "embed": lambda: watermark.embed(big, 5),
        "recognise, a whole copy, 1000 ids": lambda: watermark.recognise(jpeg(seen, 50), big, thousand),
        "recognise, another picture": lambda: watermark.recognise(stranger, big, thousand),
        "read without the rendition": lambda: watermark.read_whole(seen),
        "dwtDct": lambda: dwtdct.signal(big),
    }.items():
        took = []
        for _ in range(5):
            began = time.process_time()
            work()
            took.append(time.process_time() - began)
        _say(f"| {what} | {min(took) * 1000:.0f} |")


def generators(chosen: list[Sample]) -> None:
    """Generators' watermarks on photographs: bits read back, pictures found, and accidents."""
    photos = [Image.open(path).convert("RGB") for path in _photo_paths(chosen)]
    photos = [one for one in photos if one.width * one.height >= dwtdct.SMALLEST_AREA]
    _say(
        "\n| dwtDct | marked: found | bits agreeing | found after JPEG 95 with 4:2:0 / 4:4:4 colours", end=""
    )
    _say(" | unmarked: found | most bits agreeing |")
    _say("|---" * 6 + "|")
    for payload in dwtdct.PAYLOADS:
        marked = [marked_by_a_generator(one, payload.bits) for one in photos]
        agreed = [_agreement(one, payload) for one in marked]
        by_accident = [_agreement(one, payload) for one in photos]
        unmarked = sum(dwtdct.signal(one).status is Status.FOUND for one in photos)
        kept = [
            sum(_agreement(jpeg(one, 95, colours), payload) >= payload.needed for one in marked)
            for colours in ("4:2:0", "4:4:4")
        ]
        _say(
            f"| {payload.generator} | {sum(bits >= payload.needed for bits in agreed)} of {len(photos)}"
            f" | {np.mean(agreed) / len(payload.bits):.1%} | {kept[0]} / {kept[1]} | {unmarked}"
            f" | {max(by_accident)} of {len(payload.bits)}, needed {payload.needed} |"
        )


def _photo_paths(chosen: list[Sample]) -> list[Path]:
    wanted = {one.name for one in chosen}
    return [path for path in sorted((DATA / "photos").glob("*.JPEG")) if path.stem in wanted]


def _agreement(image: Image.Image, payload: dwtdct.Payload) -> int:
    return max(one.agreeing for one in dwtdct.agreements(image) if one.payload is payload)


if __name__ == "__main__":
    main()
