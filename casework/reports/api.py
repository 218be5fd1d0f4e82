"""The REST door: programs file reports with a key and ask what became of them. Errors are RFC 9457 problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import exceptions
from rest_framework.request import Request, is_form_media_type
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from casework.accounts.permissions import open_to_everybody
from casework.evidence.actions import discard_staged
from casework.evidence.uploads import accepts_uploads, staged_uploads
from casework.ui.problems import PROBLEM, problem_response

from .access import ApiKeyAuthentication
from .actions import FilesNotAllowed, KeyReused, file_report, report_of_key
from .forms.api import (
    FiledAnswer,
    ProblemAnswer,
    ReportBody,
    ReportWithFiles,
    StateAnswer,
    filed_answer,
    state_answer,
)
from .forms.api_docs import PROBLEMS, operations
from .limits import Limit, TooOften, bytes_per_day, count, declared_bytes
from .models import ApiKey, Report

KEY_REPEATABLE = "Idempotency-Key"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the key stands in the OpenAPI document."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key made on the page “API keys”."}


class KeyThrottle(SimpleRateThrottle):
    """At most ``API_REPORTS_RATE`` requests per key, counted one by one in the shared cache."""

    scope = "reports"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return str(request.auth.public_id) if isinstance(request.auth, ApiKey) else None

    def allow_request(self, request: Request, view: APIView) -> bool:
        key = self.get_cache_key(request, view)
        self._wait = 0
        most, seconds = self.parse_rate(self.rate)
        if key is None or most is None or seconds is None:
            return True
        try:
            count(Limit("api-key", most, seconds), key)
        except TooOften as error:
            self._wait = error.wait
            return False
        return True

    def wait(self) -> float | None:
        return self._wait


@accepts_uploads
class ReportsView(APIView):
    """File a report."""

    scopes: Mapping[str, str] = {"POST": ApiKey.Scope.FILE}
    throttle_classes = (KeyThrottle,)

    @extend_schema(
        operation_id="file_report",
        summary="File a report",
        request={"multipart/form-data": ReportWithFiles, "application/json": ReportBody},
        parameters=[
            OpenApiParameter(
                KEY_REPEATABLE,
                str,
                OpenApiParameter.HEADER,
                description="At most 255 characters of your own. The same key with the same report answers as the "
                "first time and files nothing; with another report it is refused (422). Recognised for at least a day.",
            )
        ],
        responses={
            201: OpenApiResponse(FiledAnswer, "Stored. The access code is shown here and never again."),
            **{(code, PROBLEM): ProblemAnswer for code in (400, 401, 403, 409, 411, 413, 415, 422, 429, 503)},
        },
    )
    def post(self, request: Request) -> Response:
        """Either everything is stored, every file included, or the answer is an error.

        Files may stand under any field name and as often as you like. Links alone are enough.
        """
        assert isinstance(request.auth, ApiKey)
        repeatable = request.headers.get(KEY_REPEATABLE, "")
        if len(repeatable) > 255:
            raise exceptions.ValidationError({KEY_REPEATABLE: _("At most 255 characters.")})
        count(bytes_per_day("key"), str(request.auth.public_id), cost=declared_bytes(request._request))
        uploads = staged_uploads(request)
        is_form = is_form_media_type(request.content_type)
        body = ReportBody(data=request.POST if is_form else request.data)
        try:
            body.is_valid(raise_exception=True)
            facts = body.facts(files=len(uploads))
            filed = file_report(
                channel=Report.Channel.API, facts=facts, uploads=uploads, api_key=request.auth,
                idempotency_key=repeatable, answer_of=filed_answer,
            )  # fmt: skip
        except (exceptions.APIException, FilesNotAllowed, KeyReused):
            discard_staged(uploads)
            raise
        assert filed.answer is not None
        return Response(filed.answer, status=201, headers={"Location": filed.answer["url"]})


class ReportView(APIView):
    """What became of a report."""

    scopes: Mapping[str, str] = {"GET": ApiKey.Scope.READ}
    throttle_classes = (KeyThrottle,)

    @extend_schema(
        operation_id="read_report",
        summary="Read the state of a report",
        responses={
            200: StateAnswer,
            **{(code, PROBLEM): ProblemAnswer for code in (401, 403, 404, 429)},
        },
    )
    def get(self, request: Request, public_id: Any) -> Response:
        """Where a report stands that this key filed. Nothing here says whether a file was known before."""
        assert isinstance(request.auth, ApiKey)
        report = report_of_key(request.auth, public_id)
        if report is None:
            raise Http404
        return Response(state_answer(report))


schema = open_to_everybody(SpectacularAPIView.as_view(api_version="v1"))


@require_safe
@open_to_everybody
def docs(request: HttpRequest) -> HttpResponse:
    """The API for people: a page drawn from the very document that programs read."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    context = {"operations": operations(document), "statuses": PROBLEMS, "base_url": settings.PUBLIC_URL}
    return render(request, "reports/api_docs.html", context)


@csrf_exempt
@open_to_everybody
def nothing_here(request: HttpRequest) -> HttpResponse:
    """Any other address below /api/: a problem, not a page."""
    return problem_response(404, _("There is nothing at this address."))
