"""What holds for every stylesheet, script and template, so that the strict policy of the pages can hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
TOKENS = (ROOT / "static" / "css" / "tokens.css").read_text()
DECLARED = set(re.findall(r"(--[\w-]+):", TOKENS))
#: The first tier of tokens: numbered or named after a hue. Only the second tier is for other files.
RAW = {name for name in DECLARED if re.match(r"--(grey|blue|sky|green|amber|red)-", name)}
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(")


def _ids(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _without_comments(css: str) -> str:
    return re.sub(r"/\*.*?\*/", "", css, flags=re.S)


def test_there_are_five_stylesheets_by_role() -> None:
    assert [path.stem for path in STYLES] == ["base", "components", "layout", "pages", "tokens"]


@pytest.mark.parametrize("path", [path for path in STYLES if path.stem != "tokens"], ids=_ids)
def test_colours_are_named_in_the_tokens_and_nowhere_else(path: Path) -> None:
    css = _without_comments(path.read_text())
    used = set(re.findall(r"var\((--[\w-]+)", css))
    assert COLOUR.findall(css) == []
    assert used & RAW == set(), "use a meaning, not the raw scale"
    assert used - DECLARED == set(), "not declared in tokens.css"


def test_tokens_hold_no_hex_colour_and_no_name_is_left_over() -> None:
    used = {name for path in STYLES for name in re.findall(r"var\((--[\w-]+)", path.read_text())}
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b", _without_comments(TOKENS)) == []
    assert DECLARED - used == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=_ids)
def test_a_script_is_one_short_behaviour_that_writes_no_markup_and_keeps_nothing(path: Path) -> None:
    script = path.read_text()
    assert len(script.splitlines()) < 60
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", script) == []
    assert re.findall(r"\beval\(|new Function|localStorage|sessionStorage|\.style\b", script) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_ids)
def test_a_template_carries_no_inline_style_script_or_handler(path: Path) -> None:
    html = re.sub(r"{% comment %}.*?{% endcomment %}|{#.*?#}", "", path.read_text(), flags=re.S)
    assert re.findall(r"\sstyle\s*=|<style\b", html) == []
    assert re.findall(r"<[^>]*\son[a-z]+\s*=", html) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", html) == []
    assert re.findall(r"javascript:|hx-on|hx-vals=['\"]js:", html) == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_ids)
def test_a_template_names_no_colour_of_its_own(path: Path) -> None:
    assert re.findall(r"""(?:fill|stroke|color|bgcolor)=["']#""", path.read_text()) == []


def test_pages_for_reporters_load_no_htmx_and_ask_for_no_storage() -> None:
    public = (ROOT / "templates" / "base_public.html").read_text()
    assert "_htmx" not in public
    assert "hx-" not in public
