"""Every pair of colours that text or a control stands in, light and dark, by WCAG 2.2's own arithmetic."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[2] / "static" / "css" / "tokens.css"
DECLARED = dict(re.findall(r"--([\w-]+):\s*([^;]+);", TOKENS.read_text().split("@supports")[0]))
GROUNDS = ["ground", "surface", "sunken", "raised", "hover", "pressed"]

BODY = [("ink", ground) for ground in GROUNDS]
BODY += [("ink", f"{meaning}-wash") for meaning in ("accent", "info", "good", "caution", "danger")]
TEXT = [("ink-soft", ground) for ground in GROUNDS]
TEXT += [
    (tone, ground)
    for tone in ("accent", "info", "good", "caution", "danger")
    for ground in ("ground", "surface", "raised", "hover", f"{tone}-wash")
]
TEXT += [
    ("on-solid", solid)
    for solid in ("accent-solid", "accent-solid-hover", "danger-solid", "danger-solid-hover")
]
TEXT += [("accent", f"{meaning}-wash") for meaning in ("info", "good", "caution", "danger")]
EDGES = [("edge", ground) for ground in ("surface", "raised", "ground")]
EDGES += [("accent", ground) for ground in GROUNDS]


def _resolve(value: str, theme: str) -> tuple[float, float, float]:
    """A token's value in *theme* ("light" or "dark") as OKLCH: lightness 0 to 1, chroma, hue in degrees."""
    value = value.strip()
    if pair := re.fullmatch(r"light-dark\((.+\)), (.+\))\)", value):
        return _resolve(pair.group(1 if theme == "light" else 2), theme)
    if name := re.fullmatch(r"var\(--([\w-]+)\)", value):
        return _resolve(DECLARED[name.group(1)], theme)
    numbers = re.fullmatch(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", value)
    assert numbers, f"not a colour: {value}"
    lightness, chroma, hue = map(float, numbers.groups())
    return lightness, chroma, hue


def _linear_rgb(oklch: tuple[float, float, float]) -> list[float]:
    """Linear sRGB, each 0 to 1, clipped (Ottosson's OKLab matrices, as CSS Color 4 prints them)."""
    lightness, chroma, hue = oklch
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    rgb = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    return [min(1.0, max(0.0, channel)) for channel in rgb]


def _contrast(one: str, other: str, theme: str) -> float:
    """The WCAG contrast ratio of two tokens, 1 to 21."""
    luminances = sorted(
        sum(
            weight * channel
            for weight, channel in zip((0.2126, 0.7152, 0.0722), _linear_rgb(colour), strict=True)
        )
        for colour in (_resolve(DECLARED[one], theme), _resolve(DECLARED[other], theme))
    )
    return (luminances[1] + 0.05) / (luminances[0] + 0.05)


def test_the_arithmetic_knows_black_on_white() -> None:
    black, white = _linear_rgb((0, 0, 0)), _linear_rgb((1, 0, 0))
    assert black == pytest.approx([0, 0, 0], abs=1e-6)
    assert white == pytest.approx([1, 1, 1], abs=1e-6)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), BODY)
def test_body_text_stands_out_sevenfold(text: str, ground: str, theme: str) -> None:
    assert _contrast(text, ground, theme) >= 7


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_all_other_text_stands_out_four_and_a_half_fold(text: str, ground: str, theme: str) -> None:
    assert _contrast(text, ground, theme) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_of_controls_and_the_focus_ring_stand_out_threefold(edge: str, ground: str, theme: str) -> None:
    assert _contrast(edge, ground, theme) >= 3
