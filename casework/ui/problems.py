"""Errors for programs: RFC 9457 problems, below /api/ instead of a page."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

PROBLEM = "application/problem+json"
#: Everything below it is spoken to by programs.
API_ROOT = "/api/"


def problem(status: int, detail: str) -> dict[str, Any]:
    """The body of a problem; *detail* is a sentence."""
    return {
        "type": f"{settings.PUBLIC_URL}{reverse('api_docs')}#error-{status}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }


def problem_response(status: int, detail: str) -> HttpResponse:
    """A problem as an answer, without anything of the frame: it stands where much may be broken."""
    return HttpResponse(json.dumps(problem(status, detail)), status=status, content_type=PROBLEM)


def speaks_to_a_program(request: HttpRequest) -> bool:
    """Whether whoever asked expects a problem rather than a page."""
    return request.path.startswith(API_ROOT)


def broken() -> HttpResponse:
    """Something failed on our side."""
    return problem_response(
        500, _("Something broke on our side. Send the same request again in a few minutes.")
    )


def unreadable() -> HttpResponse:
    """The request itself is not one."""
    return problem_response(400, _("This request could not be read. Nothing was kept."))
