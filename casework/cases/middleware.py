"""Conflicts become a 409 page in one place, for every HTML door."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from casework.partners.conflicts import PartnerConflict

from .actions import Conflict


class ConflictMiddleware:
    """Turns a ``Conflict``, or one of the partners below, into a page (or fragment) that says who was first and that
    nothing typed is lost."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Conflict | PartnerConflict):
            return None
        return render(request, "errors/409.html", {"conflict": exception}, status=409)
