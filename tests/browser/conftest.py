"""Browsers on one running installation, its people, and a way to send it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.asking import ask
from tests.browser.handing_over import hand_over
from tests.browser.hearing import Ears
from tests.browser.people import People
from tests.browser.sending import Sender
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: A draft of sena's about the demo's restricted case, for NCMEC.
BEGIN_A_TIP = """
from casework.cases.models import Case
from casework.escalations.models import Tip
from casework.partners.models import Channel
from tests.cast import person
from tests.escalations.handing import make_partner, make_sent
from tests.escalations.tips import CONTENT
ncmec = make_partner("NCMEC", channel=Channel.CYBERTIP)
case = Case.objects.filter(restricted=True).earliest("pk")
draft = make_sent(ncmec, case=case, state="draft", drafted_by=person("sena"))
Tip.objects.create(escalation=draft, content=CONTENT)
"""
WAIT_MS = 15_000  # two cores, and a worker that scores beside the browser


@pytest.fixture(scope="session")
def people(browser: Browser, installation: RunningInstallation) -> People:
    """The cast, signed in on first use."""
    return People(browser, installation.base_url)


@pytest.fixture(scope="session")
def sender(installation: RunningInstallation) -> Sender:
    """A program that sends reports with a key of its own."""
    return Sender(installation)


@pytest.fixture(scope="session")
def places(installation: RunningInstallation, sender: Sender, people: People) -> dict[str, str]:
    """What stands in the addresses of the walk."""
    _send_a_test_message(people)
    installation.manage("shell", "-c", BEGIN_A_TIP)
    sent = sender.send_photo(
        statement="I did not agree to this.", signature="N.", no_consent="true", accurate="true"
    )
    queries = {
        "item": "SELECT i.public_id FROM evidence_item i JOIN cases_case c ON c.id = i.case_id "
        f"WHERE c.public_id = '{sent.case}'",
        "decided": "SELECT c.public_id FROM cases_case c JOIN cases_decision d ON d.case_id = c.id "
        "WHERE NOT c.restricted ORDER BY d.id LIMIT 1",
        "entry": f"SELECT public_id FROM audit_entry WHERE case_id = '{sent.case}' ORDER BY id LIMIT 1",
        "bank": "SELECT public_id FROM hashbanks_bank WHERE source = 'list' LIMIT 1",
        "banked": "SELECT c.public_id FROM cases_case c JOIN cases_decision d ON d.case_id = c.id "
        "JOIN evidence_item i ON i.case_id = c.id WHERE d.outcome = 'remove' AND NOT c.restricted LIMIT 1",
        "frame": "SELECT f.public_id FROM evidence_frame f JOIN evidence_item i ON i.id = f.item_id "
        "JOIN cases_case c ON c.id = i.case_id WHERE NOT c.restricted ORDER BY f.id LIMIT 1",
        "person": "SELECT public_id FROM accounts_user WHERE email = 'milo@demo.test'",
        "endpoint": "SELECT public_id FROM outbox_endpoint LIMIT 1",
        "message": "SELECT public_id FROM outbox_message WHERE kind = 'outbox.test' LIMIT 1",
        "tip": "SELECT public_id FROM escalations_escalation WHERE channel = 'cybertip' LIMIT 1",
    }
    return (
        {"case": sent.case}
        | hand_over(installation, sent.case)
        | ask(installation, sent.case)
        | {name: str(installation.psql(query)[0][0]) for name, query in queries.items()}
    )


def _send_a_test_message(people: People) -> None:
    """Ada makes an endpoint and tries it out. Nobody is there; the page of the attempt says so."""
    context = people.profile("ada")
    page = context.new_page()
    page.goto("/outbox/endpoints/new/")
    page.get_by_label("Name").fill("A platform that is not there")
    page.get_by_label("Address").fill("https://platform.invalid/in")
    page.get_by_role("button", name="Make it, switched off").click()
    page.get_by_role("button", name="Send a test message").click()
    page.get_by_role("heading", name="a test message").wait_for()
    context.close()


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


@pytest.fixture(scope="module")
def walker(people: People) -> Iterator[Callable[..., tuple[Page, Ears]]]:
    """One page for each person that goes through many addresses: `page, ears = walker("mona")`.

    Nothing is opened anew between two addresses, so pictures, scripts and styles come once. The test asks `ears`.
    """
    kept: dict[str | None, tuple[Page, Ears]] = {}

    def page_of(name: str | None, *, refusals_expected: bool = False, **options: Any) -> tuple[Page, Ears]:
        if name not in kept:
            context = people.profile(name, **options)
            context.set_default_timeout(WAIT_MS)
            ears = Ears(context)
            kept[name] = context.new_page(), ears
        page, ears = kept[name]
        ears.heard.clear()
        ears.refusals_expected = refusals_expected
        return page, ears

    yield page_of
    for page, _ears in kept.values():
        page.context.close()
