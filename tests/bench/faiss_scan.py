"""faiss on the hashes and questions of ``tests.bench.index``; runs in an environment that has only faiss and numpy.

python faiss_scan.py flat|multi DIRECTORY RADIUS      (prints one JSON object)
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import faiss
import numpy as np

QUESTIONS = {"flat": 60, "multi": 200}


def main() -> None:
    """Build, ask one question after the other, print."""
    kind, directory, radius = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    faiss.omp_set_num_threads(1)
    hashes, questions = (np.load(directory / name) for name in ("hashes.npy", "questions.npy"))
    before = anonymous()
    began = time.perf_counter()
    known = faiss.IndexBinaryFlat(256) if kind == "flat" else faiss.IndexBinaryMultiHash(256, 16, 16)
    if kind == "multi":
        known.nflip = 1
    known.add(hashes)
    built = time.perf_counter() - began
    memory = anonymous() - before
    seconds, clock, answers = [], [], []
    for question in questions[: QUESTIONS[kind]]:
        began, used = time.perf_counter(), time.process_time()
        _limits, distances, rows = known.range_search(question[np.newaxis], radius + 1)  # nearer than
        clock.append(time.perf_counter() - began)
        seconds.append(time.process_time() - used)
        answers.append(sorted([int(far), int(row)] for far, row in zip(distances, rows, strict=True)))
    taken = {"seconds": seconds, "clock": clock, "answers": answers}
    print(json.dumps({"built": built, "memory": memory, **taken}))


def anonymous() -> float:
    """MB that this process holds for itself."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) * 1024 / 1e6


if __name__ == "__main__":
    main()
