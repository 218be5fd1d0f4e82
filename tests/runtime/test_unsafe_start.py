"""A web process that could open originals, or a desk that never chose what the law lets it keep, does not start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from casework.runtime.installation import CHECKOUT

Load = Callable[..., str]


@pytest.fixture
def load_web(tmp_path: Path) -> Load:
    """Load what gunicorn loads, under the production profile, with its own ring of keys alone; what it said."""
    keys = tmp_path / "keys"
    shutil.copytree(settings.CASEWORK_KEYS / "web", keys / "web")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CASEWORK_")}
    production = {
        "CASEWORK_PROFILE": "production", "CASEWORK_ROLE": "web", "CASEWORK_HOME": str(tmp_path),
        "CASEWORK_KEYS": str(keys), "CASEWORK_PUBLIC_URL": "https://desk.example", "CSAM_CUSTODY": "forbidden",
        "DATABASE_URL": "postgres://nobody@localhost:1/none", "DJANGO_SETTINGS_MODULE": "casework.settings",
    }  # fmt: skip

    def load(**env: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "import casework.wsgi; print('started')"],
            cwd=CHECKOUT, env=inherited | production | env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    return load


def test_a_web_process_with_its_own_keys_starts(load_web: Load) -> None:
    assert load_web().startswith("started\n")


def test_a_web_process_that_can_read_a_key_of_the_workers_does_not_start(
    load_web: Load, tmp_path: Path
) -> None:
    shutil.copytree(settings.CASEWORK_KEYS / "worker", tmp_path / "keys" / "worker")
    said = load_web()
    assert "started" not in said
    assert "jobs.E007" in said
    assert "vault.key" in said


@pytest.mark.parametrize("choice", ["", "maybe"])
def test_a_desk_that_did_not_choose_about_custody_does_not_start(load_web: Load, choice: str) -> None:
    said = load_web(CSAM_CUSTODY=choice)
    assert "started" not in said
    assert "reports.E001" in said
