"""Reports that are meant go to NCMEC and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from casework.runtime.installation import CHECKOUT

LOAD = "from django.conf import settings; print(settings.CYBERTIP_ENVIRONMENT, settings.CYBERTIP_URL)"


def load(**env: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CYBERTIP_")}
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=CHECKOUT, env=inherited | env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done.stdout or done.stderr


def test_nothing_said_means_the_test_server() -> None:
    assert load().split() == ["test"]


def test_another_address_is_refused_where_reports_are_meant() -> None:
    said = load(CYBERTIP_ENVIRONMENT="production", CYBERTIP_URL="https://elsewhere.example/ispws")
    assert "CYBERTIP_URL is for trying things out" in said


@pytest.mark.parametrize("wrong", ["prod", "live", "TEST"])
def test_an_environment_is_one_of_two_words(wrong: str) -> None:
    assert "CYBERTIP_ENVIRONMENT is" in load(CYBERTIP_ENVIRONMENT=wrong)
