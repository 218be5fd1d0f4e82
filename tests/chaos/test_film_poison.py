"""A film that kills its decoder: three starts, set aside, and the worker goes on with the next one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from detection.video.drawing import pattern_film
from tests.chaos.films import killing
from tests.chaos.test_reports_survive import Desk, until
from tests.running import RunningInstallation

pytestmark = [pytest.mark.chaos, pytest.mark.slow]


def send_film(desk: Desk, film: bytes) -> str:
    """One report with one film; its public id."""
    path = desk.drawer / f"{len(desk.acknowledged)}.mp4"
    path.write_bytes(film)
    line = ["curl", "-sS", "--fail-with-body", "-H", f"Authorization: Bearer {desk.key}"]
    line += ["-F", "role=somebody_else", "-F", "links=https://example.org/film", "-F", f"files=@{path}"]
    line.append(f"{desk.running.base_url}/api/v1/reports/")
    answer = json.loads(subprocess.run(line, capture_output=True, check=True, text=True).stdout)
    desk.acknowledged.append(answer["id"])
    return str(answer["id"])


def test_a_child_killed_inside_the_decoder_of_films_ends_quarantined_after_three_starts_and_the_worker_lives(
    make_installation: Callable[..., RunningInstallation], tmp_path: Path
) -> None:
    running = make_installation(DJANGO_SETTINGS_MODULE="tests.chaos.deadly_films")
    running.start()
    desk = Desk(running, tmp_path)
    workers = running.pids()["worker"]
    film = pattern_film()
    killer = send_film(desk, killing(film))
    send_film(desk, film)
    until(lambda: "stored" not in desk.states())
    assert sorted(desk.states()) == ["examined", "quarantined"]
    jobs = running.psql(
        "SELECT i.state, j.starts, i.reason_code, (SELECT count(*) FROM evidence_frame f WHERE f.item_id = i.id) > 5"
        " FROM jobs_job j JOIN evidence_item i ON j.key = 'examine:' || i.public_id::text"
        " JOIN reports_report r ON r.case_id = i.case_id WHERE r.public_id = ANY(%s) ORDER BY i.state",
        desk.acknowledged,
    )
    assert jobs == [("examined", 1, "", True), ("quarantined", 3, "ended_the_reader", False)]
    original = running.psql(
        "SELECT b.size, b.sha256 = i.sha256 FROM evidence_item i JOIN evidence_blob b ON b.id = i.original_id"
        " JOIN reports_report r ON r.case_id = i.case_id WHERE r.public_id = %s",
        killer,
    )
    assert original == [(len(killing(film)), True)]
    assert running.pids()["worker"][0] == workers[0]
    assert running.manage("audit_verify").returncode == 0
