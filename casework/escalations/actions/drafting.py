"""Drafts: written, changed, looked at and offered by one person; approved, returned or refused by another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.audit.log import Verb
from casework.cases.actions.decisions import standing_decision
from casework.cases.models import Case, Locator
from casework.escalations import choosing, requests, rules
from casework.escalations.conflicts import (
    IllegalMove,
    LookAgain,
    NotReady,
    NotThere,
    OnlyAuthor,
    SamePerson,
    StaleEscalation,
)
from casework.escalations.models import Escalation, EscalationItem, EscalationLocator, State
from casework.escalations.readiness import in_the_way
from casework.escalations.wording import no_such_move
from casework.evidence.models import Item
from casework.partners.models import Channel, Partner, Tlp
from casework.partners.reading import why_not_sendable

from . import packages, sending, tips
from .moving import UNAGREED, change, lock, move, note

#: Fields of a draft that its author may set; all of them are what would leave, or why it may.
EDITABLE = {
    "authority", "basis", "channel", "consent", "consent_how", "decision", "facts", "fields", "jurisdiction",
    "jurisdiction_how", "imagery_why", "legal_request", "nondisclosure_until", "offence_hint", "reasons", "tlp",
    "urgency",
}  # fmt: skip
#: Channels that take no package: they are told codes, places or hashes.
WITHOUT_PACKAGE = {Channel.XARF_MAIL, Channel.XARF_API, Channel.STOPNCII}

#: Items, and whether the picture of each is to go along.
Chosen = Mapping[Item, bool]


@transaction.atomic
def draft_escalation(
    case: Case,
    *,
    actor: User,
    partner: Partner,
    basis: str,
    items: Chosen | None = None,
    locators: Iterable[Locator] | None = None,
    **fields: Any,
) -> Escalation:
    """A new draft about *case* for *partner*; *fields* are of ``EDITABLE``.

    Without *items* and *locators* it speaks of all of the case, without pictures; without ``fields`` of the minimum
    for its basis. Raises ``NotThere``, ``NotReady`` for a partner that receives nothing today.
    """
    if not Case.objects.for_user(actor).filter(pk=case.pk).exists():
        raise NotThere
    if not partner.receives:
        raise NotReady(why_not_sendable(partner, tlp=Tlp.CLEAR, imagery=False))
    _only_editable(fields)
    if not requests.may_choose(case, partner, actor, basis, fields.get("legal_request")):
        raise NotReady([_on_record()])
    values: dict[str, Any] = {
        "channel": partner.channel,
        "tlp": _tlp(partner),
        "decision": standing_decision(case),
    }
    escalation = Escalation.objects.create(
        case=case, partner=partner, basis=basis, drafted_by=actor, **(values | _silent(fields))
    )
    if items is None:
        items = dict.fromkeys(case.items.all(), False)
    _choose(escalation, items, case.locators.all() if locators is None else locators)
    if "fields" not in fields:
        change(escalation, fields=choosing.minimum(escalation))
    note(
        Verb.ESCALATION_DRAFTED, escalation, actor=actor, basis=basis, partner=partner.public_id,
        channel=escalation.channel, urgency=escalation.urgency,
    )  # fmt: skip
    return escalation


@transaction.atomic
def change_draft(
    escalation: Escalation,
    *,
    actor: User,
    version: int,
    items: Chosen,
    locators: Iterable[Locator],
    **fields: Any,
) -> Escalation:
    """Write a draft anew; what was looked at, offered or agreed to before counts no more.

    Raises ``NotThere``, ``OnlyAuthor``, ``IllegalMove`` where it is no draft, ``StaleEscalation`` where *version* is
    not the newest, ``NotReady`` for a legal request that is not on record, checked and open.
    """
    _only_editable(fields)
    own_draft(escalation, actor, State.DRAFT, State.RETURNED)
    if escalation.version != version:
        raise StaleEscalation
    _rests_on_record(escalation, actor, fields)
    was = escalation.state
    _choose(escalation, items, locators)
    told = {"nondisclosure_until": escalation.nondisclosure_until, "legal_request": escalation.legal_request}
    change(escalation, **{**UNAGREED, **_silent(told | fields), "state": State.DRAFT, "version": version + 1})
    note(
        Verb.ESCALATION_CHANGED, escalation, actor=actor, version=escalation.version, was=was, now=State.DRAFT.value,
        fields=sorted(escalation.fields), items=escalation.chosen_items.count(),
        places=escalation.chosen_locators.count(), pictures=escalation.with_pictures,
    )  # fmt: skip
    return escalation


@transaction.atomic
def note_preview(escalation: Escalation, *, actor: User, digest: str) -> None:
    """Its author has read what would leave, to the letter of *digest*. Raises ``LookAgain`` where it changed since."""
    own_draft(escalation, actor, State.DRAFT)
    _same_preview(escalation, actor, digest)
    change(escalation, previewed_by=actor, previewed_at=Now(), previewed_digest=digest)
    note(Verb.ESCALATION_PREVIEWED, escalation, actor=actor, version=escalation.version, digest=digest)


@transaction.atomic
def offer(escalation: Escalation, *, actor: User) -> None:
    """Ask for a second person's word. Raises ``LookAgain`` without a preview of what it is now, ``NotReady``."""
    own_draft(escalation, actor, State.DRAFT)
    _same_preview(escalation, actor, escalation.previewed_digest)
    _ready(escalation, actor)
    change(escalation, offered_at=Now(), returned_why="")
    note(Verb.ESCALATION_OFFERED, escalation, actor=actor, version=escalation.version)


