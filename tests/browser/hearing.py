"""What a browser complains about: refused by policy, broken, thrown, or a dialog that a script opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  heardViolation(`${event.violatedDirective}: ${event.blockedURI} in ${event.documentURI} ${event.sample}`));
"""
ANSWERED = "Failed to load resource: the server responded with a status of 4"


class Ears:
    """Listens to every page of one browser profile; ``heard`` is a list of complaints in words.

    An error page that the test itself asked for is no complaint of ours: Chromium notes the status of each refused
    document and picture in the console. With ``refusals_expected`` those notes, and only those, are left out.
    """

    def __init__(self, context: BrowserContext, *, refusals_expected: bool = False) -> None:
        self.heard: list[str] = []
        self.refusals_expected = refusals_expected
        context.expose_binding("heardViolation", lambda _source, words: self.heard.append(f"policy: {words}"))
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", lambda failed: self.heard.append(f"thrown: {failed.error}"))
        context.on("dialog", self._dialog)

    def _console(self, message: ConsoleMessage) -> None:
        expected = self.refusals_expected and message.text.startswith(ANSWERED)
        if message.type == "error" and not expected:
            self.heard.append(f"console: {message.text} {self._place(message.location)}")

    def _dialog(self, dialog: Dialog) -> None:
        self.heard.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    @staticmethod
    def _place(location: Any) -> str:
        return f"({location.get('url', '')}:{location.get('lineNumber', '')})"
