"""The frame shows each person what they may open, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory, override_settings
from django.urls import path

from casework.ui import views
from casework.ui.context import frame


def _page(request: HttpRequest) -> HttpResponse:
    raise AssertionError


urlpatterns = [
    path("queue/", _page, name="queue"),
    path("log/", _page, name="log"),
    path("search/", _page, name="search"),
    path("meter/", _page, name="meter"),
]


def _frame_for(*perms: str, at: str = "/queue/", theme: str = "") -> dict[str, Any]:
    request = RequestFactory().get(at)
    request.user = SimpleNamespace(is_authenticated=True, may=lambda perm: perm in perms)  # type: ignore[assignment]
    if theme:
        request.COOKIES["theme"] = theme
    return dict(frame(request)["frame"])


def due_of_somebody(request: HttpRequest) -> dict[str, object]:
    return {"words": "2 due in 1 h", "state": "soon", "url": "/queue/"}


def counts_of_somebody(request: HttpRequest) -> dict[str, int]:
    return {"queue": 128}


@pytest.fixture(autouse=True)
def _own_urls() -> Any:
    with override_settings(ROOT_URLCONF=__name__, FRAME_PARTS={}, FRAME_COUNTS=[]):
        yield


def test_mona_sees_the_queue_and_not_the_log() -> None:
    entries = _frame_for("read_cases", "search_cases")["nav"]
    assert [entry["url"] for entry in entries] == ["/queue/", "/search/"]


def test_the_entry_of_the_page_one_is_on_is_marked() -> None:
    entries = _frame_for("read_cases", "read_log", at="/log/")["nav"]
    assert [entry["url"] for entry in entries if entry["current"]] == ["/log/"]


def test_a_page_that_this_installation_lacks_has_no_entry() -> None:
    assert _frame_for("read_people", "manage_api_keys")["nav"] == []


def test_stan_without_a_role_sees_only_his_own_pages() -> None:
    built = _frame_for()
    assert built["nav"] == []
    assert [entry["url"] for entry in built["own"]] == ["/meter/"]
    assert built["search_url"] is None


def test_nobody_signed_in_gets_an_empty_frame() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    built = frame(request)["frame"]
    assert built["nav"] == []
    assert built["person"] is None


def test_clocks_and_counts_come_from_the_apps_that_know_them() -> None:
    parts, counts = {"due": f"{__name__}.due_of_somebody"}, [f"{__name__}.counts_of_somebody"]
    with override_settings(FRAME_PARTS=parts, FRAME_COUNTS=counts):
        built = _frame_for("read_cases")
    assert built["due"]["words"] == "2 due in 1 h"
    assert built["nav"][0]["count"] == 128


def test_a_theme_that_does_not_exist_is_ignored() -> None:
    assert _frame_for(theme="dark")["theme"] == "dark"
    assert _frame_for(theme='"><script>')["theme"] == ""


def _choose(theme: str, back: str) -> Any:
    return views.theme(RequestFactory().post("/theme/", {"theme": theme, "next": back}))


def test_choosing_dark_is_remembered_and_leads_back() -> None:
    answer = _choose("dark", "/queue/?sort=age")
    assert answer.cookies["theme"].value == "dark"
    assert answer["Location"] == "/queue/?sort=age"


def test_choosing_the_system_forgets_and_a_foreign_address_is_not_followed() -> None:
    answer = _choose("", "https://elsewhere.example/")
    assert answer.cookies["theme"]["max-age"] == 0
    assert answer["Location"] == "/"
