"""How well the forensic methods tell manipulated pictures from untouched ones: areas under the ROC curve.

python -m tests.bench.forensics      (prints the tables of docs/forensics.md; takes some minutes)

Pictures are made by ``tests.detection.manipulations`` from the photographs beside the checkout. The methods were
designed while looking at the others; only photographs that were not looked at are measured. 0.5 is chance, 1 is always
right. What they are measured against is the same picture, saved the same way, without the manipulation.
"""

from __future__ import annotations

import io
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from detection import forensics
from detection.findings import Signal, Status
from detection.forensics import leads
from tests.bench import pictures
from tests.bench.sheet import Sheet
from tests.detection import manipulations
from tests.detection.manipulations import SAVED, jpeg, saved

HEADING = "Forensics without a model"
DATA = pictures.CHECKOUT.parent / "shared" / "data"
SMALLEST = (300, 180)
PATCHES = 2
"""Patches of each kind for each photograph."""
QUICK = ("JPEG 95",)
TOLD, TOLD_UNTOUCHED = "pointed to", "untouched pointed to"

Scores = dict[tuple[str, str, bool], list[float]]
LARGE = (1632, 1224)

REGIONS: dict[str, Callable[[Signal], float]] = {
    "ela": lambda one: one.data["statistic"],
    "jpeg_history": lambda one: one.data["region"],
    "noise": lambda one: one.data["statistic"],
    "cfa": lambda one: one.data["region"],
    "grid": lambda one: one.data["statistic"],
    "spectrum": lambda one: one.data["statistic"],
}
"""What each method says about regions; ``spectrum`` only knows whole pictures and is measured all the same."""


@dataclass(frozen=True)
class Rate:
    """How many of *of* pictures gave a finding."""

    found: int
    of: int


def auc(positive: list[float], negative: list[float]) -> float:
    """The chance that a positive scores above a negative; ties count half."""
    above, below = np.asarray(positive)[:, None], np.asarray(negative)[None]
    return float(np.mean((above > below) + 0.5 * (above == below)))


def photographs() -> list[Image.Image]:
    """All that are large enough, in the order of their names; drawn patterns where there are none."""
    opened = [Image.open(io.BytesIO(data)).convert("RGB") for data in pictures.photos()]
    wide, high = SMALLEST
    return [one for one in opened if max(one.size) >= wide and min(one.size) >= high]


def held_out(number: int) -> bool:
    """Whether a photograph was left out of every look during design."""
    return number % 2 == 1 and number % 3 != 0


