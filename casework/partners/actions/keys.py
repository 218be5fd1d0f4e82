"""age recipients of partners: entered by one person, verified with the partner by another, revoked by anybody."""

from __future__ import annotations

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.partners.checking import recipient_problem
from casework.partners.conflicts import AlreadySettled, PartnerConflict, SamePartnerPerson
from casework.partners.models import Partner, PartnerKey
from casework.partners.reading import fingerprint

#: A verified key is used for so long, then its fingerprint is compared again.
GOOD_FOR = timedelta(days=365)


@transaction.atomic
def add_key(partner: Partner, recipient: str, *, actor: User) -> PartnerKey:
    """Enter a recipient. From now on nothing is sent to this partner until another person verifies or revokes it.

    Raises ``ValidationError`` for what is no age recipient, ``PartnerConflict`` for one that is there already.
    """
    text = recipient.strip()
    if problem := recipient_problem(text):
        raise ValidationError({"recipient": [problem]})
    found = Partner.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=partner.pk)
    if found.keys.filter(recipient=text, revoked_at__isnull=True).exists():
        raise PartnerConflict(_("This key is on record already. Nothing was changed."))
    key = PartnerKey.objects.create(
        partner=found, recipient=text, fingerprint=fingerprint(text), added_by=actor
    )
    _tell(Verb.PARTNER_KEY_ADDED, key, actor)
    return key


@transaction.atomic
def verify_key(key: PartnerKey, *, actor: User, how: str, with_whom: str) -> PartnerKey:
    """Say that *actor* compared the fingerprint with the partner, *how* and *with_whom*; good for a year from now.

    The same again renews it. Raises ``SamePartnerPerson`` for whoever entered the key, ``PartnerConflict`` where a
    call back has no number whose source is on record, ``AlreadySettled`` for a revoked key.
    """
    partner = Partner.objects.select_for_update().get(pk=key.partner_id)
    found = PartnerKey.objects.select_for_update().get(pk=key.pk)
    if found.revoked_at is not None:
        raise AlreadySettled
    if found.added_by_id == actor.pk:
        raise SamePartnerPerson(_("Somebody other than whoever entered the key has to verify it."))
    if how == PartnerKey.How.CALL_BACK and not (partner.call_back_number and partner.call_back_source):
        raise PartnerConflict(
            _("No number to call back is on record with its independent source. Propose one first, or compare in "
              "another way.")
        )  # fmt: skip
    others = partner.keys.exclude(pk=found.pk).exclude(verified_at=None).filter(revoked_at=None)
    if how == PartnerKey.How.SIGNED and not others.exists():
        raise PartnerConflict(
            _("No other key of this partner is verified and not revoked. Compare in another way.")
        )
    again = found.verified_at is not None
    found.verified_by, found.verified_at = actor, timezone.now()
    number = partner.call_back_number if how == PartnerKey.How.CALL_BACK else ""
    # The number as it is today: another may be on record tomorrow.
    found.verified_how = PartnerKey.How(how)
    found.verified_with = f"{with_whom}, {number}" if number and number not in with_whom else with_whom
    found.expires_at = found.verified_at + GOOD_FOR
    found.save(update_fields=["verified_by", "verified_at", "verified_how", "verified_with", "expires_at"])
    _tell(
        Verb.PARTNER_KEY_VERIFIED, found, actor, {"with": with_whom, "number": number}, how=how, again=again,
        expires_at=found.expires_at,
    )  # fmt: skip
    return found


@transaction.atomic
def revoke_key(key: PartnerKey, *, actor: User, reason: str) -> PartnerKey:
    """Revoke at once; nothing is encrypted to it any more. What has gone out stays readable with it."""
    Partner.objects.select_for_update().get(pk=key.partner_id)
    found = PartnerKey.objects.select_for_update().get(pk=key.pk)
    if found.revoked_at is not None:
        raise AlreadySettled
    found.revoked_at, found.revoked_by = timezone.now(), actor
    found.save(update_fields=["revoked_at", "revoked_by"])
    _tell(Verb.PARTNER_KEY_REVOKED, found, actor, {"reason": reason})
    return found


def _tell(
    verb: Verb, key: PartnerKey, actor: User, personal: dict[str, str] | None = None, **data: object
) -> None:
    partner = key.partner
    record(
        verb, actor=actor, subject=key, partner=partner.public_id, key=key.public_id, fingerprint=key.fingerprint,
        personal={"partner": partner.organisation.name} | (personal or {}), **data,
    )  # fmt: skip
