"""Endpoints: made, changed, switched, given a new secret, and let into a private network by two people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.outbox.delivery import TEST
from casework.outbox.models import Endpoint, Message
from casework.outbox.signing import new_secret

from .posting import cancel_to, post


class SameEndpointPerson(PermissionDenied):
    """Four eyes: whoever changed the address or the secret of a partner's system can't be the second person for it."""


class SameNetPerson(PermissionDenied):
    """Four eyes: whoever asked for a private network can't be the second person for it."""


#: Columns that say who changed what waits, and who agreed.
_AGREEING = ("address_by", "secret_by", "agreed_by", "version")


@transaction.atomic
def create_endpoint(
    *, actor: User, name: str, url: str, purpose: str, private_net: str = "", key: str = ""
) -> tuple[Endpoint, str]:
    """A new endpoint, switched off, and its secret, which is shown once. A partner's system gets nothing before two
    people agreed that it is that partner's."""
    secret = new_secret()
    endpoint = Endpoint.objects.create(
        name=name, url=url, purpose=purpose, secrets=[{"secret": secret, "until": None}],
        private_net=private_net, net_proposed_by=actor if private_net else None, key=key,
    )  # fmt: skip
    record(
        Verb.ENDPOINT_CREATED, actor=actor, subject=endpoint, endpoint=endpoint.public_id, purpose=purpose,
        private_net=private_net, key=bool(key), personal={"name": name, "url": url},
    )  # fmt: skip
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    endpoint: Endpoint,
    *,
    actor: User,
    name: str,
    url: str,
    private_net: str = "",
    key: str = "",
    forget_key: bool = False,
) -> Endpoint:
    """Change name, address, private network or key. Another address of a partner's system, or network, needs the
    second person anew, and what waits for a partner's old address does not leave: somebody agreed to that one.

    An empty *key* keeps the one there is, but never for another address: keys go nowhere but where they were meant for.
    """
    found = _locked(endpoint)
    was, had_key = {"name": found.name, "url": found.url}, bool(found.key)
    if key or forget_key or found.url != url:
        found.key = key
    if (found.url, found.private_net) != (url, private_net):
        found.net_proposed_by, found.net_approved_by = (actor if private_net else None), None
    found.name, found.url = name, url
    was_net, found.private_net = found.private_net, private_net
    if found.purpose == Endpoint.Purpose.PARTNER and was["url"] != url:
        _wait(found, address_by=actor)
        cancel_to(found, actor=actor, why="address_changed")
    found.save(
        update_fields=["name", "url", "private_net", "key", "net_proposed_by", "net_approved_by", *_AGREEING]
    )
    record(
        Verb.ENDPOINT_CHANGED, actor=actor, subject=found, endpoint=found.public_id, was_net=was_net,
        private_net=private_net, key=bool(found.key), had_key=had_key, new_key=bool(key), waits=found.waits,
        personal={"was": was["name"], "was_url": was["url"], "name": name, "url": url},
    )  # fmt: skip
    return found


@transaction.atomic
def approve_net(endpoint: Endpoint, *, actor: User, net: str, host: str) -> bool:
    """The second person's word for *net*, which they saw beside *host*; false when that does not wait (any more).

    Raises ``SameNetPerson``.
    """
    found = _locked(endpoint)
    if not found.private_net or found.net_approved_by_id is not None:
        return False
    if found.net_proposed_by_id == actor.pk:
        raise SameNetPerson(_("Somebody other than whoever asked has to allow a private network."))
    if (found.private_net, found.host) != (net, host):
        return False
    found.net_approved_by = actor
    found.save(update_fields=["net_approved_by"])
    record(
        Verb.ENDPOINT_NET_APPROVED, actor=actor, subject=found, endpoint=found.public_id,
        private_net=found.private_net,
    )  # fmt: skip
    return True


@transaction.atomic
def switch_endpoint(endpoint: Endpoint, *, actor: User, on: bool) -> bool:
    """Switch on or off; false when another endpoint is the platform's already (there is one at a time)."""
    found = _locked(endpoint)
    others = Endpoint.objects.select_for_update().filter(purpose=Endpoint.Purpose.PLATFORM, enabled=True)
    if on and found.purpose == Endpoint.Purpose.PLATFORM and others.exclude(pk=found.pk).exists():
        return False
    found.enabled, found.off_why = on, ""
    found.save(update_fields=["enabled", "off_why"])
    record(
        Verb.ENDPOINT_SWITCHED, actor=actor, subject=found, endpoint=found.public_id, enabled=on, why="person"
    )
    return True


@transaction.atomic
def rotate_secret(endpoint: Endpoint, *, actor: User, keep_hours: int) -> str:
    """A new secret, shown once. The one before stays good for *keep_hours*, older ones end now.

    Of a partner's system it waits for a second person: whoever sees the new one could sign in the partner's name.
    """
    found = _locked(endpoint)
    secret = new_secret()
    kept: list[dict[str, Any]] = []
    if keep_hours > 0 and found.waits and found.secret_by_id is not None:
        kept = found.secrets[1:]  # nobody else agreed to the newest, so it is never kept beside another
    elif keep_hours > 0:
        until = (timezone.now() + timedelta(hours=keep_hours)).isoformat(timespec="seconds")
        kept = [{"secret": found.secrets[0]["secret"], "until": until}]
    found.secrets = [{"secret": secret, "until": None}, *kept]
    if found.purpose == Endpoint.Purpose.PARTNER:
        _wait(found, secret_by=actor)
    found.save(update_fields=["secrets", *_AGREEING])
    record(
        Verb.ENDPOINT_ROTATED, actor=actor, subject=found, endpoint=found.public_id, keep_hours=keep_hours,
        waits=found.waits,
    )  # fmt: skip
    return secret


@transaction.atomic
def agree_endpoint(endpoint: Endpoint, *, actor: User, version: int) -> bool:
    """The second person's word for the address and secret of a partner's system, as they stood in *version*; false
    when that does not wait (any more). Raises ``SameEndpointPerson``."""
    found = _locked(endpoint)
    if not found.waits:
        return False
    if actor.pk in found.changed_by:
        raise SameEndpointPerson(_("Somebody other than whoever changed it has to agree."))
    if found.version != version:
        return False
    found.agreed_by = actor
    found.save(update_fields=["agreed_by"])
    record(
        Verb.ENDPOINT_CHANGE_AGREED, actor=actor, subject=found, endpoint=found.public_id, version=version,
        address=found.address_by_id is not None, secret=found.secret_by_id is not None,
        personal={"name": found.name, "url": found.url},
    )  # fmt: skip
    return True


def _wait(endpoint: Endpoint, **by: User) -> None:
    """Let *endpoint* wait for somebody other than *by*, and than whoever made a change that waits already."""
    if not endpoint.waits:
        endpoint.address_by = endpoint.secret_by = None
    for name, person in by.items():
        setattr(endpoint, name, person)
    endpoint.agreed_by = None
    endpoint.version += 1


@transaction.atomic
def send_test(endpoint: Endpoint, *, actor: User) -> Message:
    """A message that asks for nothing, also to an endpoint that is switched off."""
    return post(endpoint, TEST, {}, case=None, actor=actor)


def _locked(endpoint: Endpoint) -> Endpoint:
    return Endpoint.objects.select_for_update().get(pk=endpoint.pk)
