"""Keys of the REST API: made and revoked by people, checked at each request."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from casework.accounts.models import Organisation, User
from casework.audit.log import Verb, record
from casework.reports.models import ApiKey

#: ``last_used_at`` is a hint for people; it is written at most this often.
_USED_EVERY = timedelta(minutes=1)


def _hash(key: str) -> str:
    # 256 random bits can't be guessed from their SHA-256; a slow hash would only slow down every request.
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def create_api_key(
    *,
    actor: User | None,
    name: str,
    organisation: str,
    kind: str = Organisation.Kind.PLATFORM,
    scopes: Iterable[str] = (ApiKey.Scope.FILE, ApiKey.Scope.READ),
    trusted_flagger: bool = False,
) -> tuple[ApiKey, str]:
    """A new key, and its text, which is shown once and stored nowhere. *actor* is None on the command line.

    An organisation of that name is made with *kind* when there is none.
    """
    owner, _ = Organisation.objects.get_or_create(name=organisation, defaults={"kind": kind})
    prefix = f"cw_{secrets.token_hex(4)}"
    secret = f"{prefix}.{secrets.token_urlsafe(32)}"
    wanted = sorted({ApiKey.Scope(scope).value for scope in scopes})
    key = ApiKey.objects.create(
        name=name, organisation=owner, prefix=prefix, key_hash=_hash(secret), scopes=wanted,
        trusted_flagger=trusted_flagger, made_by=actor,
    )  # fmt: skip
    record(
        Verb.API_KEY_CREATED, actor=actor, subject=key, key=key.public_id, prefix=prefix, scopes=wanted,
        trusted_flagger=trusted_flagger, personal={"name": name, "organisation": organisation},
    )  # fmt: skip
    return key, secret


@transaction.atomic
def revoke_api_key(key: ApiKey, *, actor: User | None) -> bool:
    """End a key at once. False: it was revoked already."""
    if not ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=Now()):
        return False
    key.refresh_from_db()
    record(Verb.API_KEY_REVOKED, actor=actor, subject=key, key=key.public_id, prefix=key.prefix)
    return True


def key_of(secret: str) -> ApiKey | None:
    """The living key whose text *secret* is, or None."""
    prefix = secret.partition(".")[0]
    key = ApiKey.objects.filter(prefix=prefix, revoked_at__isnull=True).first() if len(prefix) <= 12 else None
    if key is None or not hmac.compare_digest(key.key_hash, _hash(secret)):
        return None
    return key


def note_key_used(key: ApiKey) -> None:
    """Keep when a key was last used, to the minute."""
    if key.last_used_at is not None and timezone.now() - key.last_used_at < _USED_EVERY:
        return  # most requests of a busy key: nothing to ask the database for
    ApiKey.objects.filter(pk=key.pk).filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=Now() - _USED_EVERY)
    ).update(last_used_at=Now())
