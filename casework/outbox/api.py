"""The door for receivers that answer later: signed Standard Webhooks, no older than five minutes, heard once."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from casework.accounts.requests import client_address

from .actions import NotResults, hear_callback
from .models import Endpoint
from .signing import BadSignature, verify

_MOST_BYTES = 256 * 1024


class Unproven(exceptions.APIException):
    """The signature does not prove who sent it."""

    status_code = 401
    auth_header = 'Signature scheme="standard-webhooks"'


class CallbackThrottle(SimpleRateThrottle):
    """At most ``callbacks`` requests per endpoint and address, so that nobody makes us check signatures all day."""

    scope = "callbacks"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"callback:{view.kwargs['public_id']}:{client_address(request._request)}"


@extend_schema(
    exclude=True
)  # docs/webhooks.md describes it: its callers are signed receivers, not holders of keys
class CallbackView(APIView):
    """Results for what an endpoint was asked to do."""

    authentication_classes = ()
    permission_classes = ()  # the signature is the permission
    throttle_classes = (CallbackThrottle,)

    def post(self, request: Request, public_id: UUID) -> Response:
        """Take over results; what was heard before is answered as it was then."""
        endpoint = Endpoint.objects.for_key(public_id)
        if endpoint is None:
            raise Http404
        told = hear_callback(endpoint, *proven_body(request, endpoint))
        return Response({"taken": told.taken, "left": told.left})

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, NotResults):
            exc = exceptions.ParseError(_("This is no list of results. Nothing was changed."))
        return super().handle_exception(exc)


def proven_body(request: Request, endpoint: Endpoint) -> tuple[str, Any]:
    """The ``webhook-id`` and the JSON of a request that *endpoint* signed within five minutes; None for no JSON.

    Raises errors of the REST framework: too long, not signed.
    """
    body = request._request.body
    if len(body) > _MOST_BYTES:
        raise exceptions.ValidationError(_("This is more than one callback may hold. Send several."))
    try:
        webhook_id = verify(request.headers, body, endpoint.good_secrets())
    except BadSignature as bad:
        raise Unproven(_refusal(bad.code)) from None
    try:
        return webhook_id, json.loads(body)
    except (ValueError, RecursionError):
        return webhook_id, None


def _refusal(code: str) -> str:
    if code == "time":
        return _("The timestamp is more than five minutes away from our clock. Nothing was changed.")
    if code == "headers":
        return _("Send webhook-id, webhook-timestamp and webhook-signature. Nothing was changed.")
    return _("No secret of this endpoint made this signature. Nothing was changed.")
