"""Requests: whose they are behind a door that asked for a sign-in, and where they come from."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from .models import User


class DeskRequest(HttpRequest):
    """For annotations only: what the middleware has put on a request by the time ``@requires`` lets it in."""

    user: User
    htmx: HtmxDetails


def client_address(request: HttpRequest) -> str:
    """The address a request came from, as text; what stands in REMOTE_ADDR where that is no address.

    Proxies named in TRUSTED_PROXIES are believed about who asked them, from the nearest on; anybody else's
    ``X-Forwarded-For`` is a claim of the sender and means nothing.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    said = request.headers.get("X-Forwarded-For", "").split(",")
    while address in settings.TRUSTED_PROXIES and said:
        try:
            address = str(ipaddress.ip_address(said.pop().strip()))
        except ValueError:
            break
    return address
