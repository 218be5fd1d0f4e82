"""What each request of a signed-in person passes: session limits, the second factor, their time zone."""

from __future__ import annotations

import time
import zoneinfo
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from casework.accounts.permissions import Perm

from . import actions

GetResponse = Callable[[HttpRequest], HttpResponseBase]

#: Sent by scripts that poll or keep a lease: such a request neither extends a session nor counts as activity.
BACKGROUND_HEADER = "X-Background"
#: ``seen`` is written at most this often, so that a page view does not cost a session write each time.
SEEN_EVERY = 30


class SessionLimitsMiddleware:
    """Ends a session after 15 minutes without activity and after 8 hours in any case."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            now = int(time.time())
            began = request.session.setdefault("began", now)
            seen = request.session.setdefault("seen", now)
            if now - began > settings.SESSION_LIFETIME_SECONDS or now - seen > settings.SESSION_IDLE_SECONDS:
                actions.end_session(request.user, request.session.session_key, why="ran_out")
                logout(request)
            elif BACKGROUND_HEADER not in request.headers and now - seen >= SEEN_EVERY:
                request.session["seen"] = now
        return self.get_response(request)


class MfaRequiredMiddleware:
    """Outside the demo nobody gets past their own account pages without a second factor."""

    ALLOWED_PREFIXES = (
        "/account/",
        "/static/",
        "/healthz",
        "/report/",
        "/status/",
        "/link/",
        "/portal/second-factor/",
        "/api/",
        "/theme/",
        "/i18n/",
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if (
            settings.MFA_REQUIRED
            and request.user.is_authenticated
            and not request.path.startswith(self.ALLOWED_PREFIXES)
            and not is_mfa_enabled(request.user)
        ):
            return redirect("portal_second_factor" if request.user.may(Perm.USE_PORTAL) else "mfa_index")
        return self.get_response(request)


class PersonalTimeZoneMiddleware:
    """Shows times in the zone of the person who reads them."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(request.user.timezone)):
            return self.get_response(request)
