"""When two people, or a person and a job, want the same rows and one of them has waited long enough.

PostgreSQL then gives one transaction up, as a whole: nothing is wrong with what it was to do, only with the moment.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected, LockNotAvailable

from . import problems

#: Seconds after which trying again is likely to help.
AGAIN_SECONDS = 5


def is_busy(error: BaseException) -> bool:
    """Whether the database gave the transaction up because others hold what it waited for."""
    return isinstance(error, OperationalError) and isinstance(
        error.__cause__, DeadlockDetected | LockNotAvailable
    )


class BusyMiddleware:
    """Turns that into a 503 that says so, for people and for programs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not is_busy(exception):
            return None
        if problems.speaks_to_a_program(request):
            answer = problems.problem_response(
                503,
                _("Others were changing the same at this moment. Send the same request again in a moment."),
            )
        else:
            answer = render(request, "errors/503.html", status=503)
        answer["Retry-After"] = str(AGAIN_SECONDS)
        return answer
