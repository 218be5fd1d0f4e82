"""The database stands still, crashes, or is cut off in the middle of the work."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.chaos.black_hole import BlackHole
from tests.chaos.desk import Desk, only_long


def test_postgresql_stands_still_for_five_seconds(desk: Desk) -> None:
    desk.start_worker()
    for number in range(10):
        desk.add("test.slow", f"slow{number}", seconds=0.3)
    desk.freeze_server(5)
    desk.add_notes("next", 5)
    desk.wait_for_rest(60)
    assert {desk.state(f"slow{number}")[0] for number in range(10)} == {"done"}


def test_postgresql_crashes_under_load(desk: Desk) -> None:
    desk.start_worker()
    for number in range(10):
        desk.add("test.slow", f"slow{number}", seconds=0.3)
    desk.crash_server()
    desk.wait_for_rest(60)
    assert {desk.state(f"slow{number}")[0] for number in range(10)} == {"done"}
    assert len(desk.diary()) >= 10


def test_postgresql_crashes_while_everybody_waits(desk: Desk) -> None:
    desk.start_worker()
    desk.add_notes("warm", 3)
    desk.wait_for_rest()
    had = {name: process.pid for name, process in desk.cast().items()}
    desk.crash_server()
    desk.add_notes("next", 5)
    desk.wait_for_rest(60)
    assert {name: process.pid for name, process in desk.cast().items()} == had, "the processes live on"


@only_long
def test_connections_that_went_silent_are_given_up(desk: Desk) -> None:
    with tempfile.TemporaryDirectory(prefix="cw-", dir="/tmp") as name:
        way, home = Path(name), Path(name, "home")
        home.mkdir()
        record = json.loads((desk.home / "postgres.json").read_text())
        hole = BlackHole(way, Path(record["socket"], f".s.PGSQL.{record['port']}"))
        (home / "postgres.json").write_text(json.dumps(record | {"socket": str(way)}))
        try:
            desk.start_worker(CASEWORK_HOME=str(home), JOB_DIARY=str(desk.home / "diary"))
            desk.add_notes("warm", 5)
            desk.wait_for_rest()
            hole.swallow()
            names = desk.add_notes("next", 5)
            desk.wait_for_rest(60)
        finally:
            desk.end()
            hole.close()
    done = {line[1] for line in desk.diary()}
    assert done >= set(names)
