"""A look ends by Escape, by turning away, by its time; it is lengthened once and coloured on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import SHOWN, wait_for_picture
from tests.browser.sending import Sender, Sent, looks_at
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser
HIDE_THE_TAB = """
Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
document.dispatchEvent(new Event("visibilitychange"));
"""


@pytest.fixture(scope="module")
def sent(sender: Sender) -> Sent:
    return sender.send_photo()


@pytest.fixture
def open_look(desk: Desk, sent: Sent) -> Page:
    """Mona's page with the picture open, for the second of the five reasons."""
    page = desk("mona")
    page.goto(sent.page)
    page.wait_for_selector("#evidence-panel .stage-preview")
    page.keyboard.press("r")
    page.keyboard.press("2")
    wait_for_picture(page)
    return page


def last_look(installation: RunningInstallation, sent: Sent) -> dict[str, object]:
    columns = (
        "reason, closed_at IS NOT NULL, estimated, extended_at IS NOT NULL, coloured_at IS NOT NULL, seconds"
    )
    [row] = installation.psql(
        f"SELECT {columns} FROM evidence_reveal WHERE item_id IN (SELECT i.id FROM evidence_item i JOIN cases_case c "
        "ON c.id = i.case_id WHERE c.public_id = %s) ORDER BY id DESC LIMIT 1",
        sent.case,
    )
    return dict(zip(("reason", "closed", "estimated", "extended", "coloured", "seconds"), row, strict=True))


def is_over(page: Page) -> None:
    """The picture has left the page, and the preview is back with how long was looked."""
    page.wait_for_selector(SHOWN, state="detached", timeout=40_000)
    page.wait_for_selector("#evidence-panel [data-stage-looked]")
    assert page.locator("img[src*='/reveals/'], image[href*='/reveals/']").count() == 0


def test_escape_ends_a_look_and_its_length_is_known(
    open_look: Page, installation: RunningInstallation, sent: Sent
) -> None:
    open_look.keyboard.press("Escape")
    is_over(open_look)
    look = last_look(installation, sent)
    assert look["reason"] == "identify"
    assert (look["closed"], look["estimated"]) == (True, False)


def test_another_tab_ends_a_look(open_look: Page, installation: RunningInstallation, sent: Sent) -> None:
    open_look.evaluate(HIDE_THE_TAB)
    open_look.wait_for_selector(SHOWN, state="detached")
    for _ in range(100):  # the beacon leaves with the picture and is heard a moment later
        if last_look(installation, sent)["closed"]:
            break
        open_look.wait_for_timeout(50)
    assert last_look(installation, sent)["closed"]


def test_its_time_ends_a_look(open_look: Page, installation: RunningInstallation, sent: Sent) -> None:
    is_over(open_look)
    look = last_look(installation, sent)
    assert look["closed"]
    assert float(str(look["seconds"])) <= 15.5


def test_a_look_is_lengthened_once_and_coloured_on_request(
    open_look: Page, installation: RunningInstallation, sent: Sent
) -> None:
    before = looks_at(installation, sent.case)
    with open_look.expect_response("**/extend/"):
        open_look.keyboard.press("+")
    open_look.wait_for_selector("[data-key='+']", state="detached")
    with open_look.expect_response("**/image/?c=1") as coloured:
        open_look.keyboard.press("g")
    assert coloured.value.status == 200
    open_look.keyboard.press("+")
    open_look.keyboard.press("Escape")
    is_over(open_look)
    look = last_look(installation, sent)
    assert (look["extended"], look["coloured"], look["closed"]) == (True, True, True)
    assert looks_at(installation, sent.case) == before, "lengthening and colour are events of the one look"


def test_without_javascript_a_look_is_a_page_that_leaves_by_itself(desk: Desk, sent: Sent) -> None:
    page = desk("mona", java_script_enabled=False)
    page.goto(f"/evidence/case/{sent.case}/")
    page.locator("#evidence-panel summary").click()
    page.locator("button[name=reason]").first.click()
    page.wait_for_load_state("load")
    assert page.locator(SHOWN).is_visible()
    assert page.locator("meta[http-equiv=refresh]").count() == 1
    page.get_by_role("button", name="Close").click()
    page.wait_for_load_state("load")
    assert page.locator(SHOWN).count() == 0
