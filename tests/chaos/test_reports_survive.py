"""Whatever part of the cluster is killed: every report that was acknowledged ends examined, without a human."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.detection.dying import KILLER
from tests.evidence.making import picture
from tests.running import RunningInstallation

pytestmark = [pytest.mark.chaos, pytest.mark.slow]


def until(condition: Callable[[], Any], seconds: float = 180) -> Any:
    """What *condition* says, once it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


class Desk:
    """A running installation, and the items of the reports that it acknowledged to us."""

    def __init__(self, running: RunningInstallation, drawer: Path) -> None:
        self.running = running
        self.drawer = drawer
        self.key = (running.home / "demo" / "api_key").read_text().strip()
        self.acknowledged: list[str] = []

    def send(self, count: int, trailer: bytes = b"") -> None:
        """*count* reports with two pictures each, as any program sends them."""
        for _ in range(count):
            seed = 1000 + 2 * len(self.acknowledged)
            line = ["curl", "-sS", "--fail-with-body", "-H", f"Authorization: Bearer {self.key}"]
            line += ["-F", "role=somebody_else", "-F", f"links=https://example.org/p/{seed}"]
            for number in (seed, seed + 1):
                photo = self.drawer / f"{number}.png"
                photo.write_bytes(picture(number, (1600, 1200)) + trailer)
                line += ["-F", f"files=@{photo}"]
            line.append(f"{self.running.base_url}/api/v1/reports/")
            answer = json.loads(subprocess.run(line, capture_output=True, check=True, text=True).stdout)
            self.acknowledged.append(answer["id"])

    def states(self) -> list[str]:
        """The state of each item of what was acknowledged."""
        rows = self.running.psql(
            "SELECT i.state FROM evidence_item i JOIN reports_report r ON r.case_id = i.case_id"
            " WHERE r.public_id = ANY(%s)",
            self.acknowledged,
        )
        return [state for (state,) in rows]

    def busy(self) -> int | None:
        """The process that does a job just now."""
        rows = self.running.psql(
            "SELECT pid FROM jobs_job WHERE state = 'running' AND kind = 'evidence.examine'"
        )
        return rows[0][0] if rows else None

    def ends_examined(self) -> None:
        """Every picture that was acknowledged is examined in the end, each once."""
        until(lambda: "stored" not in self.states())
        assert self.states() == ["examined"] * 2 * len(self.acknowledged)
        [(unscored,)] = self.running.psql(
            "SELECT count(*) FROM evidence_signalrecord s JOIN evidence_item i ON i.id = s.item_id"
            " WHERE i.state = 'examined' AND s.name = 'explicit' AND s.score IS NULL AND s.reason = ''"
        )
        assert unscored == 0, "scored, or not scored with a reason"


def test_acknowledged_reports_end_examined_whatever_is_killed(
    make_installation: Callable[..., RunningInstallation], tmp_path: Path
) -> None:
    running = make_installation()
    running.start()
    desk = Desk(running, tmp_path)

    desk.send(3)
    os.kill(until(desk.busy), signal.SIGKILL)  # a busy worker
    desk.ends_examined()

    until(lambda: not desk.busy())
    for pid in running.pids()["worker"][1:]:  # idle ones: workers, guard, monitor, pusher
        with suppress(ProcessLookupError):  # the guard may have ended it already
            os.kill(pid, signal.SIGKILL)
    desk.send(1)
    desk.ends_examined()

    desk.send(3)
    until(desk.busy)
    os.killpg(running.pids()["worker"][0], signal.SIGKILL)  # the whole cluster
    desk.send(1)  # the doors stay open meanwhile
    desk.ends_examined()

    assert running.manage("evidence_verify").returncode == 0
    assert running.manage("audit_verify").returncode == 0


def test_a_picture_that_kills_its_decoder_is_set_aside_after_three_starts_and_the_next_is_scored(
    make_installation: Callable[..., RunningInstallation], tmp_path: Path
) -> None:
    running = make_installation(DJANGO_SETTINGS_MODULE="tests.chaos.deadly")
    running.start()
    desk = Desk(running, tmp_path)
    desk.send(1, trailer=KILLER)
    killers = list(desk.acknowledged)
    desk.send(1)
    until(lambda: "stored" not in desk.states())
    assert sorted(desk.states()) == ["examined", "examined", "quarantined", "quarantined"]
    jobs = running.psql(
        "SELECT j.starts, i.reason_code <> '' FROM jobs_job j JOIN evidence_item i"
        " ON j.key = 'examine:' || i.public_id::text JOIN reports_report r ON r.case_id = i.case_id"
        " WHERE r.public_id = ANY(%s)",
        killers,
    )
    assert jobs == [(3, True), (3, True)]
    assert running.manage("audit_verify").returncode == 0
