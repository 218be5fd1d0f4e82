"""A case is handed to a partner: drafted by keys, looked at as it would leave, let go by somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.handing_over import NGO, hand_over, make_partners
from tests.browser.sending import Sender, Sent
from tests.browser.walking import settle, what_is_wrong
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser
PACKED_WITHIN_MS = 90_000
#: The sides of every picture of the page that comes from evidence, as the browser decoded them.
SIDES = (
    "[...document.querySelectorAll('main img')].flatMap((each) => [each.naturalWidth, each.naturalHeight])"
)


@pytest.fixture(scope="module", autouse=True)
def _partners(installation: RunningInstallation) -> None:
    make_partners(installation)


@pytest.fixture(scope="module")
def sent(sender: Sender) -> Sent:
    return sender.send_photo()


def begin(page: Page, sent: Sent) -> None:
    """From the case to the draft: to whom, and why."""
    page.goto(sent.page)
    page.get_by_role("link", name="Escalate", exact=False).first.click()
    page.get_by_label(NGO).check()
    page.get_by_label("the person depicted asked for it").check()
    page.get_by_role("button", name="Begin a draft").click()


def tell(page: Page) -> None:
    """The facts, and that the person depicted agreed."""
    page.get_by_label("Facts").first.fill("It was published on Monday, and a threat was sent on Tuesday.")
    page.get_by_label("Consent of the person depicted").select_option("given")
    page.get_by_label("When and how they said so").fill("On their status page, on Wednesday.")


def test_mona_drafts_by_keys_lena_lets_it_go_and_the_case_says_so(desk: Desk, sent: Sent) -> None:
    mona = desk("mona")
    mona.goto(sent.page)
    mona.keyboard.press("e")
    mona.wait_for_url("**/escalate/")
    mona.get_by_label(NGO).check()
    mona.get_by_label("the person depicted asked for it").check()
    mona.get_by_role("button", name="Begin a draft").click()
    mona.get_by_label("Facts").first.wait_for()
    settle(mona)  # pictures that have not come yet have no sides
    assert max(mona.evaluate(SIDES)) <= 24
    tell(mona)
    mona.keyboard.press("Escape")
    mona.keyboard.press("d")
    mona.wait_for_url("**/preview/")
    leaves = mona.inner_text("#escalations-preview")
    assert sent.number in leaves
    assert "It was published on Monday" in leaves
    mona.keyboard.press("d")
    mona.get_by_text("It waits for the word of a second person now.").wait_for()
    number = mona.inner_text("h1")

    lena = desk("lena")
    lena.goto("/escalations/?show=approve")
    lena.get_by_role("link", name=number).click()
    settle(lena)  # keys are heard from then on
    lena.keyboard.press("p")
    lena.wait_for_url("**/preview/")
    assert "It was published on Monday" in lena.inner_text("#escalations-preview")
    lena.keyboard.press("a")
    lena.get_by_text("Approved. It is made ready and leaves by itself.").wait_for()
    lena.get_by_text("SHA-256 of the file").wait_for(timeout=PACKED_WITHIN_MS)  # the card asks by itself
    lena.reload()
    assert "Waits for the partner to say that they have it." in lena.inner_text("main")
    assert what_is_wrong(lena) == []

    mona.goto(sent.page)
    settle(mona)
    panel = mona.inner_text("#escalations-panel")
    assert number in panel
    assert "sent" in panel


def test_without_a_script_a_draft_is_written_and_offered(desk: Desk, sent: Sent) -> None:
    page = desk("milo", java_script_enabled=False)
    begin(page, sent)
    tell(page)
    page.get_by_role("button", name="Keep, and see what would leave").click()
    page.get_by_role("button", name="This is what should leave").click()
    assert "waits for a second person" in page.inner_text("header.case-header")


def test_what_mona_types_is_there_again_after_a_reload(desk: Desk, sent: Sent) -> None:
    page = desk("mona")
    begin(page, sent)
    page.get_by_label("Facts").first.fill("Half a sentence that was not sent")
    page.get_by_text("kept", exact=True).wait_for()
    page.reload()
    assert page.get_by_label("Facts").first.input_value() == "Half a sentence that was not sent"


def test_the_reason_is_asked_for_where_more_leaves_than_the_minimum(desk: Desk, sent: Sent) -> None:
    page = desk("mona")
    begin(page, sent)
    reason = page.get_by_label("Why “The reporter's own words” has to leave")
    assert not reason.is_visible()
    page.get_by_label("The reporter's own words").first.check()
    assert reason.is_visible()


def test_what_a_partner_is_told_without_a_second_person_is_said_before(
    desk: Desk, installation: RunningInstallation, sender: Sender
) -> None:
    made = hand_over(installation, sender.send().case)
    page = desk("sena")
    page.goto(f"/escalations/{made['life']}/break-glass/")
    assert "Every supervisor is told." in page.inner_text("main")
    assert what_is_wrong(page) == []
