"""Every component renders in all its states, says them in words, and is documented."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import AnonymousUser
from django.http import Http404
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.utils import timezone

from casework.ui import views
from casework.ui.templatetags import ui

ROOT = Path(__file__).parents[2]
COMPONENTS = sorted(path.stem for path in (ROOT / "templates" / "components").glob("[a-z]*.html"))


def _guide(page: str = "components") -> str:
    request = RequestFactory().get("/styleguide/")
    request.user = AnonymousUser()
    with override_settings(IS_DEMO=True):
        return views.styleguide(request, page).content.decode()


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_is_documented_and_used_on_the_styleguide(name: str) -> None:
    documented = (ROOT / "templates" / "components" / "README.md").read_text()
    used = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    assert f"`{name}`" in documented or f"% {name} " in documented
    assert f"components/{name}.html" in used or f"% {name} " in used


@pytest.mark.parametrize("page", views.SAMPLE_PAGES)
def test_the_styleguide_renders_every_sample_page_without_a_gap(page: str) -> None:
    html = _guide(page)
    assert "{{" not in html
    assert ">None<" not in html
    assert not re.search(r'(?:href|action|class|id)="None"', html)


def test_the_styleguide_exists_in_the_demo_only() -> None:
    with override_settings(IS_DEMO=False), pytest.raises(Http404):
        views.styleguide(RequestFactory().get("/styleguide/"))


def test_an_unknown_sample_page_is_not_found() -> None:
    with override_settings(IS_DEMO=True), pytest.raises(Http404):
        views.styleguide(RequestFactory().get("/styleguide/x/"), "x")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("found", "found"),
        ("not_found", "not found"),
        ("not_applicable", "does not apply"),
        ("failed", "failed"),
        ("not_checked", "not checked"),
    ],
)
def test_each_state_of_a_signal_has_its_own_word_and_shape(state: str, words: str) -> None:
    html = render_to_string(
        "components/signal_row.html", {"signal": {"question": "Is it known?", "state": state}}
    )
    assert f'<span class="signal-estimate">{words}</span>' in html
    shapes = {
        other: render_to_string("components/signal_row.html", {"signal": {"question": "?", "state": other}})
        for other in ("found", "not_found", "not_applicable", "failed", "not_checked")
    }
    paths = {other: re.findall(r' d="([^"]+)"', drawn)[0] for other, drawn in shapes.items()}
    assert len(set(paths.values())) == 5


def test_what_was_not_checked_never_shows_a_strength() -> None:
    signal = {"question": "Is it known?", "state": "not_checked", "strength": 0, "not_checked": ["no bank"]}
    html = render_to_string("components/signal_row.html", {"signal": signal})
    assert "strength" not in html
    assert "no bank" in html


def test_what_a_reporter_typed_cannot_become_markup() -> None:
    row = {
        "reference": "CW-1",
        "url": "/",
        "who": "<b>x</b>",
        "because": "<script>",
        "badges": [{"text": "<i>"}],
    }
    html = render_to_string("components/queue_row.html", {"row": row})
    assert "<b>" not in html
    assert "<script>" not in html
    assert "<i>" not in html


class _Form(forms.Form):
    name = forms.CharField(label="Name", help_text="As you like to be called.")
    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect, choices=[("a", "A"), ("b", "B")])


def test_a_field_in_error_is_tied_to_its_words() -> None:
    html = render_to_string("components/field.html", {"field": _Form({})["name"]})
    assert 'aria-describedby="id_name_error id_name_helptext"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html


def test_radios_stand_in_a_fieldset_with_their_question() -> None:
    html = render_to_string("components/field.html", {"field": _Form()["role"]})
    assert "<fieldset" in html
    assert re.search(r"<legend[^>]*>Role", html)
    assert html.count('type="radio"') == 2


def test_the_error_summary_leads_to_each_field() -> None:
    html = render_to_string("components/error_summary.html", {"form": _Form({})})
    assert 'href="#id_name"' in html
    assert "2 things to put right" in html
    assert render_to_string("components/error_summary.html", {"form": _Form()}).strip() == ""


def test_a_time_tells_the_exact_moment_too() -> None:
    then = timezone.now() - timedelta(hours=3)
    html = ui.relative_time(then)
    assert ">3 h ago</time>" in html
    assert f'datetime="{then.isoformat(timespec="seconds")}"' in html
    assert 'tabindex="0"' in html
    assert "tabindex" not in ui.relative_time(then, focusable=False)
    assert ui.relative_time(None) == ""


@pytest.mark.parametrize("status", ["400", "403", "404", "409", "413", "429", "500", "503", "signed_out"])
def test_an_error_page_needs_no_context_and_says_what_was_kept_and_what_to_do(status: str) -> None:
    html = render_to_string(f"errors/{status}.html")
    assert "<h1>" in html
    assert html.count("<p>") >= 3
    assert 'class="button' in html


def test_each_error_page_answers_with_its_own_status() -> None:
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    assert views.not_found(request, Exception()).status_code == 404
    assert views.forbidden(request, Exception()).status_code == 403
    assert views.bad_request(request, Exception()).status_code == 400
    assert views.server_error(request).status_code == 500
    assert views.csrf_failure(request).status_code == 403
