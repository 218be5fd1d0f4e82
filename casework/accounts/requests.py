"""The request behind a door that asked for a sign-in: its user is somebody."""

from __future__ import annotations

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from .models import User


class DeskRequest(HttpRequest):
    """For annotations only: what the middleware has put on a request by the time ``@requires`` lets it in."""

    user: User
    htmx: HtmxDetails
