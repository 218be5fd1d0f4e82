"""The desk by keyboard alone, with the focus always visible; and what people type never runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.sending import Sender, Sent

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser
#: What is wrong with how the focus shows: the element with it, or the row around a row's link, stands inside the window
#: and has an outline (beside a border, for a field) or a bar.
FOCUS_SHOWS = """() => {
  const focused = document.activeElement;
  const row = focused.matches("[data-row-link]") ? focused.closest(".is-at") : null;
  const choice = focused.matches("input[type=radio], input[type=checkbox]");
  const hidden = choice && focused.getBoundingClientRect().width < 8;
  const target = row ?? (hidden ? focused.closest("label, li") : focused);
  const style = getComputedStyle(target);
  const box = target.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const seen = box.width > 0 && box.height > 0 && inside;
  const least = focused.matches("input, textarea, select") ? 1 : 2;
  const marked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= least;
  return seen && (marked || (row && style.boxShadow !== "none")) ? "" : focused.outerHTML.slice(0, 160);
}"""


@pytest.fixture(scope="module")
def sent(sender: Sender) -> Sent:
    return sender.send_photo()


def test_j_k_and_enter_walk_the_queue_and_open_a_case(desk: Desk) -> None:
    page = desk("mona")
    page.goto("/queue/")
    numbers = page.locator("[data-row-link]").all_inner_texts()
    for key in "jjkj":
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.textContent") == numbers[1]
    assert page.evaluate(FOCUS_SHOWS) == ""
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/**")
    assert page.inner_text("h1") == numbers[1]


def test_c_claims_the_row_and_b_gives_it_back(desk: Desk) -> None:
    page = desk("mona")
    page.goto("/queue/?show=free")
    page.keyboard.press("j")
    page.keyboard.press("c")
    page.wait_for_url("**/cases/**")
    assert "Under review by you" in page.inner_text("#cases-header")
    page.keyboard.press("b")
    page.wait_for_url("**/queue/")


def test_the_sheet_names_every_key_of_the_case_page(desk: Desk, sent: Sent) -> None:
    page = desk("milo")
    page.goto(sent.page)
    page.keyboard.press("c")
    page.wait_for_selector("text=Under review by you")
    page.wait_for_selector("#evidence-panel .stage-preview")
    page.keyboard.press("?")
    sheet = page.inner_text("#key-sheet")
    for words in (
        "Search",
        "Put on hold",
        "Give the case back",
        "Remove",
        "Send the decision",
        "Reveal for 15 s",
    ):
        assert words in sheet
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.wait_for_url("**/queue/")


@pytest.mark.parametrize("address", ["/queue/", "the case", "/search/", "/account/", "/report/"])
def test_the_focus_is_visible_wherever_tab_goes(desk: Desk, sent: Sent, address: str) -> None:
    page = desk(None if address == "/report/" else "mona")
    page.goto(sent.page if address == "the case" else address)
    page.wait_for_load_state("networkidle")
    hidden = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        hidden.append(page.evaluate(FOCUS_SHOWS))
    assert len(hidden) > 3
    assert [complaint for complaint in hidden if complaint] == []


def test_a_dialog_traps_and_returns_the_focus(desk: Desk, sender: Sender) -> None:
    page = desk("sena")
    page.goto(sender.send().page)
    page.keyboard.press("c")
    page.wait_for_selector("text=Under review by you")
    page.keyboard.press("h")
    assert page.locator("#hold-dialog").is_visible()
    assert page.evaluate("document.activeElement.closest('dialog')?.id") == "hold-dialog"
    page.keyboard.press("Escape")
    assert page.locator("#hold-dialog").is_hidden()
    assert page.evaluate("document.activeElement.dataset.key") == "h"
    page.keyboard.press("b")
    page.wait_for_url("**/queue/")
