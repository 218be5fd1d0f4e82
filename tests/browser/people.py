"""The cast in real browsers. Each signs in once for all tests: an address may sign in twenty times an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from casework.runtime.supervisor import DEMO_PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, StorageState


#: A revealed picture on the stage.
SHOWN = "[data-stage-shown] img"


class People:
    """Signed-in browser profiles by first name, of one installation with demo people."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self._browser = browser
        self._base_url = base_url
        self._kept: dict[str, StorageState] = {}

    def profile(self, name: str | None, **options: Any) -> BrowserContext:
        """A browser profile in which ``name`` has signed in, or nobody for None; the caller closes it."""
        if name is not None:
            options["storage_state"] = self._state_of(name)
        return self._browser.new_context(base_url=self._base_url, **options)

    def _state_of(self, name: str) -> StorageState:
        if name not in self._kept:
            context = self._browser.new_context(base_url=self._base_url)
            sign_in(context.new_page(), name)
            self._kept[name] = context.storage_state()
            context.close()
        return self._kept[name]


def sign_in(page: Page, name: str) -> None:
    """Sign in as a person would."""
    page.goto("/account/sign-in/")
    page.fill("[name=login]", f"{name}@demo.test")
    page.fill("[name=password]", DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def wait_for_picture(page: Page) -> None:
    """Wait until a revealed picture is drawn, not only asked for."""
    page.wait_for_selector(SHOWN)
    page.eval_on_selector(SHOWN, "picture => picture.decode()")
