"""Matters as partners find them: sent, with a file in the store, at one moment of their lives."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from casework.accounts.models import Organisation, User
from casework.cases.models import Case
from casework.escalations.models import Escalation, Package
from casework.evidence.storage import evidence_store
from casework.partners.models import Channel, Contact, Partner
from tests.cast import make_case, person

#: What stands for an age file: this desk never opens one, so any bytes will do.
BYTES = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(20_000))


def make_partner(name: str = "Safe Harbour", *, people: tuple[User, ...] = (), **kwargs: Any) -> Partner:
    """A partner in force whose contacts are *people*."""
    organisation, _made = Organisation.objects.get_or_create(name=name, defaults={"kind": "ngo"})
    given = {
        "state": Partner.State.ACTIVE,
        "channel": Channel.PORTAL,
        "mail": "desk@harbour.example",
        **kwargs,
    }
    partner = Partner.objects.create(organisation=organisation, **given)
    for each in people:
        User.objects.filter(pk=each.pk).update(organisation=organisation)
        each.organisation = organisation
        Contact.objects.create(partner=partner, name=each.name, mail=each.email, user=each)
    return partner


def make_sent(
    partner: Partner, *, case: Case | None = None, state: str = "sent", **kwargs: Any
) -> Escalation:
    """An escalation that mona drafted and lena approved, as it stands in *state*."""
    out = state not in ("draft", "returned")
    given: dict[str, Any] = {
        "case": case or make_case(), "partner": partner, "channel": partner.channel, "state": state,
        "basis": "victim_request", "facts": "A picture was posted.", "fields": ["facts", "urgency", "locators"],
        "drafted_by": person("mona"), "approved_by": person("lena") if out else None,
        "approved_at": timezone.now() if out else None,
        "previewed_by": person("mona") if out else None, "previewed_at": timezone.now() if out else None,
        "previewed_digest": "0" * 64 if out else "", "approved_digest": "0" * 64 if out else "",
        "sent_at": Now() if state not in ("draft", "returned", "approved") else None,
        "expires_at": Now() + timedelta(days=30) if out else None,
    }  # fmt: skip
    found = Escalation.objects.create(**{**given, **kwargs})
    found.refresh_from_db()
    return found


def make_package(escalation: Escalation, content: bytes = BYTES) -> Package:
    """A package that is ready, its file in the store."""
    key = uuid.uuid4()
    part = evidence_store().open_part(key)
    part.stream.write(content)
    size = part.commit()
    return Package.objects.create(
        escalation=escalation, version=escalation.version, state=Package.State.READY, ready_at=timezone.now(),
        storage_key=key, size=size, sha256=hashlib.sha256(content).hexdigest(), signer_fingerprint="aaaa bbbb",
    )  # fmt: skip
