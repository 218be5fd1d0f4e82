"""A film on the desk: its strip by keyboard, one frame under a reveal, and a part of it watched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from casework.reports.management.demo_pictures import film
from tests.browser.people import SHOWN, wait_for_picture
from tests.browser.sending import Sender, Sent, looks_at, wait_until_examined
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser

STRIP, FRAME = "[data-film]", "[data-film] a"
VIDEO = "[data-stage-shown] video"
#: Resolves once the film runs: pages forbid what Playwright's own waiting for a condition needs.
PLAYS = (
    "film => new Promise(done => film.addEventListener('timeupdate', () => film.currentTime > 0.3 && done()))"
)
#: Where pictures of what is seen are left, for who wants to look at them.
SEEN = os.environ.get("FILM_PICTURES", "")


@pytest.fixture(scope="module")
def sent(sender: Sender) -> Sent:
    sent = sender.send(film(5))
    wait_until_examined(sender.installation, sent.case)
    return sent


def leave_a_picture(page: Page, name: str) -> None:
    if SEEN:
        page.screenshot(path=str(Path(SEEN) / f"{name}.png"), full_page=True)


def on_the_case(desk: Desk, sent: Sent, **options: object) -> Page:
    page = desk("mona", **options)
    page.goto(sent.page)
    page.wait_for_selector(STRIP)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_strip_fits_the_page_and_holds_small_previews_only(
    desk: Desk, sent: Sent, scheme: str, size: tuple[int, int]
) -> None:
    page = desk("mona", color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
    page.goto(sent.page)
    page.wait_for_selector(STRIP, state="attached")
    page.wait_for_load_state("networkidle")
    sizes = page.eval_on_selector_all(
        f"{STRIP} img", "all => all.map(one => [one.naturalWidth, one.naturalHeight])"
    )
    assert len(sizes) >= 10
    assert all(max(pair) <= 24 for pair in sizes)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    leave_a_picture(page, f"case-{scheme}-{size[0]}")


def test_arrow_keys_go_through_the_frames_and_enter_puts_one_on_the_stage(desk: Desk, sent: Sent) -> None:
    page = on_the_case(desk, sent)
    page.locator(FRAME).first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowRight"):
        page.keyboard.press(key)
    chosen = page.evaluate("document.activeElement.getAttribute('href')")
    assert chosen == page.locator(FRAME).nth(2).get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{STRIP} [aria-current=true]")
    assert page.locator(f"{STRIP} [aria-current=true]").get_attribute("href") == chosen
    assert "Frame at" in page.inner_text("#evidence-panel .stage-caption")
    leave_a_picture(page, "frame-chosen")
    page.get_by_text("Back to the whole film").click()
    page.wait_for_selector(f"{STRIP} [aria-current=true]", state="detached")


def test_one_frame_is_revealed_and_leaves_with_escape(
    desk: Desk, sent: Sent, installation: RunningInstallation
) -> None:
    page = on_the_case(desk, sent)
    before = looks_at(installation, sent.case)
    page.locator(FRAME).nth(3).click()
    page.wait_for_selector(f"{STRIP} [aria-current=true]")
    page.keyboard.press("r")
    page.keyboard.press("1")
    wait_for_picture(page)
    leave_a_picture(page, "frame-revealed")
    page.keyboard.press("Escape")
    page.wait_for_selector(SHOWN, state="detached")
    page.wait_for_selector(STRIP)
    assert looks_at(installation, sent.case) == (before[0] + 1, before[1] + 1)


def test_a_part_of_the_film_is_made_and_plays_and_is_gone_after_escape(
    desk: Desk, sent: Sent, installation: RunningInstallation
) -> None:
    page = on_the_case(desk, sent)
    before = looks_at(installation, sent.case)
    page.locator(FRAME).nth(2).click()
    page.wait_for_selector(f"{STRIP} [aria-current=true]")
    page.keyboard.press("r")
    page.keyboard.press("p")  # folds the reasons of a reveal: a digit means one thing
    page.keyboard.press("1")
    page.wait_for_selector("#evidence-playback")
    leave_a_picture(page, "film-being-made")
    play = page.locator("#evidence-playback").get_by_role("button", name="Play")
    play.wait_for(timeout=60_000)
    leave_a_picture(page, "film-ready")
    play.click()
    page.wait_for_url("**/evidence/reveals/*/")
    page.wait_for_selector(VIDEO)
    page.eval_on_selector(VIDEO, PLAYS)
    assert page.eval_on_selector(VIDEO, "film => film.muted && !film.paused && film.videoWidth === 480")
    leave_a_picture(page, "film-plays")
    page.keyboard.press("Escape")
    page.wait_for_selector(VIDEO, state="detached")
    page.wait_for_url("**/evidence/case/**")
    assert looks_at(installation, sent.case) == (before[0] + 1, before[1] + 1)
    [(left,)] = installation.psql("SELECT count(*) FROM evidence_blob WHERE kind = 'playback'")
    assert left == 0


def test_without_scripts_a_film_is_asked_for_and_watched_all_the_same(desk: Desk, sent: Sent) -> None:
    page = desk("mona", java_script_enabled=False)
    page.goto(f"/evidence/case/{sent.case}/")
    page.locator("#evidence-watch summary").click()
    page.locator("#evidence-watch form[action$='/play/']").get_by_role("button", name="to decide").click()
    for _ in range(60):
        page.wait_for_timeout(500)
        page.goto(f"/evidence/case/{sent.case}/")
        if page.locator("#evidence-playback").get_by_role("button", name="Play").count():
            break
    page.locator("#evidence-playback").get_by_role("button", name="Play").click()
    page.wait_for_url("**/evidence/reveals/*/")
    assert page.locator("video[muted]").count() == 1
