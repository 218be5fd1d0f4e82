"""Conflicts become a 409 page in one place, for every HTML door."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from .actions import Conflict


class ConflictMiddleware:
    """Turns a ``Conflict`` into a page (or fragment) that says who was first and that nothing typed is lost."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Conflict):
            return None
        return render(request, "errors/409.html", {"conflict": exception}, status=409)
