"""What one person wants changed in the directory. Nothing of it holds until another person agrees."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import Organisation, User
from casework.audit.log import Verb, record
from casework.partners import values
from casework.partners.checking import contact_problems, partner_problems
from casework.partners.conflicts import AlreadySettled, NotTheProposer, PartnerConflict
from casework.partners.models import Contact, Partner, PartnerChange


@transaction.atomic
def propose_partner(*, actor: User, why: str = "", **fields: Any) -> PartnerChange:
    """Propose a new partner; *fields* as in ``values.PARTNER_FIELDS``, ``name`` and ``kind`` at least.

    An organisation of that name that is no partner yet is taken up (a trusted flagger, say). Raises
    ``ValidationError`` by field.
    """
    told = values.of_partner(Partner(organisation=Organisation(name="", kind="")))
    told |= {name: values.plain(value) for name, value in fields.items()}
    _refuse(partner_problems(told))
    organisation = Organisation.objects.filter(name__iexact=str(told["name"])).first()
    if organisation is None:
        organisation = Organisation.objects.create(name=told["name"], kind=told["kind"])
    partner = Partner.objects.create(organisation=organisation)
    return _store(
        partner,
        PartnerChange.Kind.NEW,
        values.differences(values.of_partner(partner), told),
        actor=actor,
        why=why,
    )


@transaction.atomic
def propose_edit(partner: Partner, *, actor: User, why: str, **fields: Any) -> PartnerChange:
    """Propose other values for some of a partner's fields; for one that nobody agreed to yet, propose it anew.

    Raises ``ValidationError`` by field, and ``PartnerConflict`` when nothing would change.
    """
    found = _locked(partner)
    was = values.of_partner(found)
    _refuse(partner_problems(was | {name: values.plain(value) for name, value in fields.items()}, found))
    kind = PartnerChange.Kind.EDIT
    if found.state == Partner.State.PROPOSED:
        kind = PartnerChange.Kind.NEW
        if found.changes.open().filter(kind=kind).exists():
            raise PartnerConflict(_("It waits for a second person already. That comes first."))
    return _store(found, kind, _something(values.differences(was, fields), kind), actor=actor, why=why)


@transaction.atomic
def propose_contact(
    partner: Partner, contact: Contact | None = None, *, actor: User, why: str = "", **fields: Any
) -> PartnerChange:
    """Propose a new contact, or other values for one; *fields* as in ``values.CONTACT_FIELDS``.

    ``user`` is the sign-in to the portal: a partner's person of this organisation, or of none yet, who then joins it.
    Raises ``ValidationError`` by field.
    """
    found = _locked(partner)
    was = values.of_contact(contact)
    _refuse(
        contact_problems(was | {name: values.plain(value) for name, value in fields.items()}, found, contact)
    )
    kind = PartnerChange.Kind.CONTACT
    public_id = contact.public_id if contact is not None else uuid.uuid4()
    return _store(
        found,
        kind,
        _something(values.differences(was, fields), kind),
        actor=actor,
        why=why,
        contact=public_id,
    )


@transaction.atomic
def ask_to_resume(partner: Partner, *, actor: User, why: str) -> PartnerChange:
    """Ask that a suspended partner be taken up again."""
    found = _locked(partner)
    if found.state != Partner.State.SUSPENDED:
        raise PartnerConflict(_("It is not suspended. Nothing was changed."))
    kind = PartnerChange.Kind.RESUME
    if found.changes.open().filter(kind=kind).exists():
        raise PartnerConflict(_("Somebody has asked for this already. It waits for a second person."))
    fields = {"state": {"from": Partner.State.SUSPENDED.value, "to": Partner.State.ACTIVE.value}}
    return _store(found, kind, fields, actor=actor, why=why)


@transaction.atomic
def withdraw_change(change: PartnerChange, *, actor: User) -> None:
    """Take back what one proposed oneself, as long as nobody has decided; everything stays as it is.

    Raises ``NotTheProposer`` for anybody else, who refuses it instead, and ``AlreadySettled``.
    """
    partner = _locked(change.partner)
    found = PartnerChange.objects.select_for_update().get(pk=change.pk)
    if found.proposed_by_id != actor.pk:
        raise NotTheProposer(_("Only whoever proposed it takes it back. Somebody else can refuse it."))
    if not PartnerChange.objects.open().filter(pk=found.pk).update(withdrawn_at=Now()):
        raise AlreadySettled
    record(
        Verb.PARTNER_CHANGE_WITHDRAWN, actor=actor, subject=found, partner=partner.public_id, change=found.public_id,
        kind=found.kind, contact=found.content["contact"], personal={"partner": partner.organisation.name},
    )  # fmt: skip


def _locked(partner: Partner) -> Partner:
    return Partner.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=partner.pk)


def _refuse(problems: Mapping[str, str]) -> None:
    if problems:
        raise ValidationError({name: [sentence] for name, sentence in problems.items()})


def _something(fields: dict[str, dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """*fields*, unless nothing would change; a partner may be proposed anew as it was."""
    if not fields and kind != PartnerChange.Kind.NEW:
        raise PartnerConflict(_("Everything is as it was. There is nothing to propose."))
    return fields


def _store(
    partner: Partner,
    kind: str,
    fields: dict[str, dict[str, Any]],
    *,
    actor: User,
    why: str,
    contact: uuid.UUID | None = None,
) -> PartnerChange:
    change = PartnerChange.objects.create(
        partner=partner, kind=kind, proposed_by=actor,
        content={"why": why, "contact": str(contact) if contact else None, "fields": fields},
    )  # fmt: skip
    data, personal = values.for_the_log(fields)
    record(
        Verb.PARTNER_CHANGE_PROPOSED, actor=actor, subject=change, partner=partner.public_id, change=change.public_id,
        kind=kind, contact=contact, personal=personal | {"partner": partner.organisation.name, "why": why}, **data,
    )  # fmt: skip
    return change
