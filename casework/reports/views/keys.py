"""The page of API keys."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from casework.accounts.permissions import Perm, requires
from casework.accounts.requests import DeskRequest
from casework.reports import actions
from casework.reports.forms.status import ApiKeyForm
from casework.reports.models import ApiKey


def _listing(request: DeskRequest, status: int = 200, **context: Any) -> HttpResponse:
    shown = {"keys": ApiKey.objects.for_user(request.user), "form": ApiKeyForm(label_suffix="")}
    return render(request, "reports/keys.html", {**shown, **context}, status=status)


@require_safe
@requires(Perm.MANAGE_API_KEYS)
def listing(request: DeskRequest) -> HttpResponse:
    """Every key, living and revoked; never its secret."""
    return _listing(request)


@require_POST
@requires(Perm.MANAGE_API_KEYS)
def create(request: DeskRequest) -> HttpResponse:
    """Make a key. This answer alone shows its secret, so it is not redirected."""
    form = ApiKeyForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _listing(request, 422, form=form)
    key, secret = actions.create_api_key(actor=request.user, **form.cleaned_data)
    return _listing(request, made=key, secret=secret)


@require_POST
@requires(Perm.MANAGE_API_KEYS)
def revoke(request: DeskRequest, public_id: UUID) -> HttpResponse:
    """End a key at once."""
    key = get_object_or_404(ApiKey.objects.for_user(request.user), public_id=public_id)
    actions.revoke_api_key(key, actor=request.user)
    return redirect("api_keys")
