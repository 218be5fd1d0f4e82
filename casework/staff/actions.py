"""Audited writes on people: inviting, roles, clearance, standing, sessions."""

from __future__ import annotations

from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from casework.accounts.models import Organisation, User
from casework.accounts.permissions import Role
from casework.audit.log import Verb, record
from casework.cases import actions as cases


class NotOnOneself(PermissionDenied):
    """Nobody changes their own role, clearance or standing."""


def _not_oneself(person: User, actor: User | None) -> None:
    if actor is not None and actor.pk == person.pk:
        raise NotOnOneself(_("Nobody changes their own role, clearance or standing. Ask a colleague."))


@transaction.atomic
def create_person(
    *,
    actor: User | None,
    email: str,
    name: str,
    role: str,
    cleared: bool = False,
    organisation: Organisation | None = None,
    password: str | None = None,
) -> User:
    """Add somebody. Without a password they choose one by the link that the administrator passes on."""
    person = User.objects.create_user(
        email, password, name=name, role=Role(role), cleared=cleared, organisation=organisation
    )
    record(
        Verb.PERSON_CREATED, actor=actor, subject=person, personal={"name": name, "email": email},
        role=role, cleared=cleared,
    )  # fmt: skip
    return person


@transaction.atomic
def change_role(person: User, role: str, *, actor: User) -> None:
    """Give somebody another role; every session of theirs ends with it."""
    _not_oneself(person, actor)
    was = person.role
    if was == role:
        return
    person.role = Role(role)
    person.save(update_fields=["role"])
    record(Verb.ROLE_CHANGED, actor=actor, subject=person, personal={"name": person.name}, was=was, now=role)
    end_sessions(person, actor=actor, why="role_changed")


@transaction.atomic
def change_clearance(person: User, cleared: bool, *, actor: User) -> None:
    """Clear somebody for restricted cases, or take that back; every session of theirs ends with it."""
    _not_oneself(person, actor)
    if person.cleared == cleared:
        return
    person.cleared = cleared
    person.save(update_fields=["cleared"])
    record(
        Verb.CLEARANCE_CHANGED, actor=actor, subject=person, personal={"name": person.name},
        was=not cleared, now=cleared,
    )  # fmt: skip
    end_sessions(person, actor=actor, why="clearance_changed")


@transaction.atomic
def set_standing(person: User, active: bool, *, actor: User) -> None:
    """Deactivate somebody (sessions and claims end at once) or let them in again."""
    _not_oneself(person, actor)
    if person.is_active == active:
        return
    person.is_active = active
    person.save(update_fields=["is_active"])
    verb = Verb.PERSON_REACTIVATED if active else Verb.PERSON_DEACTIVATED
    record(verb, actor=actor, subject=person, personal={"name": person.name})
    if not active:
        end_sessions(person, actor=actor, why="deactivated")


@transaction.atomic
def end_sessions(person: User, *, actor: User | None, why: str) -> int:
    """End every browser session of *person* and the claims that hang on them; returns how many there were.

    The session hash of ``User`` already refuses them; this removes the rows, so that nothing lingers."""
    ended = 0
    for row in UserSession.objects.filter(user=person):
        Session.objects.filter(session_key=row.session_key).delete()
        row.delete()
        ended += 1
    cases.release_all(person)
    record(
        Verb.SESSION_ENDED, actor=actor, subject=person, personal={"name": person.name}, ended=ended, why=why
    )
    return ended


@transaction.atomic
def end_session(person: User, session_key: str | None, *, why: str) -> None:
    """End one browser session of *person* and free what was claimed in it."""
    UserSession.objects.filter(user=person, session_key=session_key).delete()
    Session.objects.filter(session_key=session_key).delete()
    cases.release_all(person, session=cases.session_hash(session_key))
    record(Verb.SESSION_ENDED, actor=person, subject=person, personal={"name": person.name}, ended=1, why=why)


@transaction.atomic
def note_sign_in(person: User, *, address: str) -> None:
    """Somebody has signed in, second factor included where one is set up."""
    record(Verb.SIGNED_IN, actor=person, subject=person, personal={"address": address, "name": person.name})


@transaction.atomic
def note_failed_sign_in(email: str, *, address: str) -> None:
    """A password was wrong, or nobody has this address; the entry says the same for both."""
    known = User.objects.filter(email__iexact=email).first()
    record(
        Verb.SIGN_IN_FAILED,
        actor=None,
        subject=known or User(),
        personal={"email": email[:254], "address": address},
    )


@transaction.atomic
def note_sign_out(person: User, *, session_key: str | None) -> None:
    """Somebody signed out; what they had claimed in this browser is free again."""
    cases.release_all(person, session=cases.session_hash(session_key))
    record(Verb.SIGNED_OUT, actor=person, subject=person, personal={"name": person.name})


@transaction.atomic
def note_second_factor(verb: Verb, person: User, *, kind: str) -> None:
    """A second factor was added, removed or renewed."""
    record(verb, actor=person, subject=person, personal={"name": person.name}, kind=kind)


@transaction.atomic
def note_step_up(person: User, *, method: str) -> None:
    """Somebody proved again who they are, before an act that asks for it."""
    record(Verb.STEPPED_UP, actor=person, subject=person, personal={"name": person.name}, method=method)


@transaction.atomic
def note_password_change(person: User) -> None:
    """A password was changed; the session hash ends every session, this one included."""
    record(Verb.PASSWORD_CHANGED, actor=person, subject=person, personal={"name": person.name})
    end_sessions(person, actor=person, why="password_changed")


@transaction.atomic
def choose_time_zone(person: User, name: str) -> None:
    """The zone in which *person* reads times: a matter of taste, and no entry of the log."""
    person.timezone = name
    person.save(update_fields=["timezone"])


@transaction.atomic
def note_invitation(person: User, *, actor: User) -> None:
    """An administrator made a fresh link with which *person* can choose a password."""
    record(Verb.PERSON_INVITED, actor=actor, subject=person, personal={"name": person.name})


def invited_person(public_id: UUID) -> User | None:
    """Whom a welcome link speaks of, if they may still sign in."""
    return User.objects.filter(public_id=public_id, is_active=True).first()


@transaction.atomic
def choose_first_password(person: User, password: str) -> None:
    """Set the password of somebody invited; the link has thereby been used."""
    person.set_password(password)
    person.save(update_fields=["password"])
    note_password_change(person)
