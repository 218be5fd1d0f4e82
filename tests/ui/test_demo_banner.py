"""A demo says that it is one, on the desk and before anybody signs in; a real desk says nothing of the kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import client_of, person

pytestmark = pytest.mark.django_db

WORDS = "This is a demo"
PAGES = [
    (None, "/account/sign-in/"),
    (None, "/report/"),
    (None, "/status/"),
    ("mona", "/queue/"),
    ("ada", "/people/"),
]


@pytest.mark.parametrize(("who", "address"), PAGES)
@pytest.mark.parametrize("is_demo", [True, False])
def test_the_banner_stands_on_every_page_of_a_demo_and_nowhere_else(
    who: str | None, address: str, is_demo: bool, settings: Any
) -> None:
    settings.IS_DEMO = is_demo
    page = client_of(person(who) if who else None).get(address)
    assert page.status_code == 200
    assert (WORDS in page.text) is is_demo
