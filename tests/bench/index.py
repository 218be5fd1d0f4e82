"""The exact PDQ index beside a scan in numpy and faiss (flat and multi-hash), on the same random hashes.

python -m tests.bench.index [ROWS ...]      (a million and ten million unless told otherwise; prints one table)

Every contender runs alone, in a process of its own, on one core, and is asked the same questions: every second one
lies within 33 bits of a stored hash. Their answers are compared. faiss comes from the environment that `make bench`
makes (requirements/bench.in); where it could not be installed the table says so. Ten million take 3 GB of disk
meanwhile.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from detection import index
from detection.index.directory import MERGE_AT
from tests.bench.library import PYTHON_BESIDE
from tests.bench.pictures import CHECKOUT
from tests.bench.sheet import Sheet, quantile

Result = TypeVar("Result")

SIZES = (1_000_000, 10_000_000)
QUESTIONS = 400
RADIUS = index.MAX_RADIUS
SCANS = 20
"""Questions to the scan in numpy: more would only take longer."""

CHANGES = 50
FAISS = Path(__file__).with_name("faiss_scan.py")


def main() -> None:
    """Measure and print; or be one of the processes that are measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.index")
    parser.add_argument("rows", nargs="*", type=int, default=SIZES)
    parser.add_argument("--as", dest="part", choices=PARTS)
    parser.add_argument("--in", dest="directory", type=Path)
    chosen = parser.parse_args()
    if chosen.part:
        sys.stdout.write(json.dumps(PARTS[chosen.part](chosen.directory)) + "\n")
        return
    sheet = Sheet()
    measure(sheet, chosen.rows)
    sys.stdout.write(sheet.table())


def measure(sheet: Sheet, sizes: tuple[int, ...] | list[int] = SIZES) -> None:
    """Rows for each size into *sheet*."""
    with tempfile.TemporaryDirectory(prefix="casework-index-") as name:
        directory = Path(name)
        faiss = PYTHON_BESIDE if PYTHON_BESIDE.exists() else None
        for rows in sizes:
            where = directory / str(rows)
            where.mkdir()
            _make_data(where, rows)
            _measure_one(sheet, where, rows, faiss)


def heading(rows: int) -> str:
    """Under which so many hashes are shown."""
    return f"Known pictures: {rows:,} hashes, radius {RADIUS}"


def _measure_one(sheet: Sheet, where: Path, rows: int, faiss: Path | None) -> None:
    under = heading(rows)
    sheet.section(
        under,
        "One process on one core. Questions are in processor time, which hardly feels other work, and by "
        "the clock; all else is by the clock. Memory is what the process holds for itself, beside the file.",
    )
    took = {part: _run([sys.executable, "-m", "tests.bench.index", "--as", part, "--in", str(where)])
            for part in PARTS}  # fmt: skip
    ours, built, changed = took["ask"], took["build"], took["change"]
    sheet.add(under, "this index", f"{_took(ours)}; built in {built['seconds']:.1f} s "
              f"(peak {built['peak']:,.0f} MB, of which the hashes given are {rows * 40 / 1e6:,.0f}); "
              f"file {built['file']:,.0f} MB; memory {ours['memory']:,.0f} MB; "
              f"opened with all digests compared in {ours['opened']:.1f} s")  # fmt: skip
    sheet.add(under, "this index, the eight turns of a picture at once", _took(ours["turned"]))
    sheet.add(under, f"this index, {MERGE_AT:,} records in the journal", _took(changed))
    sheet.add(under, "this index, one addition or removal, durable", _spread(changed["changes"]))
    sheet.add(under, "this index, a merge of that journal", f"{changed['merged']:.1f} s, in the background")
    for name, other in [("numpy, every hash compared", took["scan"]), *_by_faiss(where, faiss)]:
        _add_other(sheet, under, name, other, ours)


def _add_other(
    sheet: Sheet, under: str, name: str, other: dict[str, Any] | None, ours: dict[str, Any]
) -> None:
    if other is None:
        sheet.add(under, name, "not measured: faiss is not installable here")
        return
    same = other["answers"] == ours["answers"][: len(other["answers"])]
    times = quantile(other["seconds"], 0.5) / quantile(ours["seconds"], 0.5)
    sheet.add(under, name, f"{_took(other)}; built in {other['built']:.1f} s; memory "
              f"{other['memory']:,.0f} MB; {'the same answers' if same else 'OTHER ANSWERS'}; "
              f"{times:.1f} × the median of this index")  # fmt: skip


def _by_faiss(where: Path, python: Path | None) -> list[tuple[str, dict[str, Any] | None]]:
    kinds = {"flat": "faiss IndexBinaryFlat", "multi": "faiss IndexBinaryMultiHash, 16 × 16 bits, 1 flip"}
    return [
        (name, _run([str(python), str(FAISS), kind, str(where), str(RADIUS)]) if python else None)
        for kind, name in kinds.items()
    ]


