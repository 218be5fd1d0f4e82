"""Somebody's own exposure, and their breaks. Nobody else can open these."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.models import User
from casework.accounts.permissions import open_to_signed_in

from . import actions, meter


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware has let nobody else in
    return request.user


@require_safe
@open_to_signed_in
def own(request: HttpRequest) -> HttpResponse:
    """What I looked at today, in numbers."""
    return render(
        request, "wellbeing/own.html", {"meter": meter.for_person(_person(request)), "limits": meter}
    )


@require_POST
@open_to_signed_in
def take_break(request: HttpRequest) -> HttpResponse:
    """I take a break now."""
    actions.take_break(_person(request))
    messages.success(request, _("Enjoy your break. The counter starts again."))
    return redirect("meter")
