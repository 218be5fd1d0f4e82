"""The door for partners' own systems: the package they were told of, for a request that their endpoint signed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from casework.outbox.api import CallbackThrottle, proven_body

from .fetching import may_go_on, reachable
from .serving import Fetcher, package_response

#: What the signed body of a request for a package says, so that no signature serves for anything else.
WANTED = "package.wanted"


@extend_schema(
    exclude=True
)  # docs/webhooks.md describes it: its callers are signed receivers, not holders of keys
class PackageView(APIView):
    """The encrypted package of one escalation."""

    authentication_classes = ()
    permission_classes = ()  # the signature is the permission
    throttle_classes = (CallbackThrottle,)

    def post(self, request: Request, public_id: UUID) -> HttpResponseBase:
        """The file, or the part that ``Range`` asks for; each fetch is counted."""
        found = reachable(public_id)
        if found is None:
            raise Http404
        endpoint, package = found
        _webhook_id, said = proven_body(request, endpoint)
        if not _asks_for(said, public_id):
            raise exceptions.ParseError(_("The signed text does not ask for this package. Nothing was sent."))
        fetcher = Fetcher(may_go_on=lambda: may_go_on(public_id))
        return package_response(request._request, package, fetcher)


def _asks_for(said: Any, public_id: UUID) -> bool:
    return (
        isinstance(said, dict)
        and said.get("type") == WANTED
        and said.get("data") == {"escalation": str(public_id)}
    )
