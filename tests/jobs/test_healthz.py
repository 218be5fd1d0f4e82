from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from casework.jobs.actions.ringing import show_pulse

ALL = ("score", "deliver", "maintain")


def pulse(queues: tuple[str, ...] = ALL, sandbox: str = "strict") -> None:
    """A steward shows that it lives."""
    show_pulse("bell", node="node", queues=queues, sandbox=sandbox, moved=False)


@pytest.fixture(autouse=True)
def _evidence(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"


def ask() -> tuple[int, dict[str, str]]:
    """What /healthz says to somebody who is not signed in."""
    answer = Client().get("/healthz")
    assert "no-store" in answer["Cache-Control"]
    return answer.status_code, answer.json()


def test_everything_is_well(db: None) -> None:
    pulse()
    expected = {"database": "well", "worker": "well", "sandbox": "strict", "log": "well", "evidence": "well"}
    assert ask() == (200, expected)


def test_no_worker_is_not_well(db: None) -> None:
    status, parts = ask()
    assert (status, parts["worker"], parts["sandbox"]) == (503, "silent", "unknown")


def test_a_worker_that_fell_silent_is_not_well(db: None) -> None:
    pulse()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE jobs_pulse SET seen_at = clock_timestamp() - interval '31 seconds'")
    status, parts = ask()
    assert (status, parts["worker"]) == (503, "silent")


def test_a_queue_that_nobody_serves_is_not_well(db: None) -> None:
    pulse(queues=("deliver",))
    status, parts = ask()
    assert (status, parts["worker"]) == (503, "incomplete")


def test_a_weak_sandbox_is_shown(db: None) -> None:
    pulse(sandbox="weak")
    status, parts = ask()
    assert (status, parts["sandbox"]) == (200, "weak")


@pytest.mark.parametrize(
    ("state", "word"),
    [({"alarm": True, "refusing": ""}, "late"), ({"alarm": True, "refusing": "x"}, "refusing")],
)
def test_a_log_that_is_not_sealed_is_not_well(
    db: None, monkeypatch: pytest.MonkeyPatch, state: dict[str, Any], word: str
) -> None:
    pulse()
    monkeypatch.setattr("casework.audit.log.health", lambda: state)
    status, parts = ask()
    assert (status, parts["log"]) == (503, word)


def test_a_store_that_cannot_be_written_is_not_well(db: None, settings: Any) -> None:
    pulse()
    settings.EVIDENCE_DIR = Path("/proc/nowhere/evidence")
    status, parts = ask()
    assert (status, parts["evidence"]) == (503, "not writable")


def test_a_database_that_is_gone_is_told_without_details(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> None:
        raise OperationalError("connection to server at 10.0.0.7 failed")

    monkeypatch.setattr("casework.jobs.health._workers", gone)
    status, parts = ask()
    assert (status, parts["database"]) == (503, "unreachable")
    assert "10.0.0.7" not in str(parts)
