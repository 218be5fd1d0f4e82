"""The demo and the README's line, on a whole installation: server, worker, vault, browser without JavaScript."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

import pytest

from casework.reports.management.demo_pictures import animation, cut_off, film, no_picture, pattern, webp
from casework.reports.management.demo_reports import REPORTS
from tests.running import RunningInstallation

from .conftest import picture


def one(installation: RunningInstallation, query: str) -> Any:
    """The first column of the first row."""
    return installation.psql(query)[0][0]


def until(condition: Any, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.2)


def test_the_demo_holds_reports_of_every_kind() -> None:
    assert len(REPORTS) == 25
    assert len({report.links[0] for report in REPORTS}) == len(REPORTS)
    assert {report.door for report in REPORTS} == {"form", "platform", "flagger"}
    assert {report.role for report in REPORTS} == {"depicted", "guardian", "representative", "somebody_else"}
    assert {report.age for report in REPORTS} == {"adult", "minor", "unknown"}
    assert any(len(report.pictures) > 2 for report in REPORTS)
    assert not any(report.pictures for report in REPORTS if report.age != "adult")


def test_what_the_demo_draws_is_what_it_says() -> None:
    assert pattern(1, generated=True).data != pattern(1).data
    assert b"parameters" in pattern(1, generated=True).data
    assert animation(1).data[:6] == b"GIF89a"
    assert webp(1).data[8:12] == b"WEBP"
    assert film(1).data[4:8] == b"ftyp"
    assert len(film(5).data) < 200_000
    assert cut_off(1).data[-2:] != b"\xff\xd9"
    assert not no_picture().data.startswith(b"\xff\xd8")


@pytest.mark.slow
def test_the_demo_took_the_real_doors_and_a_second_run_adds_nothing(
    installation: RunningInstallation,
) -> None:
    filed = "SELECT count(*) FROM reports_report"
    before = one(installation, filed)
    assert before >= len(REPORTS)
    assert one(installation, "SELECT count(*) FROM audit_entry WHERE verb = 'report.filed'") == before
    assert one(installation, "SELECT count(*) FROM accounts_user WHERE email LIKE '%%@demo.test'") == 9
    assert one(installation, "SELECT count(DISTINCT channel) FROM reports_report") == 2
    assert one(installation, "SELECT count(*) FROM cases_decision") >= 5
    assert "0 of them new" in installation.manage("demo").stdout
    assert one(installation, filed) == before


@pytest.mark.slow
def test_the_line_of_the_readme_stores_a_photo_that_is_then_examined(
    installation: RunningInstallation, tmp_path: Any
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture(77, 200))
    key = (installation.home / "demo" / "api_key").read_text().strip()
    line = ["curl", "-sS", "-H", f"Authorization: Bearer {key}", "-F", "role=somebody_else"]
    line += [
        "-F",
        "links=https://example.org/p/1",
        "-F",
        f"files=@{photo}",
        f"{installation.base_url}/api/v1/reports/",
    ]
    answer = json.loads(subprocess.run(line, capture_output=True, check=True, text=True).stdout)
    assert answer["files"] == 1
    query = (
        "SELECT i.state FROM evidence_item i JOIN reports_report r ON r.case_id = i.case_id"
        f" WHERE r.public_id = '{answer['id']}'"
    )
    until(lambda: one(installation, query) != "stored")
    assert one(installation, query) == "examined"


@pytest.mark.browser
def test_somebody_reports_with_javascript_off_and_reads_the_status_page(
    installation: RunningInstallation, browser: Any
) -> None:
    context = browser.new_context(base_url=installation.base_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/report/")
    page.click("text=Continue")
    page.check("text=I am the person shown")
    page.click("text=Continue")
    page.fill("#id_links", "https://pictures.example/from/a/browser")
    page.click("text=Continue")
    page.check("text=18 or older")
    page.check("input[name=made_how][value=unknown]")
    page.click("text=Continue")
    page.check("#id_no_consent")
    page.check("#id_accurate")
    page.fill("#id_signature", "Noor Example")
    page.click("text=Continue")
    page.check("text=Not at all")
    page.click("text=Continue")
    page.click("text=Continue")  # whom it may be handed to stays open
    page.click("button:has-text('Send')")
    reference, code = page.inner_text("#reference"), page.inner_text("#access-code")
    page.reload()
    assert code not in page.content()

    page.goto("/status/")
    page.fill("#id_reference", reference)
    page.fill("#id_code", code)
    page.click("button:has-text('Open')")
    assert "We have your report" in page.inner_text("h1")
    page.click("#leave", no_wait_after=True)
    until(lambda: not [c for c in context.cookies(installation.base_url) if c["name"] in ("v", "w")])
    context.close()
