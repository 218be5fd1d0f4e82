"""What every page for people outside has in common: open, unscripted, forgotten by the browser, left with one click."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from casework.accounts.permissions import open_to_everybody
from casework.reports.limits import TooOften

#: Where "Leave this page" ends. Nothing about us goes along: no referrer is sent.
NEUTRAL_SITE = "https://www.bbc.com/weather"
#: Names that say nothing, for a browser that somebody else may look into.
DRAFT_COOKIE = "__Host-v" if settings.IS_SECURE else "v"
STATUS_COOKIE = "__Host-w" if settings.IS_SECURE else "w"

View = Callable[..., HttpResponseBase]


def public_page(view: View) -> View:
    """Declare a page of the public form or the status page: open to everybody, no script may write into it."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except TooOften as error:
            response = too_often(request, error)
        response.headers["Cache-Control"] = "no-store"
        return response

    strict = csp_update({"require-trusted-types-for": ["'script'"], "trusted-types": ["'none'"]})(opened)
    return open_to_everybody(strict)


def render_public(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """Render a page whose "Leave this page" first deletes what this browser holds of us."""
    return render(request, template, {"leave_url": reverse("report_leave"), **(context or {})}, status=status)


def too_often(request: HttpRequest, error: TooOften) -> HttpResponse:
    """A limit is used up: how long to wait, and that nothing is lost."""
    minutes = max(1, round(error.wait / 60))
    response = render_public(request, "reports/too_often.html", {"minutes": minutes}, status=429)
    response.headers["Retry-After"] = str(error.wait)
    return response


def set_quiet_cookie(
    response: HttpResponseBase, name: str, value: str, *, until: datetime | None = None
) -> None:
    """A cookie that scripts can't read and other sites don't send; it ends with the browser, or at *until*."""
    response.set_cookie(
        name, value, expires=until, path="/", secure=settings.IS_SECURE, httponly=True, samesite="Strict"
    )


def forget_cookie(response: HttpResponseBase, name: str) -> None:
    """Have the browser drop one of our cookies."""
    response.set_cookie(
        name, "", max_age=0, path="/", secure=settings.IS_SECURE, httponly=True, samesite="Strict"
    )
