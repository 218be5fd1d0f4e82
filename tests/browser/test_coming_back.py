"""Whoever reported comes back: what was passed on, the choices about it, and a document, without any script of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.test_whole_way import go_on, report_as_the_person_shown
from tests.browser.walking import settle, what_is_wrong
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser

HAND_OVER = """
from django.db.models.functions import Now
from casework.reports.models import Report
from tests.escalations.handing import make_partner, make_sent
case = Report.objects.get(reference="{reference}").case
make_sent(make_partner("A partner of {reference}"), case=case, state="acknowledged", acknowledged_at=Now())
"""


@pytest.fixture
def page(desk: Desk) -> Page:
    """A stranger's browser."""
    return desk(None, refusals_expected=True)


def come_back(page: Page, installation: RunningInstallation) -> str:
    """Report, have it handed to somebody, and open the status page; the access code."""
    reference, code = report_as_the_person_shown(page, "https://pictures.example/coming-back")
    installation.manage("shell", "-c", HAND_OVER.format(reference=reference.replace("-", "")))
    page.goto("/status/")
    page.fill("[name=reference]", reference)
    page.fill("[name=code]", code)
    page.get_by_role("button", name="Open").click()
    page.wait_for_url("**/status/page/")
    return code


def wrong_at(page: Page) -> list[str]:
    """What is wrong with the page as it stands, in light and dark, wide and narrow."""
    settle(page)
    return what_is_wrong(page)


def test_nobody_is_shut_out_of_the_choices_on_the_form(page: Page) -> None:
    page.goto("/report/")
    go_on(page)
    page.get_by_label("I am the person shown", exact=True).check()
    go_on(page)
    page.get_by_role("button", name="Skip for now").click()
    page.get_by_label("18 or older").check()
    page.get_by_label("Made or changed with AI").check()
    go_on(page)
    page.get_by_role("button", name="Skip for now").click()
    page.get_by_label("Not at all").check()
    go_on(page)
    page.wait_for_url("**/report/passing/")
    assert page.locator("main input:checked").count() == 0
    assert wrong_at(page) == []


def test_the_person_shown_reads_what_was_passed_on_changes_a_choice_and_takes_a_document(
    page: Page, installation: RunningInstallation, tmp_path: Path
) -> None:
    code = come_back(page, installation)
    for summary in page.locator("main summary").all():
        summary.click()
    assert "They confirmed that they have it." in page.inner_text("main")
    assert page.get_by_role("group", name="An organisation that supports").get_by_label("Yes").is_checked()
    assert wrong_at(page) == []
    page.get_by_role("group", name="The police").get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Keep this choice").click()
    page.wait_for_url("**/status/page/?chosen=1#passing")
    page.get_by_role("link", name="Have it made").click()
    assert wrong_at(page) == []
    page.get_by_label("Plain text", exact=True).check()
    page.fill("[name=code]", "wrong")
    page.get_by_role("button", name="Make it").click()
    assert "not the access code" in page.inner_text("main")
    assert wrong_at(page) == []
    page.fill("[name=code]", code)
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Make it").click()
    assert fetched.value.suggested_filename == "document.txt"
    fetched.value.save_as(tmp_path / "document.txt")
    text = (tmp_path / "document.txt").read_text()
    assert "https://pictures.example/coming-back" in text
    assert code not in text
