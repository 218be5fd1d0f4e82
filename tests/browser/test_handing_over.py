"""The whole way of an escalation: mona drafts, lena approves, nia fetches, verifies, acknowledges and answers."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from casework.audit.notes import Verifier
from tests.browser.sending import Sender
from tests.running import RunningInstallation

if TYPE_CHECKING:
    from playwright.sync_api import Page

    Desk = Callable[..., Page]

pytestmark = pytest.mark.browser
MADE_WITHIN_S = 60
VERIFIER = Path("casework/escalations/casework_verify.py")
#: What the log tells of it from the draft on, each line once and in this order.
STORY = [
    "escalation.drafted", "escalation.changed", "escalation.previewed", "escalation.offered", "escalation.approved",
    "package.asked", "package.made", "escalation.sent", "escalation.delivered", "portal.downloaded",
    "escalation.acknowledged", "escalation.answered",
]  # fmt: skip


def draft_by_mona(page: Page, case: str) -> str:
    """Mona begins at the case, says what happened, looks at what would leave, and offers it; its address."""
    page.goto(f"/cases/{case}/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("e")
    page.wait_for_url("**/escalate/")
    page.locator("label", has_text="Safe Harbour").locator("input").check()
    page.get_by_label("the person depicted asked for it").check()
    page.get_by_role("button", name="Begin a draft").click()
    page.fill("[name=facts]", "A picture was published at the place named, and a threat was made.")
    page.select_option("[name=consent]", "given")
    page.fill("[name=consent_how]", "They wrote so on their status page on Monday.")
    page.get_by_role("button", name="Keep, and see what would leave").click()
    page.wait_for_url("**/preview/")
    assert "A picture was published at the place named" in page.inner_text("main")
    page.get_by_role("button", name="This is what should leave: offer it for approval").click()
    page.get_by_text("the word of a second person").first.wait_for()
    return page.url.split("/escalations/")[1].split("/")[0]


def wait_until_sent(page: Page, escalation: str) -> None:
    """The worker makes the package; the page says so by itself or when it is looked at again."""
    end = time.monotonic() + MADE_WITHIN_S
    while time.monotonic() < end:
        page.goto(f"/escalations/{escalation}/")
        if re.search(r"\bsent\b", page.inner_text(".case-state")):
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.inner_text("main"))


def fetched(page: Page, into: Path) -> Path:
    """The package as Nia's browser stores it."""
    with page.expect_download() as begun:
        page.get_by_role("link", name="Fetch the package").click()
    begun.value.save_as(into)
    return into


def test_from_monas_draft_to_nias_answer(
    desk: Desk,
    sender: Sender,
    installation: RunningInstallation,
    tmp_path: Path,
    require_tool: Callable[[str], str],
) -> None:
    age = require_tool("age")
    case = sender.send_photo(statement="I did not agree to this.").case
    mona, lena, nia = desk("mona"), desk("lena"), desk("nia", accept_downloads=True)

    escalation = draft_by_mona(mona, case)
    assert mona.get_by_role("button", name="Approve").count() == 0

    lena.goto(f"/escalations/{escalation}/preview/")
    lena.get_by_role("button", name="Approve: let it leave").click()
    wait_until_sent(lena, escalation)

    word = max((installation.home / "mail").iterdir(), key=lambda mail: mail.stat().st_mtime).read_text()
    number = lena.inner_text("h1")
    assert "waits" in word
    assert number not in word
    assert "picture" not in word.lower()

    nia.goto("/portal/")
    nia.get_by_role("link", name=number).click()
    assert "Fetches left" in nia.inner_text("main")
    sealed = fetched(nia, tmp_path / "package.tar.age")
    digest = hashlib.sha256(sealed.read_bytes()).hexdigest()
    assert nia.inner_text("#package-sha256") == digest

    opened, key = tmp_path / "package.tar", installation.home / "demo" / "nia_age_key"
    subprocess.run([age, "--decrypt", "-i", key, "-o", opened, sealed], check=True)
    said = subprocess.run(
        [sys.executable, VERIFIER, opened, "--key", signers_key(nia)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, said.stdout.split(maxsplit=1)[0]) == (0, "VALID"), said

    nia.fill("[name=reference]", "H-2041")
    nia.fill("[name=sha256]", digest)
    nia.get_by_role("button", name="Acknowledge receipt").click()
    nia.get_by_text("Same as ours").wait_for()
    nia.select_option("[name=outcome]", "taken_on")
    nia.locator("form", has=nia.get_by_role("button", name="Report the outcome")).locator("textarea").fill(
        "We have written to the person and to the school."
    )
    nia.get_by_role("button", name="Report the outcome").click()

    mona.goto(f"/cases/{case}/")
    panel = mona.locator("#escalations-panel")
    panel.get_by_text("answered").first.wait_for()
    mona.goto(f"/escalations/{escalation}/")
    told = mona.inner_text("main")
    assert "H-2041" in told
    assert "We have written to the person and to the school." in told
    rows = installation.psql(f"SELECT verb FROM audit_entry WHERE case_id = '{case}' ORDER BY id")
    verbs = [row[0] for row in rows]
    assert [verb for verb in verbs if verb in STORY] == STORY


def signers_key(page: Page) -> str:
    """The key that the page shows in its example line; a partner compares it on the phone."""
    page.get_by_text("How to open and check it").click()
    found = re.search(r"--key '([^']+)'", page.inner_text("main"))
    assert found is not None
    Verifier.from_vkey(found.group(1))
    return found.group(1)
