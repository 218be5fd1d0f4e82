"""The second person's word on a change of the directory."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.partners import values
from casework.partners.checking import contact_problems, partner_problems
from casework.partners.conflicts import AlreadySettled, SamePartnerPerson, StaleChange
from casework.partners.models import Contact, Partner, PartnerChange

from .standing import end_sessions


@transaction.atomic
def agree_change(change: PartnerChange, *, actor: User) -> Partner:
    """Agree as second person: the change holds from now on. Raises ``SamePartnerPerson`` for its author,
    ``AlreadySettled``, and ``StaleChange`` when what it would change is no longer as its author saw it."""
    found, partner = _waiting(change, actor)
    fields = found.content["fields"]
    match found.kind:
        case PartnerChange.Kind.CONTACT:
            _apply_contact(partner, found.content["contact"], fields, actor)
        case PartnerChange.Kind.RESUME:
            _apply_state(partner)
        case _:
            _apply_partner(partner, found.kind, fields)
    data, personal = values.for_the_log(fields)
    _settle(found, partner, Verb.PARTNER_CHANGE_AGREED, actor, personal, agreed=True, **data)
    return partner


@transaction.atomic
def refuse_change(change: PartnerChange, *, actor: User, reason: str) -> Partner:
    """Refuse as second person: everything stays as it is. Raises ``SamePartnerPerson`` and ``AlreadySettled``."""
    found, partner = _waiting(change, actor)
    found.reason = reason
    _settle(found, partner, Verb.PARTNER_CHANGE_REFUSED, actor, {"reason": reason}, agreed=False)
    return partner


def _waiting(change: PartnerChange, actor: User) -> tuple[PartnerChange, Partner]:
    """The change and its partner, locked in the order that every writer keeps: the partner first."""
    partner = (
        Partner.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=change.partner_id)
    )
    found = PartnerChange.objects.select_for_update().get(pk=change.pk)
    if found.decided_at is not None or found.withdrawn_at is not None:
        raise AlreadySettled
    if found.proposed_by_id == actor.pk:
        raise SamePartnerPerson(_("Somebody other than whoever proposed it has to agree or refuse."))
    return found, partner


def _settle(
    change: PartnerChange, partner: Partner, verb: Verb, actor: User, personal: dict[str, str], *, agreed: bool,
    **data: Any,
) -> None:  # fmt: skip
    change.decided_by, change.decided_at, change.agreed = actor, timezone.now(), agreed
    change.save(update_fields=["decided_by", "decided_at", "agreed", "reason"])
    record(
        verb, actor=actor, subject=change, partner=partner.public_id, change=change.public_id, kind=change.kind,
        contact=change.content["contact"], personal=personal | {"partner": partner.organisation.name}, **data,
    )  # fmt: skip


def _fresh(was: dict[str, Any], fields: dict[str, dict[str, Any]]) -> None:
    if any(was[name] != both["from"] for name, both in fields.items()):
        raise StaleChange(
            _("What this would change has changed since it was proposed. Refuse it, and propose it anew.")
        )


def _holds(problems: dict[str, str]) -> None:
    if problems:
        raise StaleChange(
            _("It does not hold any more: %(why)s Refuse it, and propose it anew.")
            % {"why": " ".join(problems.values())}
        )


def _apply_partner(partner: Partner, kind: str, fields: dict[str, dict[str, Any]]) -> None:
    was = values.of_partner(partner)
    _fresh(was, fields)
    _holds(partner_problems(was | {name: both["to"] for name, both in fields.items()}, partner))
    if kind == PartnerChange.Kind.NEW:
        partner.state = Partner.State.ACTIVE
    values.write_partner(partner, fields)


def _apply_state(partner: Partner) -> None:
    if partner.state != Partner.State.SUSPENDED:
        raise StaleChange(_("It is not suspended any more. Refuse this change."))
    partner.state, partner.suspended_at = Partner.State.ACTIVE, None
    partner.save(update_fields=["state", "suspended_at"])


def _apply_contact(partner: Partner, public_id: str, fields: dict[str, dict[str, Any]], actor: User) -> None:
    contact = Contact.objects.select_for_update().filter(public_id=public_id).first()
    if contact is not None and contact.ended_at is not None:
        raise StaleChange(
            _("This contact has ended meanwhile. Refuse the change, and propose a new contact.")
        )
    was = values.of_contact(contact)
    _fresh(was, fields)
    _holds(contact_problems(was | {name: both["to"] for name, both in fields.items()}, partner, contact))
    before = contact.user if contact is not None else None
    _free(fields)
    values.write_contact(contact or Contact(public_id=public_id, partner=partner), fields)
    if before is not None and "user" in fields:
        end_sessions(before, actor=actor, why="contact_changed")


def _free(fields: dict[str, dict[str, Any]]) -> None:
    """A sign-in whose contact has ended may belong to a new one: it is a column of one row at a time."""
    if (user := fields.get("user", {}).get("to")) is not None:
        Contact.objects.filter(user__public_id=user, ended_at__isnull=False).update(user=None)
