"""Time per picture: each kernel bare, and the library with its sandbox. A process of its own, without Django.

python -m tests.bench.kernels WEIGHTS_DIRECTORY      (prints one JSON object)
"""

from __future__ import annotations

import io
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from detection import explicitness, pdq, perceptual, renditions
from detection.digests import of_bytes
from detection.examine import examine_in_child, look, warm_up
from detection.models import Shelf, open_shelf
from tests.bench import pictures

#: Passes over all pictures, of which the best counts: what else runs on the machine only adds.
PASSES = 2


def main() -> None:
    """Measure on small and large pictures, and print."""
    warm_up()
    shelf = open_shelf(Path(sys.argv[1]))
    sets = {"small": list(pictures.photos()), "large": [pictures.large()] * 3}
    measured = {name: measure(data, shelf) for name, data in sets.items()}
    sys.stdout.write(json.dumps(measured) + "\n")


def measure(data: list[bytes], shelf: Shelf) -> dict[str, Any]:
    """Per picture: each kernel, reading without a sandbox or models, and the library as a worker calls it."""
    images = [decode(one) for one in data]
    kernels: dict[str, dict[str, float]] = {"decode": per_one(decode, data)}
    for name, work in {
        "PDQ": pdq.hash_image,
        "pHash": perceptual.phash,
        "preview": renditions.preview,
        "rendition": renditions.rendition,
        "planes for OpenNSFW": lambda image: explicitness.prepare([image]),
    }.items():
        kernels[name] = per_one(work, images)
    model = shelf.loaded.get(explicitness.MODEL)
    if model is not None:
        inputs = [
            np.asarray(explicitness.prepare([image])[0], np.float32)[np.newaxis] - 110 for image in images
        ]
        asked = [model.card.output.name]
        kernels["OpenNSFW"] = per_one(
            lambda one: model.session.run(asked, {model.card.input.name: one}), inputs
        )
    return {
        "pictures": len(data),
        "megapixels": statistics.mean(image.width * image.height for image in images) / 1e6,
        "kernels": kernels,
        "reading": per_one(lambda one: look(one, of_bytes(one)), data),
        "library": per_one(lambda one: _examined(one, shelf), data),
    }


def decode(data: bytes) -> Image.Image:
    """The picture as RGB, by Pillow and nothing else."""
    with Image.open(io.BytesIO(data)) as opened:
        return opened.convert("RGB")


def per_one(work: Callable[[Any], Any], things: list[Any]) -> dict[str, float]:
    """Seconds that *work* takes for one of *things*, by the clock and on processors; the best of the passes.

    Processor time counts disposable children too, and hardly feels what else runs on the machine.
    """
    work(things[0])
    passes = []
    for _pass in range(PASSES):
        clock, cpu = time.perf_counter(), _cpu_seconds()
        for thing in things:
            work(thing)
        passes.append((time.perf_counter() - clock, _cpu_seconds() - cpu))
    return {
        "clock": min(clock for clock, _cpu in passes) / len(things),
        "cpu": min(cpu for _clock, cpu in passes) / len(things),
    }


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _examined(data: bytes, shelf: Shelf) -> None:
    outcome = examine_in_child(data, models=shelf)
    assert getattr(outcome, "media", None) is not None, outcome


if __name__ == "__main__":
    main()
