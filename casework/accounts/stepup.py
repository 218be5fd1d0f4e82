"""Step-up: what shows or changes something grave asks for a sign-in that is not older than an hour."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

View = Callable[..., HttpResponseBase]


def recently_authenticated(request: HttpRequest) -> bool:
    """Whether this session's person proved who they are within ``ACCOUNT_REAUTHENTICATION_TIMEOUT`` seconds."""
    times = [record.get("at", 0) for record in get_authentication_records(request, request.user)]
    return bool(times) and time.time() - max(times) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def steps_up(view: View) -> View:
    """Ask for the password or second factor again where it was too long ago, and come back to the page.

    The page is the form's field ``back`` (a path of ours), else the view's own address. Nothing is done meanwhile:
    the person presses the button again, and what they typed elsewhere is kept as drafts.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if recently_authenticated(request):
            return view(request, *args, **kwargs)
        back = request.POST.get("back", "")
        if not back.startswith("/") or not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
            back = request.path
        address = f"{reverse('account_reauthenticate')}?{urlencode({'next': back})}"
        if request.headers.get("HX-Request"):
            return HttpResponse(headers={"HX-Redirect": address})
        return redirect(address)

    return guarded