@transaction.atomic
def return_draft(escalation: Escalation, *, actor: User, reason: str) -> None:
    """Give somebody's draft back to them, with what has to change."""
    _offered(escalation, actor)
    move(
        escalation, State.RETURNED, actor=actor, verb=Verb.ESCALATION_RETURNED, personal={"reason": reason},
        changes={**UNAGREED, "returned_why": reason},
    )  # fmt: skip


@transaction.atomic
def refuse(escalation: Escalation, *, actor: User, reason: str) -> None:
    """It is not to leave at all: the end of this draft."""
    _offered(escalation, actor)
    move(
        escalation, State.REFUSED, actor=actor, verb=Verb.ESCALATION_REFUSED, personal={"reason": reason},
        changes={"ended_at": Now(), "ended_why": reason},
    )  # fmt: skip


@transaction.atomic
def approve_imagery(escalation: Escalation, *, actor: User, reason: str, digest: str) -> None:
    """The third person's word, before the second's: the pictures in the preview that *digest* stands for may go along.

    Raises ``SamePerson``, ``LookAgain``, ``NotReady``, ``IllegalMove`` where no picture was chosen or nothing offered.
    """
    may(actor, Perm.APPROVE_IMAGERY)
    lock(escalation, actor)
    if actor.pk == escalation.drafted_by_id:
        raise SamePerson(_("You drafted this. Somebody else has to let pictures go along."))
    _is_offered(escalation)
    if not escalation.with_pictures or escalation.imagery_approved_by_id is not None:
        raise IllegalMove(_("There are no pictures here that wait for a word. Nothing was changed."))
    if digest != escalation.previewed_digest:
        raise LookAgain
    _same_preview(escalation, actor, digest)
    _ready(escalation, actor)
    change(escalation, imagery_approved_by=actor, imagery_approved_at=Now())
    note(
        Verb.ESCALATION_IMAGERY_APPROVED, escalation, actor=actor, personal={"reason": reason},
        version=escalation.version, digest=digest,
        pictures=escalation.chosen_items.filter(with_picture=True).count(),
    )  # fmt: skip


@transaction.atomic
def approve(escalation: Escalation, *, actor: User, digest: str) -> None:
    """The second person's word: exactly what *digest* stands for leaves, and it goes on its way at once.

    Raises ``SamePerson``, ``LookAgain`` where the preview is not what the author or *actor* saw, ``NotReady``.
    """
    may(actor, Perm.APPROVE_ESCALATION)
    lock(escalation, actor)
    if actor.pk == escalation.drafted_by_id:
        raise SamePerson(_("You drafted this. Somebody else has to approve it."))
    if actor.pk == escalation.imagery_approved_by_id:
        raise SamePerson(_("You let its pictures go along. A third person has to approve the whole."))
    _is_offered(escalation)
    if digest != escalation.previewed_digest:
        raise LookAgain
    _same_preview(escalation, actor, digest)
    _ready(escalation, actor)
    pictures_agreed(escalation)
    move(
        escalation, State.APPROVED, actor=actor, verb=Verb.ESCALATION_APPROVED, digest=digest,
        version=escalation.version,
        changes={"approved_by": actor, "approved_at": Now(), "approved_digest": digest},
    )  # fmt: skip
    set_off(escalation, actor=actor)


