"""Before a reveal no picture but previews reaches a moderator's browser; after one, the rendition, on record."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.people import SHOWN, sign_in, wait_for_picture
from tests.browser.recording import RecordingProxy, faults_in
from tests.browser.sending import Sender, Sent, blobs_of, looks_at
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def sent(sender: Sender) -> Sent:
    return sender.send_photo()


@pytest.fixture(scope="module")
def rendition(installation: RunningInstallation, sent: Sent) -> bytes:
    return blobs_of(installation, sent.case)[0]


def walk_without_looking(page: Page, sent: Sent) -> None:
    """What a moderator opens in a working hour, and every way to hover, tab and scroll over it."""
    for address in ("/", "/queue/", "/mine/", "/held/", "/to-confirm/", f"/search/?q={sent.number}"):
        page.goto(address)
        page.wait_for_load_state("networkidle")
    page.goto(sent.page)
    page.wait_for_selector("#evidence-panel .stage-preview")
    page.hover("#stage")
    page.fill("#cases-notes textarea", "A cup.")
    page.get_by_role("button", name="Leave a note").click()
    page.wait_for_selector("#evidence-panel .stage-preview")
    page.get_by_text("Custody of this item").click()
    page.wait_for_load_state("networkidle")
    for address in (f"/evidence/case/{sent.case}/", f"/reports/case/{sent.case}/", "/me/exposure/"):
        page.goto(address)
        page.wait_for_load_state("networkidle")


def test_not_a_byte_of_a_picture_but_its_preview_arrives_before_a_reveal(
    desk: Desk, installation: RunningInstallation, sent: Sent, rendition: bytes
) -> None:
    with RecordingProxy(installation.port) as proxy:
        walk_without_looking(desk("mona", proxy={"server": proxy.server}), sent)
    seen = proxy.recording
    assert len(seen.answers) > 40
    assert any(answer.path == sent.page for answer in seen.answers), "the proxy saw the case page"
    assert any("/preview/" in path for path in seen.pictures()), "the recording holds previews"
    assert seen.faults() == []
    assert seen.carrying(sent.pictures[0]) == []
    assert seen.carrying(rendition) == []
    assert not [answer.path for answer in seen.answers if "/reveals/" in answer.path]
    assert looks_at(installation, sent.case) == (0, 0)


def test_the_same_check_fails_on_the_rendition_and_on_the_original_however_they_are_wrapped(
    sent: Sent, rendition: bytes
) -> None:
    for picture in (rendition, sent.pictures[0]):
        wrapped = [
            picture,
            b'{"p":"' + base64.b64encode(picture) + b'"}',
            b"<style>a{background:url(data:image/jpeg;base64," + base64.b64encode(picture) + b")}</style>",
            b"<!-- " + picture.hex().encode() + b" -->",
            b"<html>" + picture,
        ]
        for body in wrapped:
            assert faults_in(body), body[:40]
    assert "a picture with metadata" in faults_in(sent.pictures[0])


def test_one_reveal_is_one_row_and_one_entry_and_only_its_own_address_carries_the_picture(
    desk: Desk, installation: RunningInstallation, sender: Sender
) -> None:
    sent = sender.send_photo()
    with RecordingProxy(installation.port) as proxy:
        page = desk("mona", proxy={"server": proxy.server})
        page.goto(sent.page)
        page.wait_for_selector("#evidence-panel .stage-preview")
        assert proxy.recording.faults() == []
        page.keyboard.press("r")
        page.keyboard.press("1")
        wait_for_picture(page)
        page.wait_for_load_state("networkidle")
        page.keyboard.press("Escape")
        page.wait_for_selector(SHOWN, state="detached")
        page.wait_for_load_state("networkidle")
    at_fault = {answer.path for answer in proxy.recording.answers if faults_in(answer.body)}
    assert len(at_fault) == 1
    assert at_fault.pop().startswith("/evidence/reveals/")
    assert looks_at(installation, sent.case) == (1, 1)
    rendition = blobs_of(installation, sent.case)[0]
    assert proxy.recording.carrying(rendition) == [], (
        "what is shown is drawn anew, with the viewer's name in it"
    )
    assert proxy.recording.carrying(sent.pictures[0]) == []


def test_after_closing_the_address_of_the_picture_is_dead(desk: Desk, sender: Sender) -> None:
    page = desk("mona", refusals_expected=True)
    address = open_and_close(page, sender.send_photo())
    again = page.request.get(address)
    assert again.status == 403
    assert faults_in(again.body()) == []


def test_an_open_picture_exists_for_its_viewer_in_their_session_only(
    desk: Desk, sender: Sender, installation: RunningInstallation
) -> None:
    sent = sender.send_photo()
    mona, elsewhere = desk("mona", refusals_expected=True), desk(None, refusals_expected=True)
    sign_in(elsewhere, "mona")
    address = look(mona, sent)
    answers = {
        name: desk(name, refusals_expected=True).request.get(address) for name in ("milo", "lena", "audra")
    }
    assert {name: answer.status for name, answer in answers.items()} == {
        "milo": 404,
        "lena": 404,
        "audra": 403,
    }
    assert elsewhere.request.get(address).status == 403
    assert desk(None).request.get(address, max_redirects=0).status == 302
    assert mona.request.get(address).status == 200
    installation.psql("UPDATE evidence_reveal SET expires_at = now() WHERE closed_at IS NULL")
    assert mona.request.get(address).status == 403


def look(page: Page, sent: Sent) -> str:
    """Reveal the picture of the case; the address it came from."""
    page.goto(sent.page)
    page.wait_for_selector("#evidence-panel .stage-preview")
    page.keyboard.press("r")
    page.keyboard.press("1")
    wait_for_picture(page)
    return str(page.get_attribute(SHOWN, "src"))


def open_and_close(page: Page, sent: Sent) -> str:
    address = look(page, sent)
    page.keyboard.press("Escape")
    page.wait_for_selector(SHOWN, state="detached")
    page.wait_for_selector("#evidence-panel [data-stage-looked]")
    return address
