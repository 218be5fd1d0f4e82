"""What one person may stop at once: a whole partner, or one of its contacts. Starting again takes two."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.partners.conflicts import AlreadySettled, PartnerConflict
from casework.partners.models import Contact, Partner


@transaction.atomic
def suspend_partner(partner: Partner, *, actor: User, reason: str) -> Partner:
    """Suspend at once: nothing is sent to it, and its people are signed out and see nothing any more."""
    found = Partner.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=partner.pk)
    if found.state != Partner.State.ACTIVE:
        raise PartnerConflict(_("It is not in force. Nothing was changed."))
    Partner.objects.filter(pk=found.pk).update(state=Partner.State.SUSPENDED, suspended_at=Now())
    record(
        Verb.PARTNER_SUSPENDED, actor=actor, subject=found, partner=found.public_id,
        personal={"partner": found.organisation.name, "reason": reason},
    )  # fmt: skip
    for contact in found.contacts.filter(user__isnull=False, ended_at__isnull=True).select_related("user"):
        if contact.user is not None:
            end_sessions(contact.user, actor=actor, why="partner_suspended")
    import_string(settings.ON_PARTNER_SUSPENDED)(found, actor=actor)
    found.refresh_from_db()
    return found


@transaction.atomic
def end_contact(contact: Contact, *, actor: User, reason: str) -> Contact:
    """End a contact at once: they are called no more, and their sign-in opens nothing. The row stays."""
    if not Contact.objects.filter(pk=contact.pk, ended_at__isnull=True).update(ended_at=Now()):
        raise AlreadySettled
    found = Contact.objects.select_related("partner__organisation", "user").get(pk=contact.pk)
    record(
        Verb.PARTNER_CONTACT_ENDED, actor=actor, subject=found, partner=found.partner.public_id,
        contact=found.public_id,
        personal={"partner": found.partner.organisation.name, "name": found.name, "reason": reason},
    )  # fmt: skip
    if found.user is not None:
        end_sessions(found.user, actor=actor, why="contact_ended")
    return found


def end_sessions(person: User, *, actor: User | None, why: str) -> int:
    """End every browser session of one of a partner's people, inside the caller's transaction; how many there were.

    They hold no claims on cases, so nothing else hangs on a session of theirs.
    """
    rows = UserSession.objects.filter(user=person)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    rows.delete()
    ended = len(keys)
    record(
        Verb.SESSION_ENDED, actor=actor, subject=person, personal={"name": person.name}, ended=ended, why=why
    )
    return ended
