from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from casework.jobs import checks


def ids(found: list[Any]) -> list[str]:
    """The ids of what a check found; each has a hint."""
    assert all(one.hint for one in found)
    return [one.id for one in found]


def test_the_settings_as_they_are_pass(settings: Any) -> None:
    from casework.settings import JOB_KINDS

    settings.JOB_KINDS = JOB_KINDS
    for check in (
        checks.check_queue,
        checks.check_kinds,
        checks.check_database,
        checks.check_key_separation,
    ):
        assert check(None) == []


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"retry": 369}, ["jobs.E001"]),
        ({"workers": 1}, ["jobs.E001"]),
        ({"ack_failures": False}, ["jobs.E002"]),
        ({"scheduler": True}, ["jobs.E003"]),
        ({"save_limit": 500}, ["jobs.E003"]),
        ({"broker_class": None}, ["jobs.E003"]),
    ],
)
def test_a_queue_that_decides_for_itself_is_refused(
    settings: Any, changed: dict[str, Any], found: list[str]
) -> None:
    settings.Q_CLUSTER = settings.Q_CLUSTER | changed
    assert ids(checks.check_queue(None)) == found


@pytest.mark.parametrize("changed", [{"lease": 123}, {"queue": ""}, {"path": ""}])
def test_a_kind_whose_lease_may_end_too_early_is_refused(settings: Any, changed: dict[str, Any]) -> None:
    settings.JOB_KINDS = {"test.note": {"path": "x.y", "queue": "score", "lease": 150} | changed}
    assert ids(checks.check_kinds(None)) == ["jobs.E004"]


def test_another_database_or_a_pool_is_refused(settings: Any) -> None:
    settings.DATABASES = {
        "default": {"ENGINE": "django.db.backends.sqlite3", "OPTIONS": {"pool": True}},
    }
    assert ids(checks.check_database(None)) == ["jobs.E005", "jobs.E006"]


def test_a_web_process_that_reads_the_workers_keys_is_refused(settings: Any, tmp_path: Path) -> None:
    settings.CASEWORK_ROLE, settings.PROFILE, settings.CASEWORK_KEYS = "web", "production", tmp_path
    assert checks.check_key_separation(None) == []
    (tmp_path / "worker").mkdir()
    (tmp_path / "worker" / "vault.key").write_text("x")
    assert ids(checks.check_key_separation(None)) == ["jobs.E007"]
    settings.PROFILE = "demo"
    assert checks.check_key_separation(None) == []
