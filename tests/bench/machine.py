"""What the figures hold for, and what processes cost: memory and processor time as the kernel counts them."""

from __future__ import annotations

import os
import platform
import statistics
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.running import RunningInstallation

MIB = 1024 * 1024
TICKS = os.sysconf("SC_CLK_TCK")
#: Parts of file names of what a web process must never hold in memory, and what each is; but for numpy, which it loads
#: with the first picture that it shows, to mark it.
HEAVY = {
    "onnxruntime": "onnxruntime",
    "numpy": "numpy",
    "/scipy/": "scipy",
    "c2pa": "c2pa",
    "libavcodec": "PyAV",
    "pillow_heif": "HEIF decoder",
    "_avif": "AVIF decoder",
}
VERSIONS = ("Django", "gunicorn", "django-q2", "psycopg", "Pillow", "numpy", "onnxruntime", "pyrage")


def described() -> list[tuple[str, str]]:
    """Processor, memory, kernel, versions and how busy the machine is with other things, as rows."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / MIB / 1024
    model = _first(Path("/proc/cpuinfo"), "model name")
    return [
        ("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
        ("processor", f"{model}, {os.cpu_count()} cores"),
        ("memory", f"{memory:.1f} GiB"),
        ("kernel, Python", f"Linux {platform.release()}, Python {platform.python_version()}"),
        ("versions", ", ".join(f"{name} {version(name)}" for name in VERSIONS)),
        ("an 8 KiB write and `fsync` on its disk", f"{_fsync_seconds() * 1000:.1f} ms (median of 40)"),
        (
            "load average before the run",
            f"{os.getloadavg()[0]:.1f} (1 min), {os.getloadavg()[1]:.1f} (5 min)",
        ),
    ]


def _fsync_seconds(times: int = 40) -> float:
    took = []
    with tempfile.NamedTemporaryFile() as file:
        for _time in range(times):
            began = time.perf_counter()
            os.write(file.fileno(), bytes(8192))
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return statistics.median(took)


def _first(path: Path, name: str) -> str:
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return line.split(":", 1)[1].strip()
    return "unknown"


@dataclass(frozen=True)
class Cost:
    """MiB of one process: proportional share (shared pages divided among their users), resident, and its peak."""

    pss: float
    rss: float
    peak: float


def cost(pid: int) -> Cost | None:
    """What *pid* costs now; None when it has ended."""
    try:
        rollup = _kib(Path(f"/proc/{pid}/smaps_rollup"))
        status = _kib(Path(f"/proc/{pid}/status"))
    except OSError:
        return None
    if "Pss" not in rollup:
        return None
    return Cost(rollup["Pss"] / 1024, rollup["Rss"] / 1024, status.get("VmHWM", 0) / 1024)


def _kib(path: Path) -> dict[str, int]:
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) == 3 and row[2] == "kB"}


def heavy_libraries(pid: int) -> list[str]:
    """What of HEAVY the process has mapped."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
    except OSError:
        return []
    files = {
        Path(line.split(maxsplit=5)[5]).as_posix() for line in maps.splitlines() if len(line.split()) > 5
    }
    return sorted({what for sign, what in HEAVY.items() if any(sign in name for name in files)})


def trees(running: RunningInstallation) -> dict[str, list[int]]:
    """Process ids by part, each with everything below it; the part's first process first."""
    leaders = {part: pids[0] for part, pids in running.pids().items()}
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                below.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    parts = {part: _with_children(pid, below) for part, pid in leaders.items() if part != "supervisor"}
    others = {pid for pids in parts.values() for pid in pids}
    supervisor = [pid for pid in _with_children(leaders["supervisor"], below) if pid not in others]
    return {"supervisor": supervisor, **parts}


def _with_children(pid: int, below: Mapping[int, list[int]]) -> list[int]:
    found = [pid]
    for child in sorted(below.get(pid, [])):
        found += _with_children(child, below)
    return found


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_seconds(pids: list[int]) -> float:
    """Processor time of these processes and of their children that have ended."""
    total = 0.0
    for pid in pids:
        with suppress(OSError):
            total += sum(map(int, _stat(pid)[11:15])) / TICKS
    return total


class Peak:
    """Samples the sum of all parts' proportional sizes while a with-block runs; ``mib`` is the largest."""

    def __init__(self, running: RunningInstallation, every: float = 1.0) -> None:
        self._running, self._every = running, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.mib = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            costs = [cost(pid) for pids in trees(self._running).values() for pid in pids]
            self.mib = max(self.mib, sum(one.pss for one in costs if one is not None))
