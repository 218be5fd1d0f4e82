"""Who may use the REST API. It stands apart from ``api``, because DRF loads these classes while it loads its views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from .actions import key_of, note_key_used
from .models import ApiKey

if TYPE_CHECKING:
    from rest_framework.views import APIView


class ApiKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer KEY``. Sessions and cookies mean nothing here, so neither does CSRF."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        words = get_authorization_header(request).split()
        if not words:
            return None
        if len(words) != 2 or words[0].lower() != b"bearer":
            raise exceptions.AuthenticationFailed(_("Send the key as “Authorization: Bearer KEY”."))
        key = key_of(words[1].decode("latin-1"))
        if key is None:
            raise exceptions.AuthenticationFailed(_("This key is unknown or was revoked."))
        note_key_used(key)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class DeclaredScope(BasePermission):
    """Denies by default: a view names the scope of each method in ``scopes``; what is not named is refused."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            raise exceptions.NotAuthenticated(_("This address needs an API key."))
        if request.method not in view.allowed_methods:
            raise exceptions.MethodNotAllowed(str(request.method))
        wanted = getattr(view, "scopes", {}).get(request.method)
        if wanted is None or wanted not in request.auth.scopes:
            raise exceptions.PermissionDenied(
                _("This key may not do that: it lacks the scope “%s”.") % (wanted or "-")
            )
        return True
