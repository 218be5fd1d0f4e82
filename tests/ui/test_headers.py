"""Headers: every answer carries them, whatever it is and whoever asks; cookies and TLS follow the profile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from casework.cases import reading
from casework.runtime.installation import CHECKOUT
from tests.cast import PASSWORD, client_of, person
from tests.test_doors import DOORS, address
from tests.worlds import World, make_world

#: What stands on every answer of ours.
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Robots-Tag": "noindex, nofollow",
}
#: What a policy may never say.
LOOSE = ("unsafe-", "*", "http:", "https:", "data:", "blob:")


def faults(answer: Any) -> list[str]:
    """What is missing from an answer or looser than it may be."""
    found = [f"{name}: {answer.get(name)}" for name, value in EXPECTED.items() if answer.get(name) != value]
    policy = answer.get("Content-Security-Policy", "")
    framed = "frame-ancestors 'none'" not in policy and "sandbox" not in policy.split(
        "; "
    )  # pictures: a sandbox
    if "default-src 'none'" not in policy or framed:
        found.append(f"Content-Security-Policy: {policy or None}")
    found += [f"Content-Security-Policy has {word}" for word in LOOSE if word in policy]
    if "no-store" not in answer.get("Cache-Control", ""):
        found.append(f"Cache-Control: {answer.get('Cache-Control')}")
    if "camera=()" not in answer.get("Permissions-Policy", ""):
        found.append(f"Permissions-Policy: {answer.get('Permissions-Policy')}")
    return found


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    return make_world()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["lena", None])
def test_every_address_carries_every_header(who: str | None, world: World) -> None:
    client = client_of(person(who) if who else None)
    wrong = {}
    for door in DOORS:
        for method in (client.get,) if who else (client.get, client.post):
            answer = method(address(door, world.open))
            if found := faults(answer):
                wrong[door.name, method.__name__, answer.status_code] = found
    assert wrong == {}


@pytest.mark.django_db
def test_errors_carry_every_header(monkeypatch: pytest.MonkeyPatch) -> None:
    lena, ada = client_of(person("lena")), client_of(person("ada"))
    strict = client_of(person("lena"), enforce_csrf_checks=True)
    answers = {
        404: lena.get("/nothing/here/"),
        403: ada.get(reverse("queue")),
        405: lena.get(reverse("next_case")),
        400: lena.get(reverse("queue"), headers={"Host": "evil.example"}),
        401: Client().post("/api/v1/reports/"),
    }
    for status, answer in answers.items():
        assert answer.status_code == status
        assert faults(answer) == [], status
    assert faults(strict.post(reverse("next_case"))) == []

    def breaks(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(reading, "counts", breaks)
    lena.raise_request_exception = False
    broken = lena.get(reverse("queue"))
    assert broken.status_code == 500
    assert faults(broken) == []
    assert "broken on purpose" not in broken.text


@pytest.mark.django_db
def test_the_check_finds_a_header_that_is_missing_or_loose() -> None:
    answer = client_of(person("lena")).get(reverse("account"))
    assert faults(answer) == []
    answer["Content-Security-Policy"] += "; script-src 'unsafe-inline'"
    del answer["X-Frame-Options"]
    assert len(faults(answer)) == 2


@pytest.mark.django_db
def test_the_session_cookie_is_strict_and_hidden_from_scripts() -> None:
    person("mona")
    client = Client()
    client.get(reverse("account_login"))
    client.post(reverse("account_login"), {"login": "mona@demo.test", "password": PASSWORD})
    for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
        cookie = client.cookies[name]
        assert (cookie["samesite"], cookie["httponly"], cookie["domain"]) == ("Strict", True, ""), name


ASKED = (
    "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS",
    "MFA_REQUIRED", "DEBUG", "CSAM_CUSTODY", "SECURE_CROSS_ORIGIN_OPENER_POLICY", "SESSION_COOKIE_SAMESITE",
)  # fmt: skip


@pytest.fixture
def settings_under(tmp_path: Path) -> Any:
    """What the settings module says in a fresh process with the given environment."""
    shutil.copytree(settings.CASEWORK_KEYS, tmp_path / "keys")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CASEWORK_")}

    def read(**env: str) -> dict[str, Any]:
        source = (
            f"import json, casework.settings as s; print(json.dumps({{n: getattr(s, n) for n in {ASKED!r}}}))"
        )
        whole = inherited | {"CASEWORK_HOME": str(tmp_path), "CASEWORK_ROLE": "web"} | env
        done = subprocess.run(
            [sys.executable, "-c", source],
            cwd=CHECKOUT,
            env=whole,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return {"refused": done.stderr.strip().splitlines()[-1]}
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return read


def test_a_real_desk_has_host_cookies_hsts_and_a_second_factor(settings_under: Any) -> None:
    real = settings_under(DATABASE_URL="postgres://x@db/x", CASEWORK_PUBLIC_URL="https://desk.example")
    assert real == {
        "SESSION_COOKIE_NAME": "__Host-session", "CSRF_COOKIE_NAME": "__Host-csrf", "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True, "SECURE_HSTS_SECONDS": 63_072_000, "MFA_REQUIRED": True, "DEBUG": False,
        "CSAM_CUSTODY": "", "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin", "SESSION_COOKIE_SAMESITE": "Strict",
    }  # fmt: skip


def test_the_demo_on_plain_http_has_neither_and_differs_in_nothing_else(settings_under: Any) -> None:
    demo = settings_under(CASEWORK_PROFILE="demo")
    assert demo == {
        "SESSION_COOKIE_NAME": "session", "CSRF_COOKIE_NAME": "csrf", "SESSION_COOKIE_SECURE": False,
        "CSRF_COOKIE_SECURE": False, "SECURE_HSTS_SECONDS": 0, "MFA_REQUIRED": False, "DEBUG": False,
        "CSAM_CUSTODY": "forbidden", "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "SESSION_COOKIE_SAMESITE": "Strict",
    }  # fmt: skip


def test_a_demo_on_somebodys_own_database_is_refused(settings_under: Any) -> None:
    refused = settings_under(CASEWORK_PROFILE="demo", DATABASE_URL="postgres://x@db/x")
    assert "embedded database only" in refused["refused"]


def test_a_production_profile_is_the_default_with_a_database_of_ones_own(settings_under: Any) -> None:
    assert settings_under(DATABASE_URL="postgres://x@db/x")["MFA_REQUIRED"] is True