def measured(data: bytes) -> Mapping[str, Signal]:
    """The signals of a file by name."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return {one.name: one for one in forensics.signals(image, data)}


def regions(ways: Sequence[str] = SAVED, patches: int = PATCHES) -> dict[tuple[str, str], dict[str, float]]:
    """(manipulation, how saved) to method to AUC, on the held-out photographs.

    ``TOLD`` and ``TOLD_UNTOUCHED`` are no AUC but shares: of the manipulated and of the untouched pictures, those that
    any method points to as changed.
    """
    photos = photographs()
    results: dict[tuple[str, str], dict[str, float]] = {}
    for kind, make in manipulations.MANIPULATIONS.items():
        scores: Scores = defaultdict(list)
        for number, photo in enumerate(photos):
            if not held_out(number):
                continue
            for patch in range(patches):
                other = photos[(number + 7 + 11 * patch) % len(photos)]
                made = make(photo, other, number * patches + patch)
                for how in ways:
                    _score(scores, how, True, saved(made.image, how))
                    if patch == 0:
                        _score(scores, how, False, saved(made.before, how))
        for how in ways:
            areas = {name: auc(scores[name, how, True], scores[name, how, False]) for name in REGIONS}
            told, untouched = (float(np.mean(scores[TOLD, how, made])) for made in (True, False))
            results[kind, how] = {**areas, TOLD: told, TOLD_UNTOUCHED: untouched}
    return results


def _score(scores: Scores, how: str, made: bool, data: bytes) -> None:
    signals = measured(data)
    for name, one in signals.items():
        if one.status is not Status.NOT_APPLICABLE:
            scores[name, how, made].append(REGIONS[name](one))
    scores[TOLD, how, made].append(points_to_change(signals))


def points_to_change(signals: Mapping[str, Signal]) -> bool:
    """Whether any method found a region that is unlike the rest."""
    return any(one.data.get("points_to") == leads.CHANGED for one in signals.values())


def scenes() -> Iterator[tuple[Image.Image, int]]:
    """What the camera-like pictures are taken of: held-out photographs and drawn patterns."""
    for number, photo in enumerate(photographs()):
        if held_out(number):
            yield photo, number
    for seed in range(20):
        yield manipulations.pattern((500, 375), seed), 1000 + seed


def whole(ways: Sequence[str] = SAVED) -> dict[tuple[str, str], dict[str, float]]:
    """(what is told from a camera-like picture, how saved) to method to AUC."""
    results: dict[tuple[str, str], dict[str, float]] = {}
    cameras = [manipulations.camera(scene, seed, gradient=seed % 2 == 0) for scene, seed in scenes()]
    for how in ways:
        plain = [measured(saved(one, how)) for one in cameras]
        for kind, make in manipulations.UPSAMPLED.items():
            made = [measured(saved(make(one), how)) for one in cameras]
            results[kind, how] = {
                "spectrum": auc(_all(made, "spectrum", "statistic"), _all(plain, "spectrum", "statistic")),
                "slope alone": auc(_all(made, "spectrum", "slope"), _all(plain, "spectrum", "slope")),
                "cfa": auc(_all(plain, "cfa", "statistic"), _all(made, "cfa", "statistic")),
            }
    return results


def _all(signals: list[Mapping[str, Signal]], name: str, fact: str) -> list[float]:
    return [float(one[name].data[fact]) for one in signals if one[name].status is not Status.NOT_APPLICABLE]


def savings() -> dict[str, dict[str, float]]:
    """What was done to camera-like pictures before the last saving, to method to AUC."""
    cameras = [manipulations.camera(scene, seed) for scene, seed in scenes()]
    results: dict[str, dict[str, float]] = {}
    for first, last in ((50, 90), (75, 90), (75, 85), (85, 90), (85, 95), (90, 85), (95, 85), (90, 90)):
        once = [measured(saved(one, f"JPEG {last}")) for one in cameras]
        twice = [measured(saved(jpeg(one, first), f"JPEG {last}")) for one in cameras]
        results[f"saved at {first}, then {last}"] = {
            "jpeg_history": auc(
                _all(twice, "jpeg_history", "evidence"), _all(once, "jpeg_history", "evidence")
            )
        }
    for first, how in ((75, "none"), (75, "JPEG 95"), (75, "JPEG 85"), (90, "none"), (90, "JPEG 95")):
        left = [measured(saved(_cropped(one), how)) for one in cameras]
        moved = [measured(saved(_cropped(jpeg(one, first)), how)) for one in cameras]
        results[f"saved at {first}, cropped, then {how}"] = {
            "grid": auc(_all(moved, "grid", "shift"), _all(left, "grid", "shift"))
        }
    return results


def _cropped(image: Image.Image) -> Image.Image:
    return image.crop((3, 5, image.width, image.height))


def alarms() -> dict[str, Rate]:
    """Findings on the photographs and C2PA files as they are."""
    files = [*pictures.photos(), *(path.read_bytes() for path in sorted((DATA / "c2pa").glob("*.jpg")))]
    answers = [measured(data) for data in files]
    rates = {
        name: Rate(
            sum(one[name].status is Status.FOUND for one in answers),
            sum(one[name].status is not Status.NOT_APPLICABLE for one in answers),
        )
        for name in forensics.NAMES
    }
    changed = sum(points_to_change(each) for each in answers)
    return rates | {"any that points to a change": Rate(changed, len(answers))}


def cost() -> float:
    """Seconds of one core for all methods on 2 million pixels, the least of several."""
    data = manipulations.jpeg_bytes(manipulations.pattern(LARGE, 3), 90)
    image = Image.open(io.BytesIO(data)).convert("RGB")
    took = []
    for _ in range(7):
        began = time.thread_time()
        forensics.signals(image, data)
        took.append(time.thread_time() - began)
    return min(took)


def measure(sheet: Sheet) -> None:
    """The tables' rows for pictures saved as JPEG 95, with one patch for each photograph, as rows of *sheet*."""
    sheet.section(
        HEADING,
        "Areas under the ROC curve (0.5 is chance) on made-up manipulations of photographs that were not looked at "
        "when the methods were designed; docs/forensics.md says what they mean.",
    )
    for (kind, how), by_method in regions(QUICK, patches=1).items():
        sheet.add(HEADING, f"{kind}, saved: {how}", _shown(by_method))
    for (kind, how), by_method in whole(QUICK).items():
        sheet.add(HEADING, f"camera-like against {kind}, saved: {how}", _shown(by_method))
    for kind, by_method in savings().items():
        sheet.add(HEADING, kind, _shown(by_method))
    for name, rate in alarms().items():
        sheet.add(HEADING, f"findings on pictures as they are: {name}", f"{rate.found} of {rate.of}")
    sheet.add(HEADING, "all methods on 2 million pixels", f"{cost() * 1000:.0f} ms of one core")


def _shown(by_method: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in by_method.items())


def main() -> None:
    """Print the tables of docs/forensics.md."""
    _table("manipulated region", regions())
    _table("camera-like against", whole())
    _table("before the last saving", {(kind, ""): row for kind, row in savings().items()})
    for name, rate in alarms().items():
        _say(f"| {name} | {rate.found} of {rate.of} |")
    _say(f"\n{cost() * 1000:.0f} ms for 2 Mpx")


def _table(what: str, results: Mapping[tuple[str, str], Mapping[str, float]]) -> None:
    names = list(dict.fromkeys(name for row in results.values() for name in row))
    _say(f"\n| {what} | saved | " + " | ".join(names) + " |")
    _say("|---" * (len(names) + 2) + "|")
    for (kind, how), row in results.items():
        cells = (f"{row[name]:.2f}" if name in row else "" for name in names)
        _say(f"| {kind} | {how} | " + " | ".join(cells) + " |")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
