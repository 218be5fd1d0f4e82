"""`make bench`: start time and memory of a fresh demo installation on this machine, as one JSON document.

Start and stop are measured by the clock of whoever types `make run`. Memory is the proportional set size
(PSS) of each part with its children, idle, from ``smaps_rollup``: shared pages are counted once.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.running import RunningInstallation, free_port

SETTLE_SECONDS = 5.0


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="casework-bench-") as directory:
        running = RunningInstallation(Path(directory) / "home", free_port())
        try:
            measured = {"machine": machine()} | starts(running) | {"memory_mib": memory(running)}
        finally:
            running.close()
    sys.stdout.write(json.dumps(measured, indent=1) + "\n")


def machine() -> dict[str, Any]:
    """What the figures hold for."""
    words = Path("/proc/cpuinfo").read_text()
    model = next(
        (line.split(":", 1)[1].strip() for line in words.splitlines() if line.startswith("model name")), "?"
    )
    return {"processor": model, "cores": os.cpu_count(), "python": sys.version.split()[0]}


def starts(running: RunningInstallation) -> dict[str, float]:
    """Seconds until the address is printed, and until the demo is filed, at both starts; seconds to stop."""
    figures = {}
    for name in ("first", "second"):
        began = time.monotonic()
        running.start(r"^Casework is at ")
        figures[f"{name}_start_until_web_answers_s"] = time.monotonic() - began
        running.wait_for_line(r"^ready in ", running.started_at_byte)
        figures[f"{name}_start_until_demo_filed_s"] = time.monotonic() - began
        if name == "first":
            began = time.monotonic()
            running.stop()
            figures["stop_s"] = time.monotonic() - began
    return {name: round(value, 1) for name, value in figures.items()}


def memory(running: RunningInstallation) -> dict[str, float]:
    """PSS in MiB of each part, idle, all its processes together."""
    time.sleep(SETTLE_SECONDS)
    return {part: round(sum(map(_pss, pids)), 1) for part, pids in running.pids().items()}


def _pss(pid: int) -> float:
    rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(row.split()[1]) for row in rows if row.startswith("Pss:")) / 1024


if __name__ == "__main__":
    main()
