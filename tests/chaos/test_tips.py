"""The real worker is killed at every step of a report to NCMEC: one finished report there, with the right files."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from casework.runtime.installation import CHECKOUT
from tests.chaos.desk import Desk, only_long
from tests.escalations.cybertip.server import PASSWORD, USER, Stored, Tipline

#: Moments before and after each write, each call and its row, and between the pieces of a file: a report of two files.
STEPS = 60
#: Run in a process of its own on the desk's database: one report for each step it is given.
LET_GO = """
import json, sys
import django; django.setup()
from tests.chaos.tips import order_of
from tests.escalations import tips as make
made = {}
for steps in sys.argv[1:]:
    escalation = make.make_draft()
    order = order_of(str(escalation.tip.public_id))
    order.parent.mkdir(exist_ok=True)
    order.write_text(steps)
    tip = make.let_go(escalation)
    made[str(tip.public_id)] = make.originals(escalation)
print(json.dumps(made))
"""


@pytest.fixture
def tipline() -> Iterator[Tipline]:
    with Tipline() as server:
        yield server


@pytest.fixture
def settings_of(tipline: Tipline, tmp_path: Path) -> dict[str, str]:
    secret = tmp_path / "ncmec-password"
    secret.write_text(PASSWORD)
    return {
        "DJANGO_SETTINGS_MODULE": "tests.chaos.dying_tips", "OUTBOUND_ALLOWED_NETS": "127.0.0.0/8",
        "CYBERTIP_URL": tipline.base, "CYBERTIP_USER": USER, "CYBERTIP_PASSWORD_FILE": str(secret),
        "CYBERTIP_REPORTER_NAME": "Lena Example", "CYBERTIP_REPORTER_MAIL": "trust@platform.example",
        "CSAM_CUSTODY": "provider_preserve",
    }  # fmt: skip


def let_go(desk: Desk, env: dict[str, str], *steps: object) -> dict[str, list[str]]:
    """A report for each of *steps* ("12", or "12 3" for two deaths), where its workers die: tip -> its digests."""
    env = desk.env | env | {"CASEWORK_ROLE": "manage", "CASEWORK_DB_ROLE": "app", "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", LET_GO, *map(str, steps)]
    done = subprocess.run(command, check=False, cwd=CHECKOUT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    made: dict[str, list[str]] = json.loads(done.stdout)
    return made


def assert_each_finished_once(desk: Desk, tipline: Tipline, made: dict[str, list[str]]) -> None:
    """One finished report for each tip, of that tip, with its own originals; nothing else can ever be finished."""
    rows = dict(
        desk.sql("SELECT public_id::text, report_id FROM escalations_tip WHERE finished_at IS NOT NULL")
    )
    assert made.keys() <= rows.keys()
    finished = {key: report for key, report in tipline.reports.items() if report.state == "finished"}
    assert sorted(finished) == sorted(rows[tip] for tip in made)
    for tip, digests in made.items():
        report = finished[rows[tip]]
        assert sorted(hashlib.sha256(data).hexdigest() for data in report.files.values()) == digests
        assert report.details.keys() == report.files.keys()
    assert all(_is_harmless(one) for key, one in tipline.reports.items() if key not in finished)


def _is_harmless(report: Stored) -> bool:
    """Taken back, or open without anything in it and without anybody who knows its id."""
    return report.state == "retracted" or (report.state == "open" and not report.files)


def assert_the_case_knows(desk: Desk, made: dict[str, Any]) -> None:
    """Each escalation is acknowledged with NCMEC's number, and each death left the ledger and the log whole."""
    states = desk.sql(
        "SELECT e.state, count(*) FROM escalations_escalation e JOIN escalations_tip t ON t.escalation_id = e.id"
        " WHERE t.public_id = ANY(%s::uuid[]) GROUP BY 1", list(made),
    )  # fmt: skip
    assert states == [("acknowledged", len(made))]
    twice = desk.sql(
        "SELECT case_id, count(*) FROM audit_entry WHERE verb = 'tip.finished' GROUP BY 1 HAVING count(*) > 1"
    )
    assert twice == []


def assert_nobody_survived_an_order(desk: Desk, made: dict[str, Any]) -> None:
    """Each death that was ordered happened."""
    assert [(desk.home / "dies" / tip).read_text() for tip in made] == [""] * len(made)


def test_a_report_sent_by_a_real_worker_has_as_many_steps_as_are_counted_here(
    desk: Desk, tipline: Tipline, settings_of: dict[str, str]
) -> None:
    made = let_go(desk, settings_of, "")
    desk.start_worker(**settings_of)
    desk.wait_for_rest(60)
    assert [int(line[2]) for line in desk.diary("steps")] == [STEPS]
    assert_each_finished_once(desk, tipline, made)


def test_a_worker_killed_at_some_steps_leaves_one_report_each(
    desk: Desk, tipline: Tipline, settings_of: dict[str, str]
) -> None:
    made = let_go(desk, settings_of, *range(5, STEPS + 1, 8), "9 3", "21 30", "2 1")
    desk.start_worker(**settings_of)
    desk.wait_for_rest(240)
    assert_each_finished_once(desk, tipline, made)
    assert_the_case_knows(desk, made)
    assert_nobody_survived_an_order(desk, made)


@only_long
def test_a_worker_killed_at_any_step_leaves_one_report_each(
    desk: Desk, tipline: Tipline, settings_of: dict[str, str]
) -> None:
    made = let_go(desk, settings_of, *range(1, STEPS + 1))
    desk.start_worker(**settings_of)
    desk.wait_for_rest(600)
    assert_each_finished_once(desk, tipline, made)
    assert_the_case_knows(desk, made)
    assert_nobody_survived_an_order(desk, made)
