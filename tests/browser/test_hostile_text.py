"""Whatever is typed, named or sent is text: on no page does it run, and the policy has nothing to stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from casework.reports.management.demo_doors import Upload
from tests.browser.sending import Sender, a_photo
from tests.browser.walking import settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser
SHOUT = "window.shouted=1;alert(1)"
PAYLOADS = (
    f"<script>{SHOUT}</script>",
    f"<ScRiPt >{SHOUT}</sCrIpT>",
    f'"><script>{SHOUT}</script>',
    f"'><script>{SHOUT}</script>",
    f"</textarea><script>{SHOUT}</script>",
    f"</title><script>{SHOUT}</script>",
    f"</style><script>{SHOUT}</script>",
    f"--><script>{SHOUT}</script>",
    f"<img src=x onerror={SHOUT}>",
    f'"><img src=x onerror={SHOUT}>',
    f"<svg onload={SHOUT}>",
    f"<svg><animate onbegin={SHOUT} attributeName=x dur=1s>",
    f"<svg><script href=data:,{SHOUT} />",
    f"<math><mtext></form><form><mglyph><style></math><img src onerror={SHOUT}>",
    f"<details open ontoggle={SHOUT}>",
    f"<input autofocus onfocus={SHOUT}>",
    f'" autofocus onfocus={SHOUT} x="',
    f"' onmouseover={SHOUT} x='",
    f"<body onpageshow={SHOUT}>",
    f"<marquee onstart={SHOUT}>",
    f"<video><source onerror={SHOUT}>",
    f"<iframe srcdoc='<script>parent.{SHOUT}</script>'>",
    f"<a href=javascript:{SHOUT}>x</a>",
    f"javascript:{SHOUT}//",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example/'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{background:url(//evil.example/)}</style>",
    f"{{{{ constructor.constructor('{SHOUT}')() }}}} {{% load x %}}",
    f"<div hx-get=//evil.example hx-trigger=load hx-on::load={SHOUT}>\u2028%3Cscript%3E{SHOUT}",
)
ALL = "\n".join(PAYLOADS)
#: As addresses: HTML takes a slash between attributes as well as a space.
LINKS = "\n".join(
    f"https://pictures.example/{n}?q={'/'.join(text.split())}" for n, text in enumerate(PAYLOADS)
)


def test_there_are_thirty_of_them() -> None:
    assert len(set(PAYLOADS)) == 30


@pytest.fixture
def silent(desk: Desk) -> Callable[[Page], None]:
    """Asserts that nothing ran on a page and nothing of it became an element. Complaints fail the test in `desk`."""

    def check(page: Page) -> None:
        settle(page)
        assert page.evaluate("window.shouted") is None, page.url
        foreign = "[onerror], [onload], [onfocus], [ontoggle], [onmouseover], [srcdoc], base, marquee"
        assert page.locator("[href*='javascript:']").count() == 0, page.url
        assert page.locator(foreign).count() == 0, page.url
        assert "evil.example" not in page.url

    return check


def test_in_the_public_form_and_on_the_status_page(desk: Desk, silent: Callable[[Page], None]) -> None:
    page = desk(None, refusals_expected=True)
    page.goto("/report/")
    for _ in range(12):
        if page.url.endswith("/done/"):
            break
        for radio in page.locator("fieldset").all():
            if radio.locator("input[type=radio]").count():
                radio.locator("input[type=radio]").nth(2 if "who" in page.url else 0).check()
        for box in page.locator("main input[type=checkbox]").all():
            box.check()
        for box in page.locator("main textarea, main input[type=text]").all():
            name, longest = box.get_attribute("name"), int(box.get_attribute("maxlength") or 5000)
            box.fill(LINKS if name == "links" else ALL[:longest])
        page.locator("main button.is-primary").click()
        silent(page)
    reference, code = page.inner_text("#reference"), page.inner_text("#access-code")
    page.goto("/status/")
    for text in (f"{PAYLOADS[2]}", reference):
        page.fill("[name=reference]", text)
        page.fill("[name=access_code], [name=code]", code)
        page.get_by_role("button", name="Open").click()
        silent(page)
    page.locator("main textarea").first.fill(ALL)
    page.get_by_role("button", name="Send the message").click()
    silent(page)
    assert PAYLOADS[0] in page.inner_text("main")


def test_in_everything_a_program_sends_and_a_moderator_types(
    desk: Desk, silent: Callable[[Page], None], sender: Sender
) -> None:
    photo = a_photo(sender.installation)
    names = [
        payload.replace('"', "%22").replace("\n", " ").replace("\u2028", " ") for payload in PAYLOADS[:9]
    ]
    fields: dict[str, Any] = {name: ALL for name in ("description", "statement", "authorisation")}
    fields |= {"signature": PAYLOADS[2], "contact_channel": "email", "contact_address": PAYLOADS[9]}
    fields |= {"accounts": [f"@{payload}" for payload in PAYLOADS], "contact_name": PAYLOADS[10]}
    sent = sender.send(*(Upload(name, photo.data, "image/jpeg") for name in names), **fields)
    page = desk("mona", refusals_expected=True)
    page.goto(sent.page)
    page.keyboard.press("c")
    page.wait_for_selector("text=Under review by you")
    silent(page)
    page.fill("#cases-notes textarea", ALL)
    page.get_by_role("button", name="Leave a note").click()
    silent(page)
    page.keyboard.press("1")
    page.locator("[name=bases]").first.check()
    page.fill("[name=grounds]", ALL)
    page.fill("[name=statement]", ALL)
    page.get_by_role("button", name="Decide").click()
    page.locator("#cases-standing").wait_for()
    silent(page)
    assert PAYLOADS[0] in page.inner_text("#cases-notes")
    assert PAYLOADS[0] in page.inner_text("#cases-standing")
    page.locator("#cases-standing [name=remark]").first.fill(ALL[:400])
    page.get_by_role("button", name="It failed").first.click()
    silent(page)
    for address in (f"/evidence/case/{sent.case}/", f"/reports/case/{sent.case}/", "/queue/", "/to-confirm/"):
        page.goto(address)
        silent(page)
    page.goto(f"/evidence/case/{sent.case}/")
    page.get_by_text("Custody of this item").click()
    silent(page)
    read_the_log(desk, silent, sent.number)


def read_the_log(desk: Desk, silent: Callable[[Page], None], number: str) -> None:
    lena = desk("lena", refusals_expected=True)
    lena.goto(f"/log/?case={number}")
    silent(lena)
    entries = lena.locator("#audit-lines tbody a[href^='/log/']")
    for address in {str(entries.nth(n).get_attribute("href")) for n in range(0, entries.count(), 4)}:
        lena.goto(address)
        silent(lena)


def test_in_the_address_of_a_search(desk: Desk) -> None:
    page = desk("mona", refusals_expected=True)
    for payload in PAYLOADS:
        page.goto(
            "/search/?" + "&".join(f"{name}={quote(payload, safe='')}" for name in ("q", "page", "show"))
        )
        assert page.evaluate("window.shouted") is None
        assert page.locator("main [name=q]").input_value() == payload
