"""A security key: added, asked for at the next sign-in, and enough together with the password.

The authenticator is Chromium's own virtual one: it answers the page over the same browser interface as a real key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from casework.runtime.supervisor import DEMO_PASSWORD
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

KEYS = "FROM mfa_authenticator a JOIN accounts_user u ON u.id = a.user_id WHERE u.email = 'nia@demo.test'"


@pytest.fixture
def nobody_keeps_a_key(installation: RunningInstallation) -> Iterator[None]:
    """Whatever happens here, nia signs in elsewhere as before."""
    yield
    installation.psql(
        "DELETE FROM mfa_authenticator WHERE user_id = (SELECT id FROM accounts_user WHERE email = 'nia@demo.test') "
        "RETURNING id"
    )


def give_a_key(page: Page) -> None:
    """Plug a virtual security key into this browser; it is touched at once when asked."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in_with_password(page: Page) -> None:
    page.goto("/account/sign-in/")
    page.fill("[name=login]", "nia@demo.test")
    page.fill("[name=password]", DEMO_PASSWORD)
    page.keyboard.press("Enter")


def test_nia_adds_a_key_and_signs_in_with_it(
    desk: Callable[..., Page], installation: RunningInstallation, nobody_keeps_a_key: None
) -> None:
    page = desk(None)
    give_a_key(page)
    sign_in_with_password(page)
    page.wait_for_url("**/portal/")
    page.goto("/account/second-factor/keys/add/")
    page.fill("[name=password]", DEMO_PASSWORD)  # changing second factors always asks once more
    page.keyboard.press("Enter")
    page.fill("[name=name]", "the blue one")
    page.click("[data-security-key=add]")
    page.wait_for_url(lambda url: "/keys/add/" not in url)
    assert installation.psql(f"SELECT a.type {KEYS} AND a.type = 'webauthn'") == [("webauthn",)]

    page.context.clear_cookies()
    sign_in_with_password(page)
    page.wait_for_selector("[data-security-key]")
    page.goto("/account/")
    assert page.url.endswith("/account/second-factor/sign-in/"), "half a sign-in opens nothing"
    page.click("[data-security-key]")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    page.goto("/account/")
    assert page.locator("h1").inner_text() == "Your account"
    said = installation.psql(
        "SELECT verb FROM audit_entry WHERE verb LIKE 'person.%' ORDER BY id DESC LIMIT 6"
    )
    verbs = [verb for [verb] in said]
    assert "person.mfa_added" in verbs
    assert verbs[0] == "person.signed_in"
