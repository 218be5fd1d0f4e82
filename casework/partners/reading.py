"""What others ask of the directory: who is in it, and whether something may be sent to a partner today."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from casework.accounts.models import User

from . import values
from .checking import BY_ENDPOINT
from .models import Channel, Contact, Partner, PartnerChange, PartnerKey, Tlp

#: Channels by which an encrypted package goes; the others carry notices or hashes and need no key of the partner.
SEALED = (Channel.PORTAL, Channel.LINK, Channel.WEBHOOK)
#: An agreement or key that ends within this time is shown in the list.
SOON = timedelta(days=30)


def why_not_sendable(partner: Partner, *, tlp: str, imagery: bool, channel: str | None = None) -> list[str]:
    """Sentences on why nothing may be sent to *partner* now, read anew from the database; empty when it may.

    *tlp* is the label of what would go, *imagery* whether pictures are part of it, *channel* another than the
    partner's own.
    """
    fresh = Partner.objects.select_related("organisation", "endpoint").get(pk=partner.pk)
    return why_not_as_read(fresh, tlp=tlp, imagery=imagery, channel=channel)


def why_not_as_read(partner: Partner, *, tlp: str, imagery: bool, channel: str | None = None) -> list[str]:
    """The same by the row as it was read, for lists: no more queries where endpoint and keys were read along."""
    found = _nothing_goes(partner, channel or partner.channel)
    if _rank(tlp) > _rank(partner.tlp_ceiling):
        found.append(
            _("It is labelled %(label)s, and this partner gets no more than %(ceiling)s.")
            % {"label": tlp, "ceiling": partner.tlp_ceiling}
        )
    if imagery and not partner.imagery_allowed:
        found.append(_("The agreement with this partner lets no pictures go to it."))
    return found


def _nothing_goes(partner: Partner, way: str) -> list[str]:
    """Why nothing goes to *partner* by *way*, whatever it is; by the row as it was read."""
    return [*_standing(partner), *_way(partner, way), *(key_problems(partner) if way in SEALED else ())]


def _rank(label: str) -> int:
    return Tlp.values.index(label)


def _standing(partner: Partner) -> list[str]:
    today = timezone.now().date()
    found = []
    if partner.state == Partner.State.PROPOSED:
        found.append(_("A second person has not agreed to this partner."))
    if partner.state == Partner.State.SUSPENDED:
        found.append(_("This partner is suspended."))
    if partner.agreement_from and partner.agreement_from > today:
        found.append(_("The agreement begins on %(day)s.") % {"day": _day(partner.agreement_from)})
    if partner.agreement_until and partner.agreement_until < today:
        found.append(_("The agreement ran out on %(day)s.") % {"day": _day(partner.agreement_until)})
    return found


def _way(partner: Partner, channel: str) -> list[str]:
    if channel == Channel.XARF_MAIL and not partner.mail:
        return [_("No e-mail address is on record for notices.")]
    if channel not in BY_ENDPOINT:
        return []
    if partner.endpoint is None:
        return [_("No endpoint of the partner's system is on record.")]
    if not partner.endpoint.enabled:
        return [_("The endpoint “%(name)s” is switched off.") % {"name": partner.endpoint.name}]
    if partner.endpoint.waits:
        return [
            _("Address or secret of the endpoint “%(name)s” were changed. Until somebody else has agreed to that, "
              "nothing is sent.") % {"name": partner.endpoint.name}
        ]  # fmt: skip
    return []


def key_problems(partner: Partner) -> list[str]:
    """Why no package can be encrypted to *partner* now, each with what to do; empty when one can."""
    live = [key for key in partner.keys.all() if key.revoked_at is None]
    waiting = [key for key in live if key.verified_at is None]
    if not live:
        return [
            _("No key is on record. Enter the partner's age recipient, and have another person verify it.")
        ]
    if waiting:
        return [
            _("A key waits to be verified. Until somebody else has compared its fingerprint with the partner, or it "
              "is revoked, nothing is sent.")
        ]  # fmt: skip
    if not any(key.usable for key in live):
        return [
            _("The key was verified more than a year ago. Compare its fingerprint with the partner again.")
        ]
    return []


def blocked(partner: Partner) -> list[str]:
    """Sentences on why nothing at all may be sent to *partner* now, whatever its label; empty when something may."""
    return why_not_sendable(partner, tlp=Tlp.CLEAR, imagery=False)


def ending_soon(partner: Partner) -> list[str]:
    """What ends within ``SOON``: the agreement, and the last key that still holds."""
    today = timezone.now().date()
    found = []
    ends = partner.agreement_until
    if ends and today <= ends <= today + SOON:
        found.append(_("The agreement ends on %(day)s.") % {"day": _day(ends)})
    last = max((key.expires_at for key in partner.keys.all() if key.usable and key.expires_at), default=None)
    if last and last.date() <= today + SOON:
        found.append(_("The key has to be compared again by %(day)s.") % {"day": _day(last.date())})
    return found


def concerns(partner: Partner) -> list[str]:
    """What the list says beside a partner: why nothing can be sent to it, else what ends soon."""
    if partner.state != Partner.State.ACTIVE:
        return []  # its state says it
    return [*_nothing_goes(partner, partner.channel), *ending_soon(partner)]


def settled_changes(partner: Partner, most: int = 20) -> list[PartnerChange]:
    """The latest changes that a second person agreed to or refused, newest first."""
    found = partner.changes.filter(decided_at__isnull=False).select_related("proposed_by", "decided_by")
    return list(found[:most])


def contact_of(change: PartnerChange) -> Contact | None:
    """The contact that a change speaks of, where it exists already."""
    public_id = change.content["contact"]
    return Contact.objects.filter(public_id=public_id).first() if public_id else None


def contact_name(change: PartnerChange) -> str:
    """Whom a change of a contact speaks of; empty for other changes."""
    found = contact_of(change)
    if found is not None:
        return str(found.name)
    return str(change.content["fields"].get("name", {}).get("to", ""))


def as_it_stands(change: PartnerChange) -> dict[str, Any]:
    """Every field that *change* could speak of, as it stands today, in plain JSON."""
    if change.kind == PartnerChange.Kind.CONTACT:
        return values.of_contact(contact_of(change))
    return values.of_partner(change.partner) | {"state": str(change.partner.state)}


def _day(day: Any) -> str:
    return date_format(day, "j M Y")


def fingerprint(recipient: str) -> str:
    """SHA-256 of a recipient's text in ASCII, as sixteen groups of four hex digits: what is read aloud.

    Anybody can work it out: ``printf %s age1… | sha256sum``.
    """
    digits = hashlib.sha256(recipient.strip().encode("ascii")).hexdigest()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def open_changes(partner: Partner | None = None) -> list[PartnerChange]:
    """Changes that wait for a second person, oldest first; of one partner or of all."""
    found = PartnerChange.objects.open()
    if partner is not None:
        found = found.filter(partner=partner)
    return list(found.select_related("partner__organisation", "proposed_by").order_by("pk"))


def keys_to_verify() -> list[PartnerKey]:
    """Keys that nobody has verified and nobody has revoked, oldest first."""
    found = PartnerKey.objects.filter(verified_at__isnull=True, revoked_at__isnull=True)
    return list(found.select_related("partner__organisation", "added_by").order_by("pk"))


def directory(user: User, asked: dict[str, Any]) -> list[Partner]:
    """The partners that *user* may see and that answer what is *asked*: q, kind, country, language, accepts,
    channel, state; empty values ask nothing."""
    found = Partner.objects.for_user(user).select_related("organisation", "endpoint").prefetch_related("keys")
    if asked.get("q"):
        found = found.filter(organisation__name__icontains=asked["q"])
    if asked.get("kind"):
        found = found.filter(organisation__kind=asked["kind"])
    for name in ("channel", "state"):
        if asked.get(name):
            found = found.filter(**{name: asked[name]})
    for name, column in (("country", "countries"), ("language", "languages"), ("accepts", "accepts")):
        if asked.get(name):
            found = found.filter(Q(**{f"{column}__contains": [asked[name]]}))
    return list(found)


def contacts_of(partner: Partner) -> list[Contact]:
    """The contacts that have not ended, oldest first."""
    return list(partner.contacts.filter(ended_at__isnull=True).select_related("user"))
