from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from casework.accounts.permissions import open_to_everybody

from . import health


@open_to_everybody
@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when everything works, 503 otherwise; a word for each part."""
    parts = health.report()
    return JsonResponse(parts, status=200 if health.is_well(parts) else 503)