def _run(command: list[str]) -> dict[str, Any]:
    sys.stderr.write(f"bench: {' '.join(command[1:5])}\n")
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _took(asked: dict[str, Any]) -> str:
    clock = quantile(asked["clock"], 0.5) * 1000
    return f"{_spread(asked['seconds'])}; by the clock p50 {clock:.2f} ms"


def _spread(seconds: list[float]) -> str:
    p50, p95 = (quantile(seconds, share) * 1000 for share in (0.5, 0.95))
    return f"p50 {p50:.2f} ms, p95 {p95:.2f} ms (n = {len(seconds)})"


def _make_data(where: Path, rows: int) -> None:
    """hashes.npy (rows, 32) bytes, and questions.npy: by turns at random and near a stored hash."""
    chance = np.random.default_rng(rows)
    hashes = chance.integers(0, 256, (rows, 32), dtype=np.uint8)
    questions = chance.integers(0, 256, (QUESTIONS, 32), dtype=np.uint8)
    for place in range(1, QUESTIONS, 2):
        bits = np.unpackbits(hashes[chance.integers(rows)])
        bits[chance.choice(256, place // 2 % 34, replace=False)] ^= 1
        questions[place] = np.packbits(bits)
    np.save(where / "hashes.npy", hashes)
    np.save(where / "questions.npy", questions)


def _questions(where: Path) -> list[bytes]:
    return [one.tobytes() for one in np.load(where / "questions.npy")]


def _build(where: Path) -> dict[str, Any]:
    hashes = np.load(where / "hashes.npy")
    given = index.Hashes.from_arrays(np.arange(len(hashes)), hashes)
    seconds, _nothing = _timed(lambda: index.build(where / "index", given))
    size = sum(path.stat().st_size for path in (where / "index").iterdir())
    return {"seconds": seconds, "file": size / 1e6, "peak": _kernel_says("status", "VmHWM")}


def _ask(where: Path) -> dict[str, Any]:
    before = _kernel_says("smaps_rollup", "Anonymous")
    opened, known = _timed(lambda: index.open_index(where / "index"))
    questions = _questions(where)
    eights = [questions[begin : begin + 8] for begin in range(0, len(questions), 8)]
    return {
        "opened": opened,
        **_asked(lambda value: _plain(known.search(value, RADIUS)), questions),
        "turned": _asked(lambda some: known.search_many(some, RADIUS), eights) | {"answers": None},
        "memory": _kernel_says("smaps_rollup", "Anonymous") - before,
    }


def _change(where: Path) -> dict[str, Any]:
    known = index.open_index(where / "index", verify=False)
    chance, first = np.random.default_rng(1), len(known)
    changes = []
    for number in range(first, first + CHANGES):
        value = chance.bytes(32)
        changes.append(_timed(lambda number=number, value=value: known.add([(number, value)]))[0])
        changes.append(_timed(lambda number=number: known.remove([number]))[0])
    known.add((first + place, chance.bytes(32)) for place in range(MERGE_AT - known.waiting()))
    asked = _asked(lambda value: _plain(known.search(value, RADIUS)), _questions(where))
    merged, _nothing = _timed(known.merge)
    return {"changes": changes, "merged": merged, **asked}


def _scan(where: Path) -> dict[str, Any]:
    built, words = _timed(lambda: np.load(where / "hashes.npy").view(np.uint64))

    def compare(value: bytes) -> list[list[int]]:
        distance = _distances(words, np.frombuffer(value, np.uint64))
        return sorted([int(distance[row]), int(row)] for row in np.flatnonzero(distance <= RADIUS))

    asked = _asked(compare, _questions(where)[:SCANS])
    return {"built": built, "memory": _kernel_says("smaps_rollup", "Anonymous"), **asked}


def _distances(words: NDArray[np.uint64], question: NDArray[np.uint64]) -> NDArray[np.uint16]:
    parts = [
        np.bitwise_count(words[begin : begin + 65_536] ^ question).sum(axis=1, dtype=np.uint16)
        for begin in range(0, len(words), 65_536)
    ]
    return np.concatenate(parts)


def _asked(answer: Callable[[Any], Any], questions: list[Any]) -> dict[str, Any]:
    """Seconds of processor and by the clock for each question, and the answers."""
    seconds, clock, answers = [], [], []
    for question in questions:
        used = time.process_time()
        took, found = _timed(lambda question=question: answer(question))
        seconds.append(time.process_time() - used)
        clock.append(took)
        answers.append(found)
    return {"seconds": seconds, "clock": clock, "answers": answers}


def _plain(matches: tuple[index.Match, ...]) -> list[list[int]]:
    return [[match.distance, match.id] for match in matches]


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def _kernel_says(file: str, name: str) -> float:
    """MB of this process as /proc/self has it under *name*."""
    lines = Path("/proc/self", file).read_text().splitlines()
    [size] = [int(line.split()[1]) for line in lines if line.startswith(f"{name}:")]
    return size * 1024 / 1e6


PARTS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "build": _build, "ask": _ask, "change": _change, "scan": _scan,
}  # fmt: skip


if __name__ == "__main__":
    main()
