"""Browsers on one running installation, its people, and a way to send it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.hearing import Ears
from tests.browser.people import People
from tests.browser.sending import Sender
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WAIT_MS = 15_000  # two cores, and a worker that scores beside the browser


@pytest.fixture(scope="session")
def people(browser: Browser, installation: RunningInstallation) -> People:
    """The cast, signed in on first use."""
    return People(browser, installation.base_url)


@pytest.fixture(scope="session")
def sender(installation: RunningInstallation) -> Sender:
    """A program that sends reports with a key of its own."""
    return Sender(installation)


@pytest.fixture
def desk(people: People) -> Iterator[Callable[..., Page]]:
    """A page in somebody's browser: `desk("mona")`, `desk(None, java_script_enabled=False)`.

    The test fails when a browser complained; `refusals_expected=True` lets pages be refused (Ears).
    """
    opened: list[tuple[Any, Ears]] = []

    def sit_down(name: str | None, *, refusals_expected: bool = False, **options: Any) -> Page:
        context = people.profile(name, **options)
        context.set_default_timeout(WAIT_MS)
        opened.append((context, Ears(context, refusals_expected=refusals_expected)))
        return context.new_page()

    yield sit_down
    for context, _ears in opened:
        context.close()
    assert [ears.heard for _context, ears in opened if ears.heard] == []
