"""Which package a partner's own system may fetch now, and for how long it may go on."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from casework.outbox.models import Endpoint
from casework.partners.models import Accepts, Channel, Partner, agreed_until_today

from .models import Escalation, Package


def reachable(public_id: UUID) -> tuple[Endpoint, Package] | None:
    """The endpoint that signs for the escalation with this public id, and the file that waits for it; None where
    either is missing, access has ended, or the endpoint is switched off or waits for a second person.

    Whether the agreement still runs is asked by ``may_go_on``, once the caller has proven who they are: they are told.
    """
    escalation = _open(public_id).select_related("partner__endpoint").first()
    if escalation is None:
        return None
    endpoint = Endpoint.objects.in_force().filter(partners__escalations=escalation).first()
    package = escalation.packages.filter(state=Package.State.READY).select_related("escalation").first()
    return (endpoint, package) if endpoint is not None and package is not None else None


def may_go_on(public_id: UUID) -> bool:
    """Whether access has not ended since: asked anew while the file is on its way."""
    agreed = agreed_until_today("partner__")
    return _open(public_id).filter(agreed, partner__endpoint__in=Endpoint.objects.in_force()).exists()


def _open(public_id: UUID) -> QuerySet[Escalation]:
    # A system can't be cleared: what may show a minor is for those of partners that take that on.
    fit = Q(case__restricted=False) | Q(partner__accepts__contains=[Accepts.MINOR])
    return Escalation.objects.filter(
        fit, public_id=public_id, channel=Channel.WEBHOOK, state__in=Escalation.WITH_PARTNER,
        partner__state=Partner.State.ACTIVE, expires_at__gt=Now(),
    )  # fmt: skip
