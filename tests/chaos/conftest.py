from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from casework.runtime import cluster
from casework.runtime.installation import CHECKOUT
from casework.runtime.scratch import scratch_home
from tests.chaos.desk import Desk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One server and one worker at a time, whatever else runs in parallel."""
    for item in items:
        if "desk" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("chaos"))
            item.add_marker(pytest.mark.chaos)


@pytest.fixture(scope="session")
def whole_desk() -> Iterator[Desk]:
    """A server of our own, because we freeze and crash it; migrated once."""
    with scratch_home() as leads:
        home = Path(leads["CASEWORK_HOME"])
        env = _environment(leads)
        command = [sys.executable, "manage.py", "migrate", "--no-input", "--skip-checks", "-v", "0"]
        subprocess.run(command, cwd=CHECKOUT, env=env, check=True)
        record = cluster.describe(home / "postgres.json")
        assert record is not None
        postmaster = Path(record["directory"], "data", "postmaster.pid").read_text().split()[0]
        yield Desk(home, env, int(postmaster), home / "worker.log")


@pytest.fixture
def desk(whole_desk: Desk) -> Iterator[Desk]:
    """An empty ledger; the test starts the worker and need not stop it."""
    whole_desk.forget()
    yield whole_desk
    whole_desk.end()


def _environment(leads: dict[str, str]) -> dict[str, str]:
    left_out = ("DATABASE_URL", "CASEWORK_", "PYTEST_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    settings = {"DJANGO_SETTINGS_MODULE": "tests.chaos.settings", "PYTHONUNBUFFERED": "1"}
    return inherited | leads | settings
