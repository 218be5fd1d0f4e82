"""What has to be true before the web may start: keys, models, demo pictures, catalogues, schema."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from casework.runtime import process
from casework.runtime.children import Output, manage
from casework.runtime.guard import Guard
from casework.runtime.installation import CHECKOUT, Installation
from casework.runtime.keys import check_rings, ensure_keys
from casework.runtime.problem import Problem


class Task:
    """A child that runs once, its output in the one stream, watched by the guard while it runs."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        at: Installation,
        output: Output,
        guard: Guard,
    ) -> None:
        self.name = name
        self.guard = guard
        self.popen = process.start(argv, env=env, output=subprocess.PIPE, cwd=CHECKOUT)
        guard.watch(self.popen.pid)
        assert self.popen.stdout is not None
        output.attach(name, self.popen.stdout, at.logs / f"{name}.log")

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""
        code = self.popen.poll()
        if code is not None:
            self.guard.forget(self.popen.pid)
        return code

    def end(self) -> None:
        """Stop it, with its descendants, before it is done."""
        process.signal_group(self.popen.pid, signal.SIGTERM)
        try:
            self.popen.wait(5)
        except subprocess.TimeoutExpired:
            process.signal_group(self.popen.pid, signal.SIGKILL)
            self.popen.wait()
        self.guard.forget(self.popen.pid)


def prepare_keys(at: Installation) -> bool:
    """Make the keys of an installation that keeps its own; only check mounted ones. True when made."""
    if at.keys == at.home / "keys":
        return ensure_keys(at.keys)
    if not at.keys.is_dir():
        raise Problem(
            f"CASEWORK_KEYS names {at.keys}, which is not there. Mount the keys first (docs/deploy.md)."
        )
    check_rings(at.keys)
    return False


def artefact_commands(at: Installation) -> list[tuple[str, list[str]]]:
    """The commands that fetch what is pinned by digest: model weights, and for the demo its pictures."""
    fetch = [sys.executable, "-m", "detection.artefacts"]
    wanted = [("models", [*fetch, "--into", str(at.home / "models"), "--set", "models"])]
    if at.is_demo:
        wanted.append(("pictures", [*fetch, "--into", str(at.home / "demo"), "--set", "demo"]))
    return wanted


def schema_commands(at: Installation) -> list[tuple[str, list[str]]]:
    """The commands that bring the database to this version.

    A database of your own is only checked, unless its owner's URL is given.
    """
    if at.database_url and not at.owner_url:
        return [("migrate", manage("migrate", "--check"))]
    return [("migrate", manage("migrate", "--no-input", "-v", "1")), ("migrate", manage("createcachetable"))]


def catalogue_commands() -> list[tuple[str, list[str]]]:
    """The command that compiles the translations, when a source is newer than what was made of it."""
    sources = (CHECKOUT / "casework" / "locale").glob("*/LC_MESSAGES/*.po")
    made = [(source, source.with_suffix(".mo")) for source in sources]
    if all(to.exists() and to.stat().st_mtime >= source.stat().st_mtime for source, to in made):
        return []
    return [("language", [sys.executable, "-m", "casework.runtime.catalogues"])]


def failure(at: Installation, name: str, argv: Sequence[str], code: int) -> Problem:
    """The words for a step that failed; the web must not start after it."""
    said = f"“{' '.join(argv[1:])}” failed (exit code {code}); see above and {at.logs / name}.log.\n"
    if "--check" in argv:
        return Problem(
            f"{said}The database is not at this version of Casework. Run its migrations as its owner "
            "(docs/deploy.md), or set DATABASE_OWNER_URL, then start again."
        )
    return Problem(f"{said}Nothing else was started. Data and keys are kept.")
