"""Every page there is, by who sees it, and what has to hold on each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: name -> (who, address); {case}, {item}, {entry} and {person} are filled in.
PAGES = {
    "sign-in": (None, "/account/sign-in/"),
    "status": (None, "/status/"),
    "receipt gone": (None, "/report/done/"),
    "interface": (None, "/api/docs/"),
    "styleguide": (None, "/styleguide/"),
    "styleguide queue": (None, "/styleguide/queue/"),
    "styleguide case": (None, "/styleguide/case/"),
    "styleguide report": (None, "/styleguide/report/"),
    "nothing here": (None, "/nothing/here/"),
    "queue": ("mona", "/queue/"),
    "mine": ("mona", "/mine/"),
    "held": ("mona", "/held/"),
    "to confirm": ("mona", "/to-confirm/"),
    "search": ("mona", "/search/?q=pictures.example"),
    "nothing found": ("mona", "/search/?q=nowhere.example"),
    "case": ("mona", "/cases/{case}/"),
    "decided case": ("mona", "/cases/{decided}/"),
    "evidence": ("mona", "/evidence/case/{case}/"),
    "item": ("mona", "/evidence/items/{item}/"),
    "report of a case": ("mona", "/reports/case/{case}/"),
    "exposure": ("mona", "/me/exposure/"),
    "account": ("mona", "/account/"),
    "password": ("mona", "/account/password/"),
    "second factors": ("mona", "/account/second-factor/"),
    "authenticator app": ("mona", "/account/second-factor/totp/activate/"),
    "security keys": ("mona", "/account/second-factor/keys/"),
    "a security key": ("mona", "/account/second-factor/keys/add/"),
    "sessions": ("mona", "/account/sessions/"),
    "once more": ("mona", "/account/again/"),
    "approvals": ("lena", "/approvals/"),
    "restricted queue": ("sena", "/queue/?show=minor"),
    "traces": ("lena", "/evidence/traces/"),
    "frame of a film": ("mona", "/evidence/frames/{frame}/"),
    "models": ("lena", "/models/"),
    "a model": ("lena", "/models/open-nsfw/"),
    "outcome of an item": ("lena", "/evidence/items/{item}/outcome/"),
    "banks": ("lena", "/banks/"),
    "a bank": ("lena", "/banks/{bank}/"),
    "a new bank": ("lena", "/banks/new/"),
    "a changed bank": ("lena", "/banks/{bank}/change/"),
    "the exchange of a bank": ("lena", "/banks/{bank}/exchange/"),
    "offer": ("mona", "/evidence/case/{banked}/offer/"),
    "outbox": ("lena", "/outbox/"),
    "endpoints": ("ada", "/outbox/endpoints/"),
    "a new endpoint": ("ada", "/outbox/endpoints/new/"),
    "an endpoint": ("ada", "/outbox/endpoints/{endpoint}/"),
    "a changed endpoint": ("ada", "/outbox/endpoints/{endpoint}/change/"),
    "a message that leaves": ("lena", "/outbox/messages/{message}/"),
    "inbox of a partner": ("nia", "/portal/"),
    "why a second step": ("nia", "/portal/second-factor/"),
    "a secure link": (None, "/link/nothing/"),
    "partners": ("lena", "/partners/"),
    "a new partner": ("ada", "/partners/new/"),
    "a report to NCMEC": ("sena", "/escalations/{tip}/tip/"),
    "a report to NCMEC as XML": ("sena", "/escalations/{tip}/tip/xml/"),
    "escalations": ("lena", "/escalations/?show=all"),
    "escalations of a case": ("mona", "/cases/{case}/escalations/"),
    "a new escalation": ("mona", "/cases/{case}/escalate/"),
    "an escalation": ("mona", "/escalations/{handed}/"),
    "a draft": ("mona", "/escalations/{draft}/edit/"),
    "what would leave": ("mona", "/escalations/{draft}/preview/"),
    "a draft to approve": ("lena", "/escalations/{draft}/preview/"),
    "a life in danger": ("sena", "/escalations/{life}/break-glass/"),
    "nothing to review": ("lena", "/escalations/{handed}/review/"),
    "legal requests": ("lex", "/legal/"),
    "kinds of legal request": ("lex", "/legal/new/"),
    "a new legal request": ("lex", "/legal/new/search_warrant/"),
    "a new emergency": ("lex", "/legal/new/emergency_disclosure_request/"),
    "a legal request": ("lena", "/legal/{legal}/"),
    "auditor's legal request": ("audra", "/legal/{legal}/"),
    "the check of a legal request": ("lex", "/legal/{legal}/check/"),
    "the refusal of a legal request": ("lex", "/legal/{legal}/refuse/"),
    "a letter": ("lena", "/legal/{legal}/letter/{letter}/"),
    "a letter to write": ("lex", "/legal/{legal}/letters/receipt/"),
    "notices due": ("lex", "/legal/notices/"),
    "figures of legal requests": ("audra", "/legal/statistics/"),
    "legal holds": ("lex", "/legal/holds/{case}/"),
    "legal liaison's case": ("lex", "/cases/{case}/"),
    "log": ("lena", "/log/"),
    "entry": ("lena", "/log/{entry}/"),
    "auditor's case": ("audra", "/cases/{case}/"),
    "people": ("ada", "/people/"),
    "a new person": ("ada", "/people/new/"),
    "a person": ("ada", "/people/{person}/"),
    "keys": ("ada", "/keys/"),
    "no right": ("stan", "/queue/"),
    "no role": ("stan", "/account/"),
}
#: Those that are answered with an error.
REFUSED = {"nothing here", "no right"}
#: What axe may not find, of these impacts.
GRAVE = ("serious", "critical")
TOO_WIDE = """() => {
  const root = document.documentElement;
  if (root.scrollWidth <= innerWidth) return [];
  const wide = [...document.querySelectorAll("body *")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
  });
  return [`${root.scrollWidth} px`, ...wide.slice(0, 3).map((e) => e.outerHTML.slice(0, 120))];
}"""
#: Where texts stand as they were stored: what machines found, what people wrote, codes of the log, who else helps.
STORED = (
    ".signals, .timeline-detail, .table-sub, .table-scroll a, .table-scroll td, #reports-panel p, "
    "#cases-standing > .panel-body > p, .facts dt"
)
UNTRANSLATED = """(stored) => {
  const data = "code, pre, kbd, .mono, [translate=no], .person-name, .person-mark, .menu-head, .rail-brand, svg,"
    + " script, style, option, textarea, blockquote, .note > p:not(.soft), " + stored;
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const parent = node.parentElement;
    if (!parent.checkVisibility() || parent.closest(data)) continue;
    found.push(node.textContent.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [title], img[alt]")) {
    for (const name of ["aria-label", "placeholder", "title", "alt"]) found.push(element.getAttribute(name) ?? "");
  }
  return found.filter(Boolean);
}"""


def settle(page: Page) -> None:
    """Wait until the page and the panels it fetches by itself have come."""
    page.wait_for_load_state("load")
    page.wait_for_selector("[hx-trigger='load']", state="detached")


def what_is_wrong(page: Page) -> list[str]:
    """Faults of the page as it stands, in light and dark, wide and narrow; [] when there is none."""
    page.wait_for_load_state("load")
    faults = structure_faults(page)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        faults += [f"{size['width']} light: {found}" for found in axe_finds(page)]
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        # Light and dark differ in colours only: the other rules need no second run.
        faults += [
            f"{size['width']} dark: {found}"
            for found in axe_finds(page, ["color-contrast", "link-in-text-block"])
        ]
        faults += [f"{size['width']} too wide: {found}" for found in page.evaluate(TOO_WIDE)]
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light")
    return faults


def structure_faults(page: Page) -> list[str]:
    """A page has one heading of the first rank, a title and a language."""
    faults = []
    if page.locator("h1").count() != 1:
        faults.append(f"{page.locator('h1').count()} headings of the first rank")
    if not page.title().strip():
        faults.append("no title")
    if not page.get_attribute("html", "lang"):
        faults.append("no language")
    return faults


def axe_finds(page: Page, rules: list[str] | None = None) -> list[str]:
    """Serious and critical findings of axe, with the first element each names."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = {"type": "rule", "values": rules}
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{found['id']} at {found['nodes'][0]['html'][:140]}"
        for found in violations
        if found["impact"] in GRAVE
    ]
