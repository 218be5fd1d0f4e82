"""Time per picture: each kernel bare, and the library with its sandbox. A process of its own, without Django.

python -m tests.bench.kernels WEIGHTS_DIRECTORY      (prints one JSON object)
"""

from __future__ import annotations

import io
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from detection import dwtdct, examine, forensics, looking, pdq, perceptual, planes, renditions
from detection.digests import of_bytes
from detection.models import Shelf, open_shelf, values_of
from tests.bench import machine, pictures

#: Passes over all pictures, of which the best counts: what else runs on the machine only adds.
PASSES = 2
#: Seconds after which a reader that has answered has been reaped, so that its processor time counts.
_UNTIL_REAPED = 0.3
MODEL = "open-nsfw"


def main() -> None:
    """Measure on small and large pictures, and print."""
    examine.warm_up()
    shelf = open_shelf(Path(sys.argv[1]))
    sets = {"small": list(pictures.photos()), "large": [pictures.large()] * 3}
    measured: dict[str, Any] = {}
    for name, data in sets.items():
        with one_core():
            measured[name] = measure(data, shelf)
            examine.stop_readers()
        measured[name]["two cores"] = per_one(lambda one: _examined(one, shelf), data)
        examine.stop_readers()
    measured["memory"] = memory(sets["large"][0], shelf)
    sys.stdout.write(json.dumps(measured) + "\n")


def memory(data: bytes, shelf: Shelf) -> dict[str, float]:
    """MiB at their peaks: this process with the model, the one that makes children, and the child of this picture."""
    wishes = {"planes": looking.plane_wishes(shelf.plane_specs), "trust": []}
    with examine.PICTURES.talk(looking.work, data, wishes) as talk:
        for _answer in range(3):
            talk.hear()
        child = talk.end().max_rss_bytes
    zygote = machine.cost(examine.PICTURES.pid or 0)
    examine.stop_readers()
    caller = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"caller": caller, "zygote": zygote.peak if zygote else 0.0, "child": child / machine.MIB}


@contextmanager
def one_core() -> Iterator[None]:
    """This process and those that it starts meanwhile, all on one processor core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def measure(data: list[bytes], shelf: Shelf) -> dict[str, Any]:
    """Per picture: each kernel, reading without a sandbox or models, and the library as a worker calls it."""
    images = [decode(one) for one in data]
    specs = [spec for spec in shelf.plane_specs if spec.name == MODEL]
    kernels: dict[str, dict[str, float]] = {
        "digests": per_one(of_bytes, data),
        "decode": per_one(decode, data),
    }
    for name, work in {
        "PDQ in eight turns": pdq.dihedral_hashes,
        "pHash": perceptual.phash,
        "preview": renditions.preview,
        "rendition": renditions.rendition,
        "generators' watermarks": dwtdct.signal,
        "planes for OpenNSFW": lambda image: planes.prepare([image], specs),
    }.items():
        kernels[name] = per_one(work, images)
    pairs = list(zip(images, data, strict=True))
    kernels["forensics, six methods"] = per_one(lambda pair: forensics.signals(*pair), pairs)
    model = shelf.loaded.get(MODEL)
    if model is not None:
        inputs = [values_of(planes.prepare([image], specs)[MODEL][0], model.card) for image in images]
        asked = [model.card.output.name]
        kernels["OpenNSFW"] = per_one(
            lambda one: model.session.run(asked, {model.card.input.name: one}), inputs
        )
    return {
        "pictures": len(data),
        "megapixels": statistics.mean(image.width * image.height for image in images) / 1e6,
        "kernels": kernels,
        "reading": per_one(lambda one: examine.look(one, of_bytes(one), specs=specs), data),
        "library": per_one(lambda one: _examined(one, shelf), data),
    }


def decode(data: bytes) -> Image.Image:
    """The picture as RGB, by Pillow and nothing else."""
    with Image.open(io.BytesIO(data)) as opened:
        return opened.convert("RGB")


def per_one(work: Callable[[Any], Any], things: list[Any]) -> dict[str, float]:
    """Seconds that *work* takes for one of *things*, by the clock and on processors; the best of the passes.

    Processor time counts the readers' processes too, and hardly feels what else runs on the machine.
    """
    work(things[0])
    passes = []
    for _pass in range(PASSES):
        clock, cpu = time.perf_counter(), _cpu_seconds()
        for thing in things:
            work(thing)
        took = time.perf_counter() - clock
        time.sleep(_UNTIL_REAPED)  # a reader's time counts once it is reaped, a moment after it has answered
        passes.append((took, _cpu_seconds() - cpu))
    return {
        "clock": min(clock for clock, _cpu in passes) / len(things),
        "cpu": min(cpu for _clock, cpu in passes) / len(things),
    }


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    readers = machine.cpu_seconds([one.pid for one in (examine.PICTURES, examine.FILMS) if one.pid])
    return sum(one.ru_utime + one.ru_stime for one in used) + readers


def _examined(data: bytes, shelf: Shelf) -> None:
    outcome = examine.examine_in_child(data, models=shelf)
    assert getattr(outcome, "media", None) is not None, outcome


if __name__ == "__main__":
    main()
