"""Signing in leads nowhere but here, and a cookie that nobody gave out opens nothing and breaks nothing."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests.cast import HASHED, PASSWORD, person
from tests.journal import all_verbs

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "http:evil"],
)
def test_signing_in_never_leads_away_from_us(target, settings):
    cache.clear()
    settings.MFA_REQUIRED = False
    assert person("mona").password == HASHED
    client = Client()
    answer = client.post(
        reverse("account_login"), {"login": "mona@demo.test", "password": PASSWORD, "next": target}
    )
    assert answer.status_code == 302
    assert "evil" not in answer.headers["Location"]
    assert "javascript" not in answer.headers["Location"]
    assert all_verbs() == ["person.signed_in"]


def test_people_of_the_demo_do_not_sign_in_in_production(settings):
    cache.clear()
    settings.PROFILE = "production"
    person("mona")
    client = Client()
    refused = client.post(reverse("account_login"), {"login": "mona@demo.test", "password": PASSWORD})
    assert refused.status_code == 403
    assert client.get(reverse("account")).status_code == 302
    assert "person.signed_in" not in all_verbs()


@pytest.mark.parametrize("name", ["session", "csrf", "v", "w", "theme"])
@pytest.mark.parametrize(
    "value", ['"\\000\\000\\000\\000\\000\\000\\000\\000\\000"', "x" * 4000, '"\\377\\376"']
)
def test_a_made_up_cookie_breaks_no_page(name, value):
    for path in ("/report/", "/status/page/", "/queue/", "/account/sign-in/"):
        answer = Client().get(path, headers={"Cookie": f"{name}={value}"})
        assert answer.status_code in (200, 302), path
