"""A report that may show somebody under 18 does not exist for mona from its first moment on; sena works it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.browser.people import wait_for_picture
from tests.browser.sending import Sender, Sent
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import APIResponse, Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser
HOST = "hidden-from-mona.example"


@pytest.fixture(scope="module")
def sent(sender: Sender) -> Sent:
    return sender.send(age_at_the_time="minor", links=[f"https://{HOST}/p/1"])


def mark_as_suspected_minor(page: Page, sent: Sent) -> None:
    page.goto(sent.page)
    page.keyboard.press("c")
    page.wait_for_selector("text=Under review by you")
    page.keyboard.press("m")
    page.locator("[name=bases]").first.check()
    page.fill("[name=grounds]", "The report speaks of a school.")
    page.get_by_role("button", name="Decide").click()


@pytest.fixture
def marked(desk: Desk, sender: Sender) -> Sent:
    """A case with a photograph that sena has marked."""
    sent = sender.send_photo()
    sena = desk("sena")
    mark_as_suspected_minor(sena, sent)
    sena.locator("#cases-standing").wait_for()
    return sent


def counts(page: Page) -> list[str]:
    """Every number that a list of cases or the frame shows."""
    page.goto("/queue/")
    return page.locator(".chip, .rail-link, .page-lead").all_inner_texts()


def test_no_count_of_monas_moves_when_such_a_report_arrives(desk: Desk, sender: Sender) -> None:
    mona, sena = desk("mona"), desk("sena")
    monas, senas = counts(mona)[1:], counts(sena)
    sender.send(age_at_the_time="unknown", links=[f"https://{HOST}/p/2"])
    assert without_ages(counts(mona)[1:]) == without_ages(monas)
    assert counts(sena) != senas


def without_ages(lines: list[str]) -> list[str]:
    return [line for line in lines if " ago" not in line]


def test_it_stands_on_no_page_of_monas(desk: Desk, sent: Sent) -> None:
    mona = desk("mona")
    for address in ("/queue/", "/queue/?show=minor", "/mine/", "/held/", "/to-confirm/"):
        mona.goto(address)
        assert sent.number not in mona.content(), address
        assert sent.case not in mona.content(), address
    for query in (sent.number, sent.reference, HOST, f"https://{HOST}/p/1"):
        mona.goto(f"/search/?q={quote(query)}")
        assert mona.locator("main [name=q]").input_value() == query
        assert mona.locator("[data-row]").count() == 0, query


def test_no_endpoint_answers_mona_about_it(
    desk: Desk, installation: RunningInstallation, marked: Sent
) -> None:
    [(item,)] = installation.psql(
        "SELECT i.public_id FROM evidence_item i JOIN cases_case c ON c.id = i.case_id WHERE c.public_id = %s",
        marked.case,
    )
    addresses = [marked.page, f"/evidence/case/{marked.case}/", f"/reports/case/{marked.case}/"]
    addresses += [f"/evidence/items/{item}/", f"/evidence/items/{item}/preview/"]
    actions = [
        f"{marked.page}{verb}/"
        for verb in ("claim", "heartbeat", "release", "hold", "skip", "decide", "notes")
    ]
    actions += [f"/evidence/items/{item}/reveal/", f"/evidence/items/{item}/verify/"]
    mona = desk("mona", refusals_expected=True)
    answers: dict[str, APIResponse] = {address: mona.request.get(address) for address in addresses}
    mona.goto("/queue/")
    token = mona.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    form: dict[str, str | float | bool] = {"csrfmiddlewaretoken": token, "reason": "decide", "text": "x"}
    headers = {"Referer": mona.url}
    answers |= {address: mona.request.post(address, form=form, headers=headers) for address in actions}
    assert {address: answer.status for address, answer in answers.items() if answer.status != 404} == {}


def test_sena_works_it_and_looks(desk: Desk, marked: Sent) -> None:
    sena = desk("sena")
    sena.goto("/queue/?show=minor")
    assert marked.number in sena.locator("[data-row-link]").all_inner_texts()
    sena.goto(marked.page)
    sena.wait_for_selector("#evidence-panel .stage-preview")
    sena.keyboard.press("r")
    sena.keyboard.press("1")
    wait_for_picture(sena)
    sena.keyboard.press("Escape")
    sena.wait_for_selector("[data-stage-shown] img", state="detached")


def test_the_auditor_reads_that_something_happened_but_not_to_which_case(desk: Desk, sent: Sent) -> None:
    audra = desk("audra")
    audra.goto("/log/")
    text = audra.content()
    assert sent.number not in text
    assert sent.case not in text
    audra.locator("#audit-lines", has_text="restricted").wait_for()


def test_a_case_that_mona_marks_leaves_her_at_once(desk: Desk, sender: Sender) -> None:
    sent = sender.send()
    mona = desk("mona", refusals_expected=True)
    mark_as_suspected_minor(mona, sent)
    mona.wait_for_url("**/queue/")
    assert mona.goto(sent.page).status == 404  # type: ignore[union-attr]
    assert sent.number not in mona.content()
