"""Every page, light and dark, wide and narrow: usable by everybody, within its policy, in the width of a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.sending import Sender
from tests.browser.walking import PAGES, REFUSED, settle, structure_faults, what_is_wrong

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.hearing import Ears

    Desk = Callable[..., Page]
    Walker = Callable[..., tuple[Page, Ears]]

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", PAGES)
def test_nobody_is_shut_out_of(walker: Walker, places: dict[str, str], name: str) -> None:
    who, address = PAGES[name]
    page, ears = walker(who, refusals_expected=name in REFUSED)
    answer = page.goto(address.format(**places))
    assert answer is not None
    assert (answer.status >= 400) == (name in REFUSED)
    settle(page)
    assert what_is_wrong(page) == []
    assert ears.heard == []


def test_nobody_is_shut_out_of_the_public_form(desk: Desk) -> None:
    """Every page of it, the mistakes of the first try included."""
    page = desk(None, refusals_expected=True)
    page.goto("/report/")
    wrong = {}
    for _ in range(16):
        settle(page)
        mistaken = "mistaken " if page.locator(".error-summary").count() else ""
        wrong[mistaken + page.url.rpartition("/report/")[2]] = what_is_wrong(page)
        if page.url.endswith("/done/"):
            break
        if mistaken or page.url.endswith("/report/"):
            answer_as_somebody_else(page)
        page.locator("main button.is-primary").first.click()
    assert {place: faults for place, faults in wrong.items() if faults} == {}
    assert {"you/", "where/", "what/", "files/", "sign/", "contact/", "check/", "done/"} <= set(wrong)
    assert any(place.startswith("mistaken") for place in wrong)


def answer_as_somebody_else(page: Page) -> None:
    for group in page.locator("main fieldset").all():
        if group.locator("input[type=radio]").count():
            last = "you" in page.url or "contact" in page.url
            group.locator("input[type=radio]").nth(-1 if last else 0).check()
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    for box in page.locator("main textarea[name=links]").all():
        box.fill("https://pictures.example/walk")
    for box in page.locator("main input[name=signature]").all():
        box.fill("Noor")


def test_nobody_is_shut_out_of_a_claimed_case_with_its_menus_open(desk: Desk, sender: Sender) -> None:
    page = desk("milo")
    page.goto(sender.send_photo().page)
    page.keyboard.press("c")
    page.wait_for_selector("text=Under review by you")
    settle(page)
    page.keyboard.press("1")
    page.keyboard.press("r")
    assert what_is_wrong(page) == []
    for key, opened in (("?", "#key-sheet"), ("h", "#hold-dialog")):
        page.keyboard.press(key)
        assert page.locator(opened).is_visible()
        assert what_is_wrong(page) == []
        page.keyboard.press("Escape")
    page.click(".person-button")
    assert what_is_wrong(page) == []


def test_an_error_page_is_a_page_too(desk: Desk, sender: Sender) -> None:
    """A conflict, a form whose token is missing, a number that is no page."""
    mona, milo = desk("mona", refusals_expected=True), desk("milo", refusals_expected=True)
    sent = sender.send()
    milo.goto(sent.page)
    mona.goto(sent.page)
    milo.keyboard.press("c")
    milo.wait_for_selector("text=Under review by you")
    mona.keyboard.press("c")
    mona.wait_for_selector("text=Milo")
    assert what_is_wrong(mona) == []
    mona.goto("/queue/")
    mona.eval_on_selector("main [name=csrfmiddlewaretoken]", "token => token.remove()")
    mona.locator("main form[method=post] button").first.click()
    settle(mona)
    assert structure_faults(mona) == []
    assert what_is_wrong(mona) == []
