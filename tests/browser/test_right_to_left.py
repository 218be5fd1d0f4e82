"""The desk in a language nobody speaks: longer, accented, from right to left. What stays English was forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.walking import NARROW, PAGES, REFUSED, STORED, TOO_WIDE, UNTRANSLATED, WIDE, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.hearing import Ears

    Desk = Callable[..., Page]
    Walker = Callable[..., tuple[Page, Ears]]

pytestmark = pytest.mark.browser
#: The pages of the walk that are the reviewers' and the reporters' own; the style guide shows samples in English.
WALK = [name for name in PAGES if not name.startswith("styleguide") and name != "interface"]
#: The pseudo-locale changes each of these letters, so a word that keeps one was not translated.
PLAIN = re.compile(r"[aceinouyACEINOUY]")
#: What is data or a proper name, in any language: names of people, places and things, addresses, codes, digests, units.
DATA = re.compile(
    r"Casework|(?:CW|ES)-\d+|https?://\S+|\S+@\S+|\S+\.(?:example|test|jpg|png)\S*|[0-9a-f]{8,}\S*|Mozilla/\S.*"
    r"|[A-Z0-9]{4}-[A-Z0-9-]+|\b[A-Z0-9]{9}\b|UTC|SHA-256|MD5|%\w+|\((?:g )?\w\)"
    r"|Hotline list|Own removals|What a hotline was told of by[^.]+\.[^.]+\."
    r"|\b(?:Mona|Milo|Sena|Lena|Lex|Audra|Ada|Nia|Stan|Forum|Hotline|Browser|Safe Harbour|demo|hotline)\b"
    r"|Pixel Host|City police, cybercrime|NCMEC, test environment|NCMEC|A platform that is not there|A partner of"
    r"|/tmp/\S+"
    r"|\b(?:CSV|JSON|DE|US)\b"
    r"|\b(?:JPEG|PNG|GIF|WebP|Esc|Enter)\b|I did not agree to this\."
)


def english_on(page: Page) -> list[str]:
    """Visible texts that keep a plain letter after everything that is data has been taken away."""
    texts: list[str] = page.evaluate(UNTRANSLATED, STORED)
    return sorted({text for text in texts if PLAIN.search(DATA.sub("", text))})


@pytest.mark.parametrize("name", WALK)
def test_runs_from_right_to_left_translated_and_within_its_width(
    walker: Walker, places: dict[str, str], name: str
) -> None:
    who, address = PAGES[name]
    page, ears = walker(
        who, refusals_expected=name in REFUSED, extra_http_headers={"Accept-Language": "ar-xb"}
    )
    answer = page.goto(address.format(**places))
    assert answer is not None
    assert (answer.status >= 400) == (name in REFUSED)
    settle(page)
    assert page.get_attribute("html", "dir") == "rtl"
    assert page.get_attribute("html", "lang") == "ar-xb"
    assert english_on(page) == []
    for size in (NARROW, WIDE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert page.evaluate(TOO_WIDE) == []
    assert ears.heard == []


def test_the_public_form_runs_from_right_to_left(desk: Desk) -> None:
    page = desk(None, refusals_expected=True, extra_http_headers={"Accept-Language": "ar-xb"})
    page.goto("/report/")
    english: dict[str, list[str]] = {}
    for _ in range(10):
        assert page.get_attribute("html", "dir") == "rtl"
        english[page.url.rpartition("/report/")[2]] = english_on(page)
        if page.url.endswith("/done/"):
            break
        for group in page.locator("main fieldset").all():
            if group.locator("input[type=radio]").count():
                group.locator("input[type=radio]").nth(-1 if "contact" in page.url else 0).check()
        for box in page.locator("main input[type=checkbox]").all():
            box.check()
        for name in ("links", "signature"):
            if page.locator(f"main [name={name}]").count():
                page.fill(f"main [name={name}]", "https://pictures.example/rtl")
        page.locator("main button.is-primary").first.click()
    assert page.url.endswith("/done/")
    assert {place: texts for place, texts in english.items() if texts} == {}
