"""The stage in a real browser: nothing but previews before a reveal, and the picture leaves when the person does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from socketserver import ThreadingMixIn
from typing import Any, Protocol
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from playwright.sync_api import Page, Response, sync_playwright

from casework.cases.models import Case
from casework.evidence.models import Item, Reveal
from tests.browser.people import SHOWN, wait_for_picture
from tests.cast import client_of, make_case, person
from tests.conftest import CHROMIUM_ARGUMENTS
from tests.evidence.making import entries, explicit, make_examined
from tests.evidence.test_previews import faults_of_preview

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("committed_db")]


class Does(Protocol):
    """Runs a function with a page of Mona's browser."""

    def __call__(self, act: Callable[[Page], None], *, scripts: bool = True) -> None: ...


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def item(committed_db: str) -> Item:
    made = make_examined(make_case(), signals=[explicit(0.94)])
    made.case = Case.objects.get(pk=made.case_id)  # nothing is left to be fetched beside Playwright's loop
    return made


@pytest.fixture
def mona_does(committed_db: str, chromium: str) -> Iterator[Does]:
    """Runs a function with a page of Mona's signed-in browser.

    In a thread of its own: Playwright keeps an event loop in its thread, and the ORM refuses to work beside one.
    """
    server = make_server("localhost", 0, get_wsgi_application(), server_class=_Server, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    name = settings.SESSION_COOKIE_NAME
    cookie = {"name": name, "value": client_of(person("mona")).cookies[name].value}
    base = f"http://localhost:{server.server_port}"

    def browse(act: Callable[[Page], None], scripts: bool) -> None:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
            context = browser.new_context(base_url=base, java_script_enabled=scripts)
            context.add_cookies([{**cookie, "url": base}])  # type: ignore[typeddict-item]
            act(context.new_page())
            browser.close()

    def does(act: Callable[[Page], None], *, scripts: bool = True) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(browse, act, scripts).result()

    yield does
    server.shutdown()
    server.server_close()
    thread.join()


def case_page(case: Case) -> str:
    return f"/cases/{case.public_id}/"


def look(page: Page, item: Item) -> None:
    """Open the case, press r and 1, and see the picture."""
    page.goto(case_page(item.case))
    page.wait_for_selector("#evidence-panel .stage")
    page.keyboard.press("r")
    page.keyboard.press("1")
    wait_for_picture(page)


def gone(page: Page) -> None:
    """The picture has left, and the page says how long somebody looked."""
    page.wait_for_selector(SHOWN, state="detached", timeout=10_000)
    page.wait_for_selector("[data-stage-looked]")


def test_before_a_reveal_only_previews_arrive_and_after_it_one_row_and_one_entry(
    mona_does: Does, item: Item
) -> None:
    before: list[tuple[str, bytes]] = []
    after: list[tuple[str, bytes]] = []
    complaints: list[str] = []

    def act(page: Page) -> None:
        seen = before
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on(
            "response",
            lambda answer: seen.append((answer.url, answer.body())) if is_picture(answer) else None,
        )
        for address in ("/queue/", case_page(item.case)):
            page.goto(address)
            page.wait_for_load_state("networkidle")
        seen = after
        look(page, item)
        page.wait_for_load_state("networkidle")

    mona_does(act)
    assert before
    assert [url for url, data in before if faults_of_preview(data)] == []
    assert {("/reveals/" in url) for url, data in after if faults_of_preview(data)} == {True}
    assert Reveal.objects.count() == 1
    assert entries("evidence.revealed") == 1
    assert complaints == []


def is_picture(answer: Response) -> bool:
    return answer.headers.get("content-type", "").startswith("image/") and "/static/" not in answer.url


def test_hovering_and_focusing_reveal_nothing(mona_does: Does, item: Item) -> None:
    def act(page: Page) -> None:
        page.goto(case_page(item.case))
        page.wait_for_selector("#evidence-panel .stage")
        page.hover("#stage")
        for _ in range(20):
            page.keyboard.press("Tab")
        assert page.query_selector(SHOWN) is None

    mona_does(act)
    assert not Reveal.objects.exists()


def test_escape_takes_the_picture_away_and_tells_how_long(mona_does: Does, item: Item) -> None:
    def act(page: Page) -> None:
        look(page, item)
        page.keyboard.press("Escape")
        gone(page)

    mona_does(act)
    reveal = Reveal.objects.get()
    assert reveal.closed_at is not None
    assert not reveal.estimated
    assert entries("evidence.reveal_closed") == 1


@pytest.mark.parametrize(
    "leaving",
    [
        "window.dispatchEvent(new Event('blur'))",
        "document.querySelector('[data-stage-close] button').click()",
    ],
)
def test_looking_away_takes_the_picture_away(mona_does: Does, item: Item, leaving: str) -> None:
    def act(page: Page) -> None:
        look(page, item)
        page.evaluate(leaving)
        gone(page)

    mona_does(act)
    assert Reveal.objects.get().closed_at is not None


def test_leaving_the_page_closes_the_look(mona_does: Does, item: Item) -> None:
    def act(page: Page) -> None:
        look(page, item)
        page.goto("/queue/")
        page.wait_for_timeout(1000)  # word of it is sent while the page goes away

    mona_does(act)
    assert Reveal.objects.get().closed_at is not None


def test_the_time_runs_out(mona_does: Does, item: Item, settings: Any) -> None:
    settings.REVEAL_SECONDS = 2

    def act(page: Page) -> None:
        look(page, item)
        gone(page)

    mona_does(act)
    reveal = Reveal.objects.get()
    assert reveal.seconds == pytest.approx(2, abs=0.5)
    assert not reveal.estimated


def test_plus_extends_once_and_g_shows_colour(mona_does: Does, item: Item) -> None:
    def act(page: Page) -> None:
        look(page, item)
        page.keyboard.press("+")
        page.wait_for_selector("[data-key='+']", state="detached")
        with page.expect_response("**/image/?c=1") as shown:
            page.keyboard.press("g")
        assert shown.value.status == 200
        page.wait_for_selector("[data-key='g']", state="detached")
        assert page.query_selector(SHOWN) is not None

    mona_does(act)
    reveal = Reveal.objects.get()
    assert reveal.extended_at is not None
    assert reveal.coloured_at is not None
    assert entries("evidence.revealed") == 1


def test_the_stage_as_a_page_of_its_own_works_under_trusted_types(mona_does: Does, item: Item) -> None:
    complaints: list[str] = []

    def act(page: Page) -> None:
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        policy = page.goto(f"/evidence/case/{item.case.public_id}/").headers["content-security-policy"]  # type: ignore[union-attr]
        assert "require-trusted-types-for 'script'" in policy
        page.keyboard.press("r")
        page.keyboard.press("1")
        wait_for_picture(page)
        page.keyboard.press("Escape")
        gone(page)

    mona_does(act)
    assert Reveal.objects.get().closed_at is not None
    assert complaints == []


def test_without_scripts_somebody_looks_and_the_page_leaves(
    mona_does: Does, item: Item, settings: Any
) -> None:
    settings.REVEAL_SECONDS = 2

    def act(page: Page) -> None:
        page.goto(f"/evidence/case/{item.case.public_id}/")
        page.click("summary")
        page.click("button[name=reason][value=compare]")
        wait_for_picture(page)
        page.wait_for_selector(SHOWN, state="detached", timeout=10_000)
        page.wait_for_selector("[data-stage-looked]")

    mona_does(act, scripts=False)
    assert Reveal.objects.get().reason == "compare"


def test_on_its_own_page_colour_and_time_do_not_end_the_look(mona_does: Does, item: Item) -> None:
    def act(page: Page) -> None:
        page.goto(f"/evidence/case/{item.case.public_id}/")
        page.keyboard.press("r")
        page.keyboard.press("1")
        wait_for_picture(page)
        for key in ("g", "+"):
            page.keyboard.press(key)
            page.wait_for_selector(f"[data-key='{key}']", state="detached")
            wait_for_picture(page)
        page.keyboard.press("Escape")
        gone(page)

    mona_does(act)
    reveal = Reveal.objects.get()
    assert reveal.coloured_at is not None
    assert reveal.extended_at is not None
    assert reveal.times_served == 3
    assert reveal.closed_at is not None
