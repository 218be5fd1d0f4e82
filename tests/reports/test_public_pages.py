"""Every page for people outside: neutral to whoever looks over a shoulder, forgotten by the browser, unscripted."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from casework.reports.actions import Filed

from .test_public_form import ANSWERS, walk

pytestmark = pytest.mark.django_db

#: Nothing of this may stand where a browser, its history or its owner's partner keeps it.
TELLING = re.compile(
    r"nude|naked|porn|intimate|sex|abuse|ncii|deepfake|victim|leak|image|picture|consent", re.IGNORECASE
)
#: Words that blame, or that nobody should have to read here.
NEVER = re.compile(r"revenge porn|leaked by you|your nudes|why did you", re.IGNORECASE)
TITLE = re.compile(r"<title>([^<]*)</title>")


def every_page(client: Client, file_one: Callable[..., Filed]) -> list[Any]:
    pages = [client.get("/report/"), client.get("/status/")]
    for step in ANSWERS:
        pages.append(walk(client, step))
        pages.append(client.get("/report/" if step == "start" else f"/report/{step}/"))
    walk(client, "files", you={"role": "somebody_else"})
    pages.append(client.get("/report/files/"))
    client.post("/report/what/", {"age_at_the_time": "unknown", "made_how": "ai"})
    pages.append(client.get("/report/files/"))
    fresh = Client()
    walk(fresh)
    pages.append(fresh.get("/report/check/"))
    pages.append(fresh.post("/report/check/"))
    pages.append(fresh.get("/report/done/"))
    pages.append(fresh.get("/report/done/"))
    pages.append(client.post("/status/", {"reference": "x", "code": "y"}))
    filed = file_one()
    pages.append(client.post("/status/", {"reference": filed.report.reference, "code": filed.access_code}))
    pages.append(client.get("/status/page/"))
    pages.append(client.get("/status/withdraw/"))
    pages.append(client.get("/report/leave/"))
    assert all(page.status_code in (200, 302, 303, 422) for page in pages)
    return pages


@pytest.fixture
def pages(client: Client, file_one: Callable[..., Filed]) -> list[Any]:
    return every_page(client, file_one)


def test_titles_addresses_and_cookies_say_nothing(pages: list[Any], client: Client) -> None:
    for page in pages:
        for title in TITLE.findall(page.content.decode()):
            assert not TELLING.search(title), title
        assert not TELLING.search(page.request["PATH_INFO"])
        assert not TELLING.search(page.headers.get("Location", "").partition("?")[0])
        for name, cookie in page.cookies.items():
            assert not TELLING.search(name)
            assert cookie["httponly"]
            assert cookie["samesite"] == "Strict"


def test_no_page_blames_or_uses_words_that_hurt(pages: list[Any]) -> None:
    for page in pages:
        assert not NEVER.search(page.content.decode())


def test_nothing_is_kept_by_the_browser_and_no_script_may_write(pages: list[Any]) -> None:
    for page in pages:
        assert "no-store" in page["Cache-Control"]
        policy = page["Content-Security-Policy"]
        assert "require-trusted-types-for 'script'" in policy
        assert "unsafe" not in policy
        assert (
            page["Referrer-Policy"] == "same-origin"
        )  # other sites learn nothing; our own forms keep their Origin


def test_every_page_has_a_way_out_that_first_forgets(pages: list[Any]) -> None:
    for page in pages:
        if page.status_code in (200, 422):
            assert 'id="leave" href="/report/leave/"' in page.content.decode()


def test_no_page_loads_anything_from_elsewhere_and_none_has_htmx_or_inline_code(pages: list[Any]) -> None:
    for page in pages:
        text = page.content.decode()
        assert not re.search(r'(?:src|srcset)="(?:https?:)?//', text)
        assert not re.search(r'<link[^>]+href="https?:', text)
        assert "htmx" not in text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"\s(?:style|on[a-z]+)=", text)


def test_a_page_of_the_form_loads_no_picture_but_the_mark(pages: list[Any]) -> None:
    for page in pages:
        assert "<img" not in page.content.decode()
