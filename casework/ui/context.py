"""What the frame around every page shows: navigation, due clocks, the person's own meter, theme."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.module_loading import import_string

from .navigation import OWN, RAIL

THEMES = ("light", "dark")


def _url(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _parts(request: HttpRequest) -> dict[str, Any]:
    # This layer lies below the apps that know about clocks and meters, so it has their dotted paths,
    # and imports none of them.
    paths: dict[str, str] = getattr(settings, "FRAME_PARTS", {})
    return {part: import_string(path)(request) for part, path in paths.items()}


def _counts(request: HttpRequest) -> dict[str, int]:
    counts: dict[str, int] = {}
    for path in getattr(settings, "FRAME_COUNTS", ()):
        counts |= import_string(path)(request)
    return counts


def _nav(request: HttpRequest, counts: dict[str, int]) -> list[dict[str, Any]]:
    entries = []
    for entry in RAIL:
        url = _url(entry.url_name)
        if url is None or not request.user.may(entry.permission):  # type: ignore[union-attr]
            continue
        entries.append(
            {
                "label": entry.label,
                "url": url,
                "icon": entry.icon,
                "key": entry.key,
                "count": counts.get(entry.url_name),
                "current": request.path == url,
            }
        )
    return entries


def _build(request: HttpRequest) -> dict[str, Any]:
    theme = request.COOKIES.get("theme")
    built: dict[str, Any] = {
        "person": None,
        "nav": [],
        "own": [],
        "due": None,
        "meter": None,
        "theme": theme if theme in THEMES else "",
        "demo": settings.IS_DEMO,
    }
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return built
    parts = _parts(request)
    return built | {
        "person": user,
        "nav": _nav(request, _counts(request)),
        "own": [
            {"label": label, "url": url, "icon": icon} for label, name, icon in OWN if (url := _url(name))
        ],
        "due": parts.get("due"),
        "meter": parts.get("meter"),
        "search_url": _url("search") if user.may("search_cases") else None,
        "next_url": _url("next_case") if user.may("claim_case") else None,
    }


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context variable ``frame``, built on first use: fragments and API answers never pay for it."""
    return {"frame": SimpleLazyObject(lambda: _build(request))}
