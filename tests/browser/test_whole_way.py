"""The whole way of a report: told without JavaScript, scored in seconds, decided by keys, read in the log."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import wait_for_picture
from tests.browser.sending import Sender, Sent, a_photo, case_of, make_most_urgent
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser
SCORED_WITHIN_MS = 30_000
#: What the log tells of a case that was revealed once, decided, and confirmed at two places.
STORY = [
    "Somebody without an account filed a report",
    "The reporter handed in an item",
    "Mona claimed the case",
    "Mona revealed an item",
    "Mona stopped looking at an item",
    "Mona decided",
    *3 * ["Mona opened an effect"],
    "Mona moved the case to another state",
    *2 * ["Mona confirmed an effect"],
    "Mona stopped a clock",
    "Mona moved the case to another state",
]


def go_on(page: Page) -> None:
    page.get_by_role("button", name="Continue").click()


def report_as_the_person_shown(page: Page, link: str) -> tuple[str, str]:
    """Fill in the public form as the person depicted does, links only; reference and access code."""
    page.goto("/report/")
    go_on(page)
    page.get_by_label("I am the person shown", exact=True).check()
    go_on(page)
    page.fill("[name=links]", link)
    go_on(page)
    assert page.locator("input[type=file]").count() == 0
    page.get_by_label("18 or older").check()
    page.get_by_label("Made or changed with AI").check()
    go_on(page)
    page.check("[name=no_consent]")
    page.check("[name=accurate]")
    page.fill("[name=signature]", "Noor")
    go_on(page)
    page.get_by_label("Not at all").check()
    go_on(page)
    page.get_by_role("group", name="An organisation that supports").get_by_label("Yes").check()
    go_on(page)
    page.get_by_role("button", name="Send").click()
    return page.inner_text("#reference"), page.inner_text("#access-code")


def test_the_person_shown_reports_links_without_javascript_and_follows_them(
    desk: Desk, installation: RunningInstallation
) -> None:
    page = desk(None, java_script_enabled=False)
    reference, code = report_as_the_person_shown(page, "https://pictures.example/whole-way/1")
    page.goto("/status/")
    page.fill("[name=reference]", reference.lower())
    page.fill("[name=access_code], [name=code]", code)
    page.get_by_role("button", name="Open").click()
    assert "/status/page/" in page.url
    assert reference in page.inner_text("main")
    _, number = case_of(installation, reference)
    mona = desk("mona")
    mona.goto(f"/search/?q={reference}")
    assert mona.locator("[data-row-link]").all_inner_texts() == [number]
    mona.locator("[data-row-link]").click()
    mona.locator("#reports-panel dl").first.wait_for()
    assert "https://pictures.example/whole-way/1" in mona.inner_text("#known")
    assert "No file was sent" in mona.inner_text("#evidence")


def test_a_photo_sent_by_a_program_appears_scored_within_seconds(desk: Desk, sender: Sender) -> None:
    sent = sender.send(a_photo(sender.installation))
    page = desk("mona")
    page.goto(sent.page)
    explicit = page.locator("#evidence-signals li", has_text="Explicit content").first
    for _ in range(SCORED_WITHIN_MS // 500):
        if explicit.count() and re.search(r"\d\.\d\d", explicit.inner_text()):
            break
        page.wait_for_timeout(500)
        page.reload()
        page.wait_for_load_state("networkidle")
    assert re.search(r"(unlikely|possible|likely)\s+0\.\d\d", explicit.inner_text())
    assert page.locator("#evidence-panel .stage-preview").is_visible()


@pytest.fixture
def sent(sender: Sender) -> Sent:
    """A photograph with two places, so urgent that it is next."""
    sent = sender.send_photo(
        in_danger="true", links=["https://pictures.example/way/a", "https://pictures.example/way/b"]
    )
    make_most_urgent(sender.installation, sent.case)
    return sent


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until *selector* has the focus, which must be visible wherever it stands on the way."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def decide_by_keys(page: Page, statement: str) -> None:
    page.keyboard.press("1")
    tab_to(page, "[name=bases]")
    page.keyboard.press("Space")
    tab_to(page, "[name=grounds]")
    page.keyboard.type("Statement and places agree.")
    tab_to(page, "[name=statement]")
    page.keyboard.type(statement)
    page.keyboard.press("Escape")
    page.keyboard.press("d")
    page.locator("#cases-standing").wait_for()


def test_mona_decides_by_keys_alone_and_lena_reads_the_whole_story(desk: Desk, sent: Sent) -> None:
    mona = desk("mona")
    mona.goto("/queue/")
    mona.keyboard.press("n")
    mona.wait_for_url(f"**{sent.page}")
    assert "Under review by you" in mona.inner_text("#cases-header")
    mona.locator("#evidence-panel .stage-preview").wait_for()
    mona.keyboard.press("r")
    mona.keyboard.press("1")
    wait_for_picture(mona)
    mona.keyboard.press("Escape")
    mona.locator("[data-stage-shown] img").wait_for(state="detached")
    mona.locator("#evidence-panel summary", has_text="Reveal").wait_for()
    decide_by_keys(mona, "It breaks our rules and is to go.")
    confirm_both_places(mona)
    lena = desk("lena")
    lena.goto(f"/log/?case={sent.number}")
    assert story(lena) == STORY


def confirm_both_places(page: Page) -> None:
    for left in (2, 1):
        assert page.get_by_role("button", name="Confirm it has happened").count() >= left
        page.get_by_role("button", name="Confirm it has happened").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_load_state("networkidle")


def story(page: Page) -> list[str]:
    """What the log tells of a case, oldest first, without what the system did by itself and who read what."""
    lines = reversed(page.locator("#audit-lines tbody a[href^='/log/']").all_inner_texts())
    return [line for line in lines if not line.startswith("The system") and " read " not in line]
