"""`make bench`: what this installation does in which time on this machine, as one table and as docs/figures.md.

One run, one machine, a fresh demo of its own on loopback; nothing in it is a promise or a threshold. Give the
machine to it alone: the page says how busy it was.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import machine, measuring
from tests.bench.pictures import CHECKOUT
from tests.bench.sheet import Sheet
from tests.running import RunningInstallation, free_port

PAGE = CHECKOUT / "docs" / "figures.md"
PREFACE = """
`make bench` writes this page: one run on the machine below, everything on it (database, web, workers, and the programs
that send and ask). Figures, not promises; on a machine that does other work at the same time they are worse.
Pages and uploads go over loopback HTTP through gunicorn, as in `make run`; evidence is sealed, the log is sealed beside
it, and the database commits durably (`fsync` on).
"""


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "--only", nargs="*", choices=measuring.PARTS, help="measure only these; writes no page"
    )
    chosen = parser.parse_args()
    began = time.monotonic()
    sheet = Sheet()
    sheet.section("The machine and the run")
    for what, figure in machine.described():
        sheet.add("The machine and the run", what, figure)
    with tempfile.TemporaryDirectory(prefix="casework-figures-") as directory:
        home = Path(directory) / "home"
        try:
            with RunningInstallation(home, free_port(), API_REPORTS_RATE="100000/min") as running:
                measuring.measure(running, sheet, chosen.only or measuring.PARTS)
        finally:  # what was measured before something failed is worth reading
            took = time.monotonic() - began
            sheet.add("The machine and the run", "the whole run took", f"{took:.0f} s")
            sys.stdout.write(sheet.table())
    if not chosen.only:
        PAGE.write_text(sheet.markdown("Figures", PREFACE))
        sys.stdout.write(f"\nWritten to {PAGE.relative_to(CHECKOUT)}.\n")


if __name__ == "__main__":
    main()
