"""The doors for partners' own systems: the package they were told of, and its time stamp, for a request that their
endpoint signed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from casework.outbox.actions import use_once
from casework.outbox.api import CallbackThrottle, proven_body

from .fetching import may_go_on, reachable
from .models import Package
from .serving import Fetcher, package_response, stamp_response

#: What the signed body of a request says it wants, so that no signature serves for anything else.
PACKAGE_WANTED = "package.wanted"
STAMP_WANTED = "stamp.wanted"


_NOT_ANY_MORE = _lazy(
    "Access has ended: the agreement with your organisation ran out. Nothing was sent, and nothing is lost: ask the "
    "desk to prolong it."
)


class AskedBefore(exceptions.APIException):
    """Each signed request works once, so that whoever read one on the way can't make it again."""

    status_code = 409
    default_detail = _lazy(
        "A request with this webhook-id was answered before. Sign a new one, with an id of its own. Nothing was sent."
    )


class _Signed(APIView):
    """What only the partner's own system may have: a request that its endpoint signed."""

    authentication_classes = ()
    permission_classes = ()  # the signature is the permission
    throttle_classes = (CallbackThrottle,)


@extend_schema(
    exclude=True
)  # docs/webhooks.md describes it: its callers are signed receivers, not holders of keys
class PackageView(_Signed):
    """The encrypted package of one escalation."""

    def post(self, request: Request, public_id: UUID) -> HttpResponseBase:
        """The file, or the part that ``Range`` asks for; each fetch is counted."""
        package = _package(request, public_id, PACKAGE_WANTED)
        fetcher = Fetcher(may_go_on=lambda: may_go_on(public_id))
        return package_response(request._request, package, fetcher)


@extend_schema(exclude=True)
class StampView(_Signed):
    """The trusted time of that package (RFC 3161), where an authority gave one."""

    def post(self, request: Request, public_id: UUID) -> HttpResponseBase:
        """The authority's answer in DER; not counted, for it holds a hash and a time."""
        package = _package(request, public_id, STAMP_WANTED)
        if package.stamp is None:
            raise Http404
        return stamp_response(package)


def _package(request: Request, public_id: UUID, wanted: str) -> Package:
    """The file that waits for the escalation, once the request was seen to be signed and to want just that."""
    found = reachable(public_id)
    if found is None:
        raise Http404
    endpoint, package = found
    webhook_id, said = proven_body(request, endpoint)
    if not _asks_for(said, public_id, wanted):
        raise exceptions.ParseError(_("The signed text does not ask for this. Nothing was sent."))
    if not may_go_on(public_id):
        raise exceptions.PermissionDenied(_NOT_ANY_MORE)
    if not use_once(endpoint, webhook_id):
        raise AskedBefore
    return package


def _asks_for(said: Any, public_id: UUID, wanted: str) -> bool:
    return (
        isinstance(said, dict)
        and said.get("type") == wanted
        and said.get("data") == {"escalation": str(public_id)}
    )
