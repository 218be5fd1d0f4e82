"""Where allauth asks us: who may sign in, from which address, and with which second factor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from casework.accounts.models import User
from casework.accounts.requests import DeskRequest, client_address
from casework.privacy.keyring import fields_cipher

from . import actions

#: People of the demo; they exist in a marked demo database only, and sign in nowhere else.
DEMO_DOMAIN = "@demo.test"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-in by invitation only; every sign-in, refusal and sign-out is an entry of the log."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        # Over a Unix socket there is no address; allauth's list of sessions wants one.
        return client_address(request) or "127.0.0.1"

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        if user.email.endswith(DEMO_DOMAIN) and settings.PROFILE == "production":
            return render(request, "account/account_inactive.html", status=403)
        refusal: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return refusal

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        return render(request, "account/account_inactive.html", status=403)

    def login(self, request: HttpRequest, user: User) -> None:
        super().login(request, user)
        actions.note_sign_in(user, address=client_address(request))

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        actions.note_failed_sign_in(credentials.get("email", ""), address=client_address(request))

    def logout(self, request: DeskRequest) -> None:
        actions.note_sign_out(request.user, session_key=request.session.session_key)
        super().logout(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Mail says only that something waits; allauth's texts about accounts are not sent."""


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors by allauth's rules; the shared secrets are encrypted columns."""

    def encrypt(self, text: str) -> str:
        return fields_cipher().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        return fields_cipher().decrypt(encrypted_text.encode("ascii")).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Casework"}


class UserSessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc]
    """Ending one's own sessions from the list is an entry, and frees what was claimed in them."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        for session in sessions:
            actions.end_session(session.user, session.session_key, why="ended_from_the_list")
