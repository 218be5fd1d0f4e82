"""allauth tells of changed passwords and second factors by signal only; here they become entries of the log.

The one place with signal receivers: a library's own events, never our own writes.
"""

from __future__ import annotations

from typing import Any

from allauth.account.signals import authentication_step_completed, password_changed
from allauth.mfa.signals import (
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
    authenticator_used,
)
from django.dispatch import receiver

from casework.accounts.models import User
from casework.audit.log import Verb

from . import actions


@receiver(password_changed)
def on_password_changed(sender: type, user: User, **_: Any) -> None:
    actions.note_password_change(user)


@receiver(authenticator_added)
def on_added(sender: type, user: User, authenticator: Any, **_: Any) -> None:
    verb = Verb.RECOVERY_CODES_MADE if authenticator.type == "recovery_codes" else Verb.MFA_ADDED
    actions.note_second_factor(verb, user, kind=authenticator.type)


@receiver(authenticator_removed)
def on_removed(sender: type, user: User, authenticator: Any, **_: Any) -> None:
    actions.note_second_factor(Verb.MFA_REMOVED, user, kind=authenticator.type)


@receiver(authenticator_reset)
def on_reset(sender: type, user: User, authenticator: Any, **_: Any) -> None:
    actions.note_second_factor(Verb.RECOVERY_CODES_MADE, user, kind=authenticator.type)


@receiver(authenticator_used)
def on_used(sender: type, user: User, authenticator: Any, reauthenticated: bool = False, **_: Any) -> None:
    if reauthenticated:
        actions.note_step_up(user, method=authenticator.type)


@receiver(authentication_step_completed)
def on_step(sender: type, user: User, method: str, reauthenticated: bool = False, **_: Any) -> None:
    if method == "password" and reauthenticated:
        actions.note_step_up(user, method=method)
