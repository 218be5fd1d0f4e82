"""A device shared with the wrong person: leaving is quick, and neither history, titles, addresses nor cookies tell."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser
TELLING = re.compile(
    r"intimate|nude|naked|porn|sex|abuse|ncii|deepfake|victim|revenge|leak|consent|casework|takedown|image|picture",
    re.I,
)
SECRET = "https://pictures.example/only-i-know"


def half_way(page: Page) -> None:
    """In the middle of the form, with something typed and kept, and something typed and not yet sent."""
    page.goto("/report/")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("I am the person shown", exact=True).check()
    page.get_by_role("button", name="Continue").click()
    page.fill("[name=links]", SECRET)
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/what/")


WEATHER = "https://www.bbc.com/weather"
LEFT = "**/report/leave/"


def stand_in_for_the_weather(page: Page) -> Page:
    """The tests have no network: where the way out would lead to the weather page, its address answers "rain"."""

    def answer(route: Route) -> None:
        way_out = route.fetch(max_redirects=0)
        assert way_out.headers["location"] == WEATHER
        cookies = [each["value"] for each in way_out.headers_array if each["name"].lower() == "set-cookie"]
        route.fulfill(body="rain", content_type="text/html", headers={"Set-Cookie": "\n".join(cookies)})

    page.route(LEFT, answer)
    return page


@pytest.fixture
def page(desk: Desk) -> Page:
    """A stranger's browser."""
    return stand_in_for_the_weather(desk(None))


@pytest.mark.parametrize("way", ["the link", "three times shift"])
def test_back_after_leaving_shows_nothing_that_was_typed(page: Page, way: str) -> None:
    half_way(page)
    if way == "the link":
        page.click("#leave")
    else:
        for _ in range(3):
            page.keyboard.press("Shift")
    page.wait_for_url(LEFT)
    assert page.inner_text("body") == "rain"
    for _ in range(6):
        page.go_back()
        page.wait_for_load_state()
        assert SECRET not in page.content()
        assert not [
            box.input_value()
            for box in page.locator("main textarea, main input[type=text]").all()
            if box.input_value()
        ]
        assert page.locator("main input[type=radio][value=depicted]:checked").count() == 0


def test_leaving_forgets_the_draft_and_its_cookie(page: Page) -> None:
    half_way(page)
    assert "v" in {cookie["name"] for cookie in page.context.cookies()}
    page.click("#leave")
    page.wait_for_url(LEFT)
    assert page.inner_text("body") == "rain"
    page.goto("/report/check/")
    page.wait_for_load_state()
    assert SECRET not in page.content()
    assert page.url.endswith("/report/?gone=1")


def test_without_javascript_the_link_forgets_too(desk: Desk) -> None:
    page = stand_in_for_the_weather(desk(None, java_script_enabled=False))
    half_way(page)
    page.click("#leave")
    page.wait_for_url(LEFT)
    assert page.inner_text("body") == "rain"
    assert {cookie["name"] for cookie in page.context.cookies()} <= {"csrf"}
    page.go_back()
    assert SECRET not in page.content()


def test_titles_addresses_and_cookies_are_neutral(page: Page) -> None:
    half_way(page)
    page.get_by_label("18 or older").check()
    page.get_by_label("Made or changed with AI").check()
    seen = []
    for address in (
        "/report/",
        "/report/you/",
        "/report/where/",
        "/report/what/",
        "/report/sign/",
        "/status/",
        "/report/done/",
    ):
        page.goto(address)
        seen += [page.title(), page.url.partition("://")[2].partition("/")[2]]
    seen += [cookie["name"] for cookie in page.context.cookies()]
    assert [words for words in seen if TELLING.search(words)] == []


def test_nothing_is_left_in_the_browsers_own_storage(page: Page) -> None:
    half_way(page)
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
    assert page.evaluate("caches.keys()") == []
    assert page.evaluate("indexedDB.databases()") == []
