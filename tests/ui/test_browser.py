"""The frame in a real browser: keys, themes, tabs, leaving, and axe on every sample page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

SAMPLES = [
    "/styleguide/",
    "/styleguide/queue/",
    "/styleguide/case/",
    "/styleguide/report/",
    "/account/sign-in/",
]
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about while the test runs: refused by policy, broken, or thrown."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", SAMPLES)
def test_axe_finds_nothing_and_nothing_is_cut_off(
    page: Page, complaints: list[str], address: str, scheme: str, size: dict[str, int]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.goto(address)
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


def test_mona_walks_the_queue_by_keyboard_alone(page: Page) -> None:
    page.goto("/styleguide/queue/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "CW-1042"
    page.keyboard.press("x")
    assert page.locator("[data-row-select]:checked").get_attribute("value") == "1042"
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    assert page.url.endswith("#case")


def test_a_sequence_of_two_keys_goes_to_a_place(page: Page) -> None:
    page.goto("/styleguide/queue/")
    page.keyboard.press("g")
    page.keyboard.press("m")
    assert page.url.endswith("#Mine")


def test_keys_are_letters_while_mona_types(page: Page) -> None:
    page.goto("/styleguide/queue/")
    page.keyboard.press("/")
    page.keyboard.type("jx?gm")
    assert page.input_value("#topbar-q") == "jx?gm"
    assert page.locator("#key-sheet").is_hidden()
    assert page.locator(".is-at").count() == 0


def test_the_sheet_lists_every_key_of_the_page_and_gives_focus_back(page: Page) -> None:
    page.goto("/styleguide/queue/")
    page.keyboard.press("j")
    page.keyboard.press("?")
    words = page.locator("#key-sheet").inner_text()
    for expected in ("Queue", "Take the next case", "Next row", "Select the row", "Refresh the list"):
        assert expected in words
    page.keyboard.press("j")
    assert page.locator("#key-sheet").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#key-sheet").is_hidden()


def test_a_digit_chooses_the_outcome(page: Page) -> None:
    page.goto("/styleguide/case/")
    page.keyboard.press("3")
    assert page.locator(".outcome input:checked").get_attribute("value") == "3"


def test_a_dialog_opens_by_key_and_closes_by_escape(page: Page) -> None:
    page.goto("/styleguide/case/")
    page.keyboard.press("h")
    assert page.locator("#sample-dialog").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#sample-dialog").is_hidden()
    assert page.evaluate("document.activeElement.dataset.key") == "h"


def test_dark_is_chosen_without_a_reload_and_stays(page: Page) -> None:
    page.goto("/styleguide/queue/")
    page.click(".person-button")
    page.click("button[name=theme][value=dark]")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.click(".person-button")
    page.click("button[name=theme][value='']")
    page.reload()
    assert page.locator("html").get_attribute("data-theme") is None


def test_on_a_phone_the_columns_of_a_case_are_tabs_at_the_lower_edge(page: Page) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    page.goto("/styleguide/case/")
    assert page.locator("#evidence").is_visible()
    assert page.locator("#decide").is_hidden()
    tab = page.locator(".case-tabs a", has_text="Decide")
    box = tab.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] > NARROW["height"] - 10
    assert box["height"] >= 44
    tab.click()
    assert page.locator("#decide").is_visible()
    assert page.locator("#evidence").is_hidden()


def test_without_script_every_column_and_every_link_is_there(
    browser: Browser, context: BrowserContext
) -> None:
    plain = browser.new_context(java_script_enabled=False, viewport=NARROW, base_url=_base(context))  # type: ignore[arg-type]
    page = plain.new_page()
    page.goto("/styleguide/case/")
    for column in ("#evidence", "#known", "#decide"):
        assert page.locator(column).is_visible()
    page.goto("/styleguide/report/")
    assert page.locator("#leave").get_attribute("href") == "https://www.bbc.com/weather"
    assert "noreferrer" in (page.locator("#leave").get_attribute("rel") or "")
    plain.close()


def _base(context: BrowserContext) -> str:
    page = context.new_page()
    page.goto("/styleguide/")
    return str(page.evaluate("location.origin"))


def _with_a_weather_page(page: Page) -> list[dict[str, str]]:
    """Answers for the weather page, and keeps the headers it was asked with."""
    asked: list[dict[str, str]] = []

    def answer(route: object) -> None:
        asked.append(route.request.headers)  # type: ignore[attr-defined]
        route.fulfill(body="rain", content_type="text/plain")  # type: ignore[attr-defined]

    page.route("https://www.bbc.com/**", answer)
    return asked


def test_shift_three_times_leaves_without_a_trace_in_this_tab(page: Page) -> None:
    asked = _with_a_weather_page(page)
    page.goto("/styleguide/report/")
    for _ in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url("https://www.bbc.com/weather")
    assert "referer" not in asked[0]
    page.go_back()
    assert "/styleguide/report/" not in page.url


def test_two_shifts_and_a_letter_stay(page: Page) -> None:
    asked = _with_a_weather_page(page)
    page.goto("/styleguide/report/")
    for key in ("Shift", "Shift", "a", "Shift"):
        page.keyboard.press(key)
    assert asked == []
    assert page.locator("h1").is_visible()


def _fetch_a_part(page: Page, address: str) -> str:
    """Has htmx fetch *address* into the page; the words of the message that appears."""
    page.goto("/styleguide/queue/")
    page.evaluate(
        "address => htmx.ajax('GET', address, {target: '#main', swap: 'innerHTML'}).catch(() => null)",
        address,
    )
    toast = page.locator("#toasts .toast")
    toast.wait_for()
    assert page.locator("h1").inner_text() == "Queue", "the page is left alone"
    return toast.inner_text()


def test_a_part_that_cannot_be_fetched_is_said_and_the_page_stays(page: Page) -> None:
    assert "There is nothing here" in _fetch_a_part(page, "/nowhere/")


def test_after_a_session_ended_a_part_says_so_and_offers_to_sign_in_beside_the_page(page: Page) -> None:
    assert "You are signed out" in _fetch_a_part(page, "/queue/")
    assert page.locator("#toasts a").get_attribute("target") == "_blank"


def test_without_a_connection_a_part_says_so(page: Page) -> None:
    page.route("**/nowhere/", lambda route: route.abort())
    assert "No connection" in _fetch_a_part(page, "/nowhere/")
