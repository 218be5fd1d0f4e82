"""One command starts everything, keeps it running, and leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from casework.runtime.installation import CHECKOUT, from_environment
from tests.running import RunningInstallation

pytestmark = pytest.mark.slow

Make = Callable[..., RunningInstallation]
ANSWERS = r"^Casework is at http://localhost:\d+"


def status(running: RunningInstallation, path: str = "/healthz") -> int:
    """The status of one answer; 0 while nobody answers."""
    link = http.client.HTTPConnection("127.0.0.1", running.port, timeout=20)
    try:
        link.request("GET", path, headers={"Host": f"localhost:{running.port}"})
        return link.getresponse().status
    except (ConnectionError, http.client.HTTPException):
        return 0


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.1)


def run_again(home: Path, port: int, **more: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"CASEWORK_HOME": str(home), "PORT": str(port), "CASEWORK_PROFILE": "demo"} | more
    env.pop("CASEWORK_KEYS", None)
    return subprocess.run(
        [sys.executable, "-m", "casework.runtime", "run"],
        cwd=CHECKOUT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_two_installations_run_side_by_side_and_stop_without_a_trace(make_installation: Make) -> None:
    first, second = make_installation("first"), make_installation("second home")
    for running in (first, second):
        running.start(ANSWERS)
    for running in (first, second):
        wait_until(lambda running=running: status(running) == 200)  # type: ignore[misc]
        assert set(running.pids()) == {"supervisor", "web", "worker", "sealer", "postgres"}
    assert first.stop() == 0
    assert first.leftovers() == []
    assert status(second) == 200
    assert second.stop(signal.SIGINT) == 0
    assert second.leftovers() == []


def test_a_second_start_on_the_same_home_names_the_first_and_harms_nothing(make_installation: Make) -> None:
    running = make_installation()
    running.start(ANSWERS)
    before = running.pids()
    refused = run_again(running.home, running.port + 1)
    assert refused.returncode == 1
    assert f"Casework at {running.base_url} (process {before['supervisor'][0]})" in refused.stderr
    assert running.pids()["postgres"][0] == before["postgres"][0]


def test_a_taken_port_is_said_in_words_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run_again(tmp_path / "home", port)
    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in refused.stderr
    assert not (tmp_path / "home" / "keys").exists()
    assert not (tmp_path / "home" / "postgres.json").exists()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("PORT", "eighty", "PORT is “eighty”"),
        ("CASEWORK_BIND", "0.0.0.0", "listens on this machine only"),
        ("DATABASE_URL", "postgres://elsewhere/desk", "runs on its own database only"),
    ],
)
def test_a_senseless_setting_is_refused_in_words(
    tmp_path: Path, variable: str, value: str, words: str
) -> None:
    refused = run_again(tmp_path / "home", 8000, **{variable: value})
    assert refused.returncode == 1
    assert words in refused.stderr
    assert not (tmp_path / "home").exists()


def test_a_new_home_is_closed_to_others_and_an_old_one_keeps_its_mode(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(mode=0o750)
    for home, mode in ((tmp_path / "new", 0o700), (old, 0o750)):
        from_environment({"CASEWORK_HOME": str(home)}).make_directories()
        assert stat.S_IMODE(home.stat().st_mode) == mode
        assert stat.S_IMODE((home / "logs").stat().st_mode) == 0o700


def test_what_is_in_the_home_is_closed_to_others_whatever_the_umask(make_installation: Make) -> None:
    before = os.umask(0)
    try:
        running = make_installation()
        running.start(ANSWERS)
    finally:
        os.umask(before)
    public = (running.home / "models", running.home / "demo")
    private = [path for path in running.home.rglob("*") if not {path, *path.parents} & set(public)]
    assert [path for path in private if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.parametrize("part", ["web", "worker", "sealer", "postgres"])
def test_a_part_that_is_killed_comes_back(installation: RunningInstallation, part: str) -> None:
    old = installation.pids()[part]
    os.kill(old[0], signal.SIGKILL)
    wait_until(lambda: installation.pids().get(part, old)[0] != old[0])
    wait_until(lambda: status(installation) == 200)
    wait_until(lambda: not set(old) & {pid for group in installation.pids().values() for pid in group})


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_start_has_the_data(
    make_installation: Make,
) -> None:
    running = make_installation()
    running.start(ANSWERS)
    keys = {path: path.read_bytes() for path in (running.home / "keys").rglob("*") if path.is_file()}
    running.psql("CREATE TABLE kite AS SELECT 'red' AS colour")
    running.kill()
    assert running.leftovers() == []
    running.start(ANSWERS)
    assert running.psql("SELECT colour FROM kite") == [("red",)]
    assert {path: path.read_bytes() for path in keys} == keys
    assert running.stop() == 0


def test_a_start_at_once_after_kill_9_waits_for_the_remains(make_installation: Make) -> None:
    running = make_installation()
    running.start(ANSWERS)
    assert running.popen is not None
    running.popen.kill()
    running.popen.wait()
    running.start(ANSWERS)
    assert running.stop() == 0
    assert running.leftovers() == []


def test_an_administrators_command_runs_beside_and_without_the_supervisor(make_installation: Make) -> None:
    running = make_installation()
    running.start(ANSWERS)
    assert "[X]" in running.manage("showmigrations").stdout
    running.stop()
    assert "[X]" in running.manage("showmigrations").stdout
    assert running.leftovers() == []


def test_a_demo_listens_on_loopback_only(installation: RunningInstallation) -> None:
    rows = [
        row.split() for kind in ("tcp", "tcp6") for row in Path(f"/proc/net/{kind}").read_text().splitlines()
    ]
    ours = {
        row[1].split(":")[0]
        for row in rows
        if row[3] == "0A" and row[1].endswith(f":{installation.port:04X}")
    }
    assert ours == {"0100007F"}
