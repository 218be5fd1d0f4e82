"""Lena connects a bank with an exchange in a real browser; a real worker tries it, and the page says how it went."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.walking import settle, what_is_wrong
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
SECRET = "a key that nobody reads again"


def test_an_exchange_is_connected_tried_and_told_about(
    desk: Callable[..., Page], installation: RunningInstallation
) -> None:
    page: Any = desk("lena")
    page.goto("/banks/new/")
    page.get_by_label("Name").fill("Hashes of adults")
    page.get_by_label("Purpose").fill("Hashes that adults made of their own pictures.")
    page.get_by_label("Entries come from").select_option("exchange")
    page.get_by_role("button", name="Make the bank").click()
    settle(page)
    page.get_by_role("link", name="StopNCII.org").click()
    assert what_is_wrong(page) == []
    # A name under .invalid never has an address (RFC 6761): the worker asks, and nobody is asked.
    page.get_by_label("Address", exact=True).fill("https://hashes.invalid/v1")
    page.get_by_label("Subscription key").fill(SECRET)
    page.get_by_label("Function key of FetchHashes").fill(SECRET)
    page.get_by_role("button", name="Connect, switched off").click()
    page.wait_for_selector("text=paused")
    page.get_by_role("button", name="Switch on").click()
    page.get_by_role("button", name="Read now").click()
    # It may be read already by then: what is due is begun once a minute.
    # The attempt is told the moment it ends, the run's own end and its next try a statement later: wait for both.
    page.wait_for_selector("text=There is no server by the name “hashes.invalid”.", timeout=60_000)
    page.wait_for_selector("text=Next try:", timeout=60_000)
    assert SECRET not in page.content()
    assert what_is_wrong(page) == []
    page.get_by_role("button", name="Pause").click()
    page.wait_for_selector("text=paused")
    page.get_by_role("link", name="Back to the bank").click()
    settle(page)
    assert page.locator("#hashbanks-exchange").get_by_text("paused").is_visible()
    [[verbs]] = installation.psql(
        "SELECT array_agg(DISTINCT verb ORDER BY verb) FROM audit_entry WHERE verb LIKE 'exchange.%'"
    )
    assert set(verbs) >= {"exchange.changed", "exchange.connected", "exchange.not_fetched"}
