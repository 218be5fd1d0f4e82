"""Errors of the REST API as RFC 9457 problems: every one in words, none as a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from casework.cases.conflicts import Conflict
from casework.evidence.actions import UploadGone
from casework.evidence.uploads import UploadRefused
from casework.ui.problems import PROBLEM, problem

from .actions import FilesNotAllowed, KeyReused
from .limits import TooOften


def problem_json(exception: Exception, context: Mapping[str, Any]) -> Response | None:
    """Every error that a view may raise, as ``application/problem+json``; None hands it on as a server error."""
    found = _as_api_exception(exception)
    if found is None:
        return None
    body = problem(found.status_code, _detail(found))
    if isinstance(found, exceptions.ValidationError):
        body["errors"] = _errors(found.detail)
    response = Response(body, status=found.status_code, content_type=PROBLEM)
    if auth_header := getattr(found, "auth_header", None):
        response["WWW-Authenticate"] = auth_header
    if wait := getattr(found, "wait", None):
        response["Retry-After"] = str(int(wait))
    if isinstance(found, exceptions.MethodNotAllowed):
        response["Allow"] = ", ".join(context["view"].allowed_methods)
    return response


class _Refused(exceptions.APIException):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status_code = status


def _as_api_exception(exception: Exception) -> exceptions.APIException | None:
    match exception:
        case exceptions.ValidationError():
            exception.status_code = 422
            return exception
        case exceptions.APIException():
            return exception
        case TooOften(wait=wait):
            return exceptions.Throttled(wait)
        case UploadRefused(status=status, message=message):
            return _Refused(status, message)
        case FilesNotAllowed(sentence=sentence):
            return _Refused(422, sentence)
        case KeyReused():
            return _Refused(
                422, _("This Idempotency-Key was used for another report. Nothing was filed now.")
            )
        case UploadGone():
            return _Refused(
                409,
                _(
                    "A file was no longer there when the report was to be filed. Nothing was filed; send it again."
                ),
            )
        case Conflict(sentence=sentence):
            return _Refused(409, sentence)
        case Http404():
            return _Refused(404, _("There is nothing at this address for this key."))
        case PermissionDenied():
            return exceptions.PermissionDenied()
        case TooManyFieldsSent() | TooManyFilesSent() | RequestDataTooBig():
            return _Refused(413, _("This is more than one report may hold. Nothing was kept."))
        case SuspiciousOperation():
            return _Refused(400, _("This request could not be read. Nothing was kept."))
    return None


def _detail(found: exceptions.APIException) -> str:
    if isinstance(found, exceptions.ValidationError):
        return _("Nothing was filed. See “errors” for what to change.")
    if isinstance(found, exceptions.Throttled):
        sentence = _("Too many requests with this key. Nothing was filed; try again in %d seconds.")
        return sentence % int(getattr(found, "wait", None) or 1)
    return str(found.detail)


def _errors(detail: Any, field: str = "") -> list[dict[str, str]]:
    if isinstance(detail, Mapping):
        return [error for name, inner in detail.items() for error in _errors(inner, field or _whole(name))]
    if isinstance(detail, list):
        return [error for inner in detail for error in _errors(inner, field)]
    return [{"field": "" if field == "non_field_errors" else field, "message": _whole(detail)}]


def _whole(text: object) -> str:
    """*text* without halves of characters, which JSON may hold and UTF-8 may not: mistakes repeat what was sent."""
    return str(text).encode("utf-8", "replace").decode()