def set_off(escalation: Escalation, *, actor: User) -> None:
    """What follows an agreement, in its transaction: a report to NCMEC, a notice, hashes, or a package to be made."""
    if escalation.is_tip:
        tips.start_tip(escalation, actor=actor)
    elif escalation.channel in WITHOUT_PACKAGE:
        sending.send(escalation, None, actor=actor)
    else:
        packages.ask_for_package(escalation, actor=actor)


def pictures_agreed(escalation: Escalation) -> None:
    """Raise ``NotReady`` while pictures wait for the third person."""
    if escalation.with_pictures and escalation.imagery_approved_by_id is None:
        raise NotReady([_("A third person has to let its pictures go along first.")])


def ready(escalation: Escalation, actor: User) -> list[str]:
    """What stands in the way of sending now, in sentences; empty when nothing does."""
    return in_the_way(escalation, viewer=actor)


def _ready(escalation: Escalation, actor: User) -> None:
    if found := ready(escalation, actor):
        raise NotReady(found)


def _same_preview(escalation: Escalation, viewer: User, digest: str) -> None:
    if not digest or choosing.preview(escalation, viewer=viewer).digest != digest:
        raise LookAgain


def own_draft(escalation: Escalation, actor: User, *states: str) -> None:
    """Lock a draft for its author."""
    lock(escalation, actor)
    if escalation.state not in states:
        raise IllegalMove(no_such_move(escalation.state, State.DRAFT))
    if escalation.drafted_by_id != actor.pk:
        raise OnlyAuthor


def _offered(escalation: Escalation, actor: User) -> None:
    """Lock an offered draft for whoever judges it."""
    may(actor, Perm.APPROVE_ESCALATION)
    lock(escalation, actor)
    if actor.pk == escalation.drafted_by_id:
        raise SamePerson(_("You drafted this. Change it, or withdraw it."))
    _is_offered(escalation)


def _is_offered(escalation: Escalation) -> None:
    if escalation.state != State.DRAFT:
        raise IllegalMove(no_such_move(escalation.state, State.APPROVED))
    if escalation.offered_at is None:
        raise IllegalMove(
            _("Its author has not offered this draft for approval (any more). Nothing was changed.")
        )


def may(actor: User, perm: Perm) -> None:
    """The door has asked already; what leaves is worth asking twice."""
    if not actor.may(perm):
        raise PermissionDenied


def _choose(escalation: Escalation, items: Chosen, locators: Iterable[Locator]) -> None:
    """Replace what the draft speaks of. Raises ``NotThere`` for what is not of its case."""
    places = list(locators)
    of_cases = {item.case_id for item in items} | {place.case_id for place in places}
    if not of_cases <= {escalation.case_id}:
        raise NotThere
    escalation.chosen_items.all().delete()
    escalation.chosen_locators.all().delete()
    EscalationItem.objects.bulk_create(
        EscalationItem(escalation=escalation, item=item, with_picture=picture)
        for item, picture in items.items()
    )
    EscalationLocator.objects.bulk_create(
        EscalationLocator(escalation=escalation, locator=locator) for locator in places
    )


def _rests_on_record(escalation: Escalation, actor: User, fields: Mapping[str, Any]) -> None:
    """Raise ``NotReady`` where the draft would rest on a legal request that *actor* can't name for it."""
    basis = fields.get("basis", escalation.basis)
    was = escalation.legal_request
    wanted = fields.get("legal_request", was)
    if not requests.may_choose(escalation.case, escalation.partner, actor, basis, wanted, was):
        raise NotReady([_on_record()])


def _silent(fields: Mapping[str, Any]) -> dict[str, Any]:
    """*fields*, silent as long as the legal request among them forbids any word, or longer where they say so."""
    dates = fields.get("nondisclosure_until"), requests.silent_until(fields.get("legal_request"))
    until = max((date for date in dates if date is not None), default=None)
    return {**fields, "nondisclosure_until": until}


def _on_record() -> str:
    return _(
        "A draft on this basis names the legal request that it answers: one of this partner, on record for this case, "
        "checked by two people and open. On another basis it names none. Nothing was changed."
    )


def _only_editable(fields: dict[str, Any]) -> None:
    if unknown := set(fields) - EDITABLE:
        raise TypeError(f"A draft has no field {sorted(unknown)}.")


def _tlp(partner: Partner) -> str:
    """Amber, as is usual between organisations, or what the partner may be sent at most."""
    return Tlp.AMBER if Tlp.AMBER in rules.tlps_within(partner.tlp_ceiling) else partner.tlp_ceiling
