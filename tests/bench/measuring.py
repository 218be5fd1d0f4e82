"""The parts of a run, in the order that lets each find what it needs, and how their figures read."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from casework.runtime.installation import from_environment
from tests.bench import forensics, index, library, machine, pages, pictures, uploads
from tests.bench.library import IMAGES, LARGE, kernel_sum
from tests.bench.sheet import Sheet, spread
from tests.bench.visitor import Refused, Visitor
from tests.running import RunningInstallation

PARTS = ("kernels", "index", "marks", "forensics", "log", "starts", "uploads", "pages")
#: All of what takes minutes.
LONG = bool(os.environ.get("BENCH_LONG"))
SHARE_OF_MARKS = 0.2
MANY = 10_000
LOG_ENTRIES = 20_000
SETTLE_SECONDS = 6.0
CORES = os.cpu_count() or 1

START = "Start"
MARKS = "Our own marks"
MEMORY = "Memory"
WAITS = "Waiting for an answer"
LOG = "The log"


def measure(running: RunningInstallation, sheet: Sheet, parts: Sequence[str]) -> None:
    """Measure *parts* into *sheet*, on an installation that does not run yet and is left running."""
    kernels = None
    if "kernels" in parts:
        _say("kernels")
        kernels = library.measure(sheet, running.env)
    beside(sheet, parts)
    if "log" in parts:
        log(running, sheet)
    if not {"starts", "uploads", "pages"} & set(parts):
        return
    starts(running, sheet)
    key = running.manage("api_key", "create", "bench", "--organisation", "Bench").stdout.split()[-1]
    uploads.wait_until_idle(running)
    idle = memory(running)
    if "pages" in parts:
        desk(running, sheet, "demo data")
    if "uploads" in parts:
        whole_path(running, sheet, key, kernels, idle)
    if "pages" in parts:
        many_cases(running, sheet)
    if "uploads" in parts:
        one_worker(running, sheet, key)


def beside(sheet: Sheet, parts: Sequence[str]) -> None:
    """What needs no installation: the index of known pictures, our own marks, forensics."""
    if "index" in parts:
        _say("index")
        index.measure(sheet)
    if "marks" in parts:
        _say("marks")
        marks(sheet)
    if "forensics" in parts:
        _say("forensics")
        forensics.measure(sheet)


def marks(sheet: Sheet) -> None:
    """What tests.bench.marks prints, row by row."""
    share = 1.0 if LONG else SHARE_OF_MARKS
    whole = "" if LONG else f" {share:.0%} of the pictures; `BENCH_LONG=1` takes them all."
    sheet.section(MARKS, f"docs/evidence.md says what was done to the pictures.{whole}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.marks", str(share)],
        cwd=pictures.CHECKOUT, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    heads: list[str] = []
    for line in done.stdout.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|"):
            heads = []
        elif not heads:
            heads = cells
        elif set(line) - set("|- "):
            figures = zip(heads[1:], cells[1:], strict=False)
            sheet.add(
                MARKS, f"{heads[0]}: {cells[0]}", "; ".join(f"{head}: {cell}" for head, cell in figures)
            )


def _say(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")
    sys.stderr.flush()


def starts(running: RunningInstallation, sheet: Sheet) -> None:
    """First and second start, and the stop between them."""
    sheet.section(
        START,
        "The environment, model weights and demo pictures are there already (a very first `make run` also fetches"
        " those, which is the network's time). “Well” is the first `GET /healthz` that answers 200.",
    )
    for name in ("first start, empty home", "second start"):
        _say(name)
        began = time.monotonic()
        running.start(r"^Casework is at ")
        answers = time.monotonic() - began
        well = _until_well(running, began)
        running.wait_for_line(r"^ready in ", running.started_at_byte)
        filed = time.monotonic() - began
        sheet.add(START, f"{name}: web answers", f"{answers:.1f} s")
        sheet.add(START, f"{name}: all is well", f"{well:.1f} s")
        demo = "demo filed" if name.startswith("first") else "demo looked through"
        sheet.add(START, f"{name}: {demo}", f"{filed:.1f} s")
        if name.startswith("first"):
            began = time.monotonic()
            running.stop()
            sheet.add(START, "stop", f"{time.monotonic() - began:.1f} s")


def _until_well(running: RunningInstallation, began: float) -> float:
    visitor, deadline = Visitor(running.port), time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            visitor.get("/healthz")
        except (Refused, OSError):
            time.sleep(0.1)
            continue
        return time.monotonic() - began
    raise TimeoutError("/healthz never answered 200")


def whole_path(
    running: RunningInstallation,
    sheet: Sheet,
    key: str,
    kernels: dict[str, Any] | None,
    idle: list[list[str]],
) -> None:
    """HTTP, vault, ledger, worker, stored: with the default two workers; memory; single large reports."""
    _say("uploads, two workers")
    uploads.load(running, key, pictures.photos()[:8])  # each worker loads its models once
    took = uploads.load(running, key, pictures.photos())
    _load_rows(sheet, IMAGES, "2 workers", took, kernel_sum(kernels["small"]) if kernels else None)
    _say("large reports")
    once = uploads.one_by_one(running, key, [pictures.large()] * 12)
    sheet.section(WAITS, "Durations as the asking program sees them, on connections that stay open.")
    sheet.add(
        WAITS,
        "POST of a report with a 2 MB picture, one at a time, nothing else going on",
        spread(once.answers),
    )
    sheet.add(WAITS, "from its commit to the start of its examination", spread(once.starts))
    sheet.add(WAITS, "from its commit to the examined picture", spread(once.examined))
    busy = uploads.load(running, key, [pictures.large()] * 16)
    sheet.add(WAITS, f"POST of 2 MB from {uploads.SENDERS} programs at once while workers examine",
              f"{spread(busy.answers)}; {busy.pictures / busy.acknowledged:.1f} reports/s acknowledged")  # fmt: skip
    _load_rows(sheet, LARGE, "2 workers", busy, kernel_sum(kernels["large"]) if kernels else None)
    reveal(running, sheet)
    _memory_rows(sheet, idle, memory(running), max(took.peak, busy.peak))


def _load_rows(sheet: Sheet, heading: str, workers: str, took: uploads.Load, bare: float | None) -> None:
    rate = took.pictures / took.examined
    each = sum(took.cpu.values()) / took.pictures
    sheet.add(heading, f"whole path, {workers}: HTTP, vault, ledger, worker, stored",
              f"{rate:.1f} pictures/s, {rate / CORES:.1f} per core of the machine"
              f" ({took.pictures} reports of one picture, all acknowledged after {took.acknowledged:.1f} s, "
              f"all examined after {took.examined:.1f} s)")  # fmt: skip
    parts = ", ".join(
        f"{part} {seconds / took.pictures * 1000:.0f}"
        for part, seconds in sorted(took.cpu.items(), key=lambda pair: -pair[1])
    )
    sheet.add(
        heading, f"whole path, {workers}: processor time per picture", f"{each * 1000:.0f} ms ({parts})"
    )
    sheet.add(
        heading,
        f"whole path, {workers}: a job in the worker",
        f"{took.job * 1000:.0f} ms by the clock; {took.at_once:.1f} ran at once on average",
    )
    if bare is not None:
        sheet.add(
            heading, f"whole path, {workers}: against the bare kernels",
            f"{each / bare:.2f} × their processor time; {rate * bare / CORES:.0%} of the pictures/s that"
            f" the bare kernels alone would reach on {CORES} cores",
        )  # fmt: skip


def one_worker(running: RunningInstallation, sheet: Sheet, key: str) -> None:
    """The same with one worker: another start of the same installation."""
    _say("uploads, one worker")
    running.stop()
    running.env["CASEWORK_WORKERS"] = "1"
    running.start()
    uploads.load(running, key, pictures.photos()[:4])
    _load_rows(sheet, IMAGES, f"1 worker, {MANY:,} cases waiting",
               uploads.load(running, key, pictures.photos()[:40]), None)  # fmt: skip


def memory(running: RunningInstallation) -> list[list[str]]:
    """Rows of part, processes, PSS, RSS of each, libraries that matter; the last row is the sum."""
    time.sleep(SETTLE_SECONDS)
    rows, total = [], 0.0
    for part, pids in machine.trees(running).items():
        costs = {pid: one for pid in pids if (one := machine.cost(pid)) is not None}
        pss = sum(one.pss for one in costs.values())
        total += pss
        each = ", ".join(f"{one.pss:.0f}/{one.rss:.0f}" for one in costs.values())
        loaded = sorted({name for pid in costs for name in machine.heavy_libraries(pid)})
        rows.append([part, f"{pss:.0f} MiB", f"{len(costs)}: {each}", ", ".join(loaded)])
    return [*rows, ["all", f"{total:.0f} MiB", "", ""]]


def _memory_rows(sheet: Sheet, idle: list[list[str]], after: list[list[str]], peak: float) -> None:
    sheet.section(
        MEMORY,
        "PSS: shared pages divided among those who share them, so that the parts add up. Then each process as PSS/RSS"
        " in MiB, the part's first process first; for PostgreSQL these are the server and its backends.",
    )
    for when, rows in (("idle", idle), ("after the load", after)):
        for part, pss, each, loaded in rows:
            libraries = f"; has mapped {loaded}" if loaded else ""
            sheet.add(MEMORY, f"{when}: {part}", pss + (f" ({each}{libraries})" if each else ""))
    sheet.add(MEMORY, "peak of all together under load (PSS, looked at every second)", f"{peak:.0f} MiB")


def desk(running: RunningInstallation, sheet: Sheet, with_what: str) -> None:
    """Pages of a moderator."""
    _say(f"pages, {with_what}")
    sheet.section(WAITS)
    for page, figure in pages.views(running.port).items():
        sheet.add(WAITS, f"page, {with_what}: {page}", figure)
    if with_what == "demo data":
        reveal(running, sheet)


def reveal(running: RunningInstallation, sheet: Sheet) -> None:
    """Looking at the largest picture there is."""
    [(case, item, size)] = running.psql(
        "SELECT c.public_id::text, i.public_id::text, i.width || ' × ' || i.height"
        " FROM evidence_item i JOIN cases_case c ON c.id = i.case_id"
        " WHERE i.rendition_id IS NOT NULL AND NOT c.restricted ORDER BY i.width * i.height DESC LIMIT 1"
    )
    opened, served = pages.reveals(running.port, case, item)
    sheet.add(WAITS, "a reveal is opened", opened)
    sheet.add(WAITS, f"its picture ({size} pixels), with the viewer's name drawn in", served)


def many_cases(running: RunningInstallation, sheet: Sheet) -> None:
    """The same pages with many cases waiting, and a reveal of the largest rendition there is."""
    _say(f"{MANY} cases")
    env = from_environment(running.env).environment("manage")
    own = {name: env[name] for name in env if name.startswith(("CASEWORK", "PORT"))}
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "tests.bench.many", str(MANY)], cwd=pictures.CHECKOUT,
                   env=running.env | own, check=True)  # fmt: skip
    sheet.add(WAITS, f"opening {MANY:,} cases in bulk", f"{MANY / (time.monotonic() - began):.0f} cases/s")
    running.psql("ANALYZE")
    desk(running, sheet, f"{MANY:,} cases waiting")


def log(running: RunningInstallation, sheet: Sheet) -> None:
    """Appends, seals and verification, on an embedded server that is as durable as a real one."""
    _say("log")
    sheet.section(
        LOG,
        "Clients are processes that commit one entry each time and do nothing else; the sealer of the product runs"
        " beside them. On a database of its own with `fsync` on.",
    )
    for line in log_lines(running):
        what, _, figure = line.strip().partition(": ")
        sheet.add(LOG, what, figure)


def log_lines(running: RunningInstallation) -> list[str]:
    """What tests.bench.audit prints."""
    beside = RunningInstallation(running.home.with_name("log"), running.port)
    env = beside.env | {"CASEWORK_KEYS": str(beside.home / "keys"), "CASEWORK_DB_ROLE": "owner"}
    beside.home.mkdir(mode=0o700)
    database = subprocess.Popen(
        [sys.executable, "-m", "casework.runtime", "database"],
        cwd=pictures.CHECKOUT, env=env, stdout=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        assert database.stdout is not None
        database.stdout.readline()  # it says that it runs
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.audit", "--seconds", "2", "--entries", str(LOG_ENTRIES)],
            cwd=pictures.CHECKOUT, env=env, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    finally:
        database.terminate()
        database.wait(60)
        beside.close()
    return [line for line in done.stdout.splitlines() if ": " in line or " in " in line]
