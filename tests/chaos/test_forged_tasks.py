"""Whoever may write to the database must not get code to run where the vault key is."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django_q.signing import PickleSerializer

from tests.chaos.desk import Desk, wait_until


class Trap:
    """Runs a command when somebody unpickles it."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


def task(**changed: Any) -> dict[str, Any]:
    """What our own bell would hang, but for *changed*."""
    own: dict[str, Any] = {
        "id": uuid.uuid4().hex,
        "name": "x",
        "func": "casework.jobs.tasks.run",
        "args": (str(uuid.uuid4()),),
        "kwargs": {},
        "ack_failure": True,
        "started": datetime.now(UTC),
    }
    return own | changed


def hang(desk: Desk, content: Any, key: str) -> None:
    """Sign *content* with the key file *key* and hang it at the worker's bell."""
    secret = (desk.home / "keys" / key).read_text().strip()
    payload = signing.dumps(content, key=secret, salt="casework", serializer=PickleSerializer)
    ((bell,),) = desk.sql("SELECT bell FROM jobs_pulse")
    desk.sql("INSERT INTO django_q_ormq (key, payload, lock) VALUES (%s, %s, now())", bell, payload)


def test_only_our_own_announcements_are_taken(desk: Desk) -> None:
    touch = f"touch {desk.home}/owned"
    before = desk.entries("job.task_refused")
    desk.start_worker()
    wait_until(lambda: desk.sql("SELECT 1 FROM jobs_pulse"), 20, "the worker shows its pulse")
    hang(desk, task(), "web/secret_key")
    hang(desk, task(func="os.system", args=(touch,)), "web/secret_key")
    hang(desk, task(func="os.system", args=(touch,)), "worker/queue_key")
    hang(desk, task(hook="os.system"), "worker/queue_key")
    hang(desk, Trap(touch), "worker/queue_key")
    wait_until(lambda: desk.entries("job.task_refused") == before + 5, 60, "all five were refused")
    assert desk.sql("SELECT count(*) FROM django_q_ormq") == [(0,)]
    assert not (desk.home / "owned").exists()
    desk.add_notes("next", 3)
    desk.wait_for_rest(30)


def test_schedules_and_results_that_somebody_wrote_are_not_read(desk: Desk) -> None:
    desk.sql(
        "INSERT INTO django_q_schedule (func, args, schedule_type, repeats, next_run, name)"
        " VALUES ('os.system', %s, 'O', 1, now() - interval '1 hour', 'x')",
        f"'touch {desk.home}/owned'",
    )
    desk.start_worker()
    desk.add_notes("next", 3)
    desk.wait_for_rest(30)
    assert desk.sql("SELECT repeats, task FROM django_q_schedule") == [(1, None)]
    assert not (desk.home / "owned").exists()
    desk.sql("DELETE FROM django_q_schedule")


def test_a_new_queue_key_loses_nothing(desk: Desk) -> None:
    desk.start_worker()
    for number in range(8):
        desk.add("test.slow", f"slow{number}", seconds=0.5)
    wait_until(lambda: desk.diary("begin"), 20, "the first began")
    desk.kill_steward()
    assert desk.sql("SELECT count(*) > 0 FROM django_q_ormq") == [(True,)]
    (desk.home / "keys" / "worker" / "queue_key").write_text(uuid.uuid4().hex * 2)
    desk.start_worker()
    desk.wait_for_rest(60)
    assert {desk.state(f"slow{number}")[0] for number in range(8)} == {"done"}
