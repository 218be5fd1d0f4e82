"""A real installation under its real supervisor, for tests that look at processes, pages and the network."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from casework.runtime import cluster
from casework.runtime.installation import CHECKOUT

START_SECONDS = 240
STOP_SECONDS = 120
LEADERS = {
    "gunicorn": "web",
    "manage.py worker": "worker",
    "manage.py seal": "sealer",
    "postgres -D": "postgres",
}


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RunningInstallation:
    """One home directory and the supervisor on it. A context manager that stops it and removes the home.

    `base_url` is its address, `home` its directory, `log` what the supervisor printed.
    """

    def __init__(self, home: Path, port: int, **env: str) -> None:
        self.home = home
        self.port = port
        self.base_url = f"http://localhost:{port}"
        self.log = home.with_name(home.name + ".out")
        left_out = ("DATABASE_URL", "CASEWORK_", "DJANGO_", "PYTEST_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        self.env = (
            inherited | {"CASEWORK_HOME": str(home), "PORT": str(port), "CASEWORK_PROFILE": "demo"} | env
        )
        self.popen: subprocess.Popen[bytes] | None = None
        self.started_at_byte = 0

    def __enter__(self) -> RunningInstallation:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def start(self, until: str = r"^ready in ") -> None:
        """Start the supervisor and wait for a line that matches ``until`` (by default: demo filed)."""
        self._share_artefacts()
        begin = self.started_at_byte = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "casework.runtime", "run"],
                cwd=CHECKOUT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.wait_for_line(until, begin)

    def _share_artefacts(self) -> None:
        """Take model weights and demo pictures from where `make models` put them; they are only read."""
        if not self.home.exists():
            self.home.mkdir(mode=0o700)
        for name in ("models", "demo"):
            fetched = CHECKOUT / "var" / name
            if fetched.is_dir() and not (self.home / name).exists():
                # Files, not the folder: what the demo writes beside its pictures belongs to this home alone.
                (self.home / name).mkdir(mode=0o700)
                for file in fetched.iterdir():
                    if file.suffix:
                        (self.home / name / file.name).symlink_to(file)

    def wait_for_line(self, pattern: str, begin: int = 0, seconds: float = START_SECONDS) -> str:
        """Wait for a line of output that matches ``pattern``, looking from byte ``begin`` on; the line."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = re.search(pattern, self.printed(begin), re.MULTILINE)
            if found:
                return found.group(0)
            if "The demo data was not filed completely" in self.printed(begin):
                raise AssertionError(f"the demo failed:\n{self.printed(begin)[-6000:]}")
            if self.popen is not None and self.popen.poll() is not None:
                raise AssertionError(
                    f"the supervisor ended ({self.popen.returncode}):\n{self.printed(begin)[-6000:]}"
                )
            time.sleep(0.1)
        raise AssertionError(f"no line matched {pattern!r} in {seconds} s:\n{self.printed(begin)[-6000:]}")

    def printed(self, begin: int = 0) -> str:
        """What the supervisor printed from byte ``begin`` on."""
        return self.log.read_bytes()[begin:].decode(errors="replace") if self.log.exists() else ""

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask the supervisor to stop; its exit code."""
        assert self.popen is not None
        self.popen.send_signal(how)
        return self.popen.wait(STOP_SECONDS)

    def kill(self) -> None:
        """`kill -9` the supervisor alone, and wait until nothing of the installation is left."""
        assert self.popen is not None
        self.popen.kill()
        self.popen.wait()
        deadline = time.monotonic() + STOP_SECONDS
        while self.leftovers() and time.monotonic() < deadline:
            time.sleep(0.1)

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a management command on this installation, as an administrator would by hand."""
        done = subprocess.run(
            [sys.executable, "-m", "casework.runtime", "manage", *arguments],
            cwd=CHECKOUT,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"manage {arguments} exited {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def psql(self, statement: str, *parameters: Any, role: str = cluster.SUPERUSER) -> list[tuple[Any, ...]]:
        """Rows of one statement, run as a superuser (or as ``role``) and committed; [] if it has none."""
        with cluster.connect(self.home / "postgres.json", role=role) as link:
            cursor = link.execute(statement, parameters or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def pids(self) -> dict[str, list[int]]:
        """Process ids by part: supervisor, web, worker, sealer, postgres; each group's leader first."""
        assert self.popen is not None
        found: dict[str, list[int]] = {"supervisor": [self.popen.pid]}
        processes = _processes()
        for pid, parent, group, words in processes:
            if parent == self.popen.pid and pid == group:
                name = next((name for sign, name in LEADERS.items() if sign in words), None)
                if name is not None:
                    others = sorted(p for p, up, g, _words in processes if p != pid and pid in (up, g))
                    found[name] = [pid, *others]
        return found

    def leftovers(self) -> list[str]:
        """Every process that still has to do with this installation, the supervisor excepted."""
        sign = f"CASEWORK_HOME={self.home}".encode()
        known = cluster.describe(self.home / "postgres.json") if self.home.exists() else None
        data = str(known["directory"]) if known else "no such directory"
        ours = self.popen.pid if self.popen is not None else -1
        return [
            f"{pid} {words}"
            for pid, _parent, _group, words in _processes()
            if pid != ours and (sign in _environment(pid) or data in words)
        ]

    def close(self) -> None:
        """Stop it if it runs, and remove everything it made."""
        if self.popen is not None and self.popen.poll() is None:
            self.stop()
        known = cluster.describe(self.home / "postgres.json") if self.home.exists() else None
        if known is not None:
            shutil.rmtree(known["directory"], ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)


def _processes() -> list[tuple[int, int, int, str]]:
    """(pid, parent, process group, command line) of all processes that are not zombies."""
    rows = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            state, parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if state not in "ZX":
            rows.append((int(entry.name), int(parent), int(group), words))
    return rows


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
