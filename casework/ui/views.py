"""Pages of the frame itself: theme switch, styleguide, and what stands there when something broke."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from . import problems, samples
from .context import THEMES, frame

THEME_SECONDS = 365 * 24 * 3600
SAMPLE_PAGES = ("components", "queue", "case", "report")


@login_not_required
@require_safe
def styleguide(request: HttpRequest, page: str = "components") -> HttpResponse:
    """Every component in all its states, and whole sample pages, on invented content; demo only."""
    if not settings.IS_DEMO or page not in SAMPLE_PAGES:
        raise Http404
    context = samples.styleguide()
    context["frame"]["theme"] = frame(request)["frame"]["theme"]
    return render(request, f"ui/styleguide/{page}.html", context)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep ``theme`` (light, dark, or empty for the system's) in a cookie and go back to ``next``."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        back = "/"
    response = HttpResponseRedirect(back)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie(
            "theme", chosen, max_age=THEME_SECONDS, secure=request.is_secure(), samesite="Strict"
        )
    else:
        response.delete_cookie("theme", samesite="Strict")
    return response


# What each door declares (accounts.permissions); this layer lies below the decorators that would say it.
styleguide.permission = "public"  # type: ignore[attr-defined]
theme.permission = "signed in"  # type: ignore[attr-defined]


def error_page(request: HttpRequest, status: int) -> HttpResponse:
    """The designed page for *status* (400, 403, 404, 409, 413, 429, 500 or 503)."""
    return render(request, f"errors/{status}.html", status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    if problems.speaks_to_a_program(request):
        return problems.unreadable()
    return error_page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403: signed in, and not allowed."""
    return error_page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return error_page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: renders without context processors, so that a broken database cannot break the apology."""
    if problems.speaks_to_a_program(request):
        return problems.broken()
    return HttpResponse(render_to_string("errors/500.html"), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """The form's token was missing or old: mostly a page left open over a sign-out."""
    return render(request, "errors/signed_out.html", status=403)
