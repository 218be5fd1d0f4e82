"""Claims: a lease by the database clock with a heartbeat, so that two people never decide the same case."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DateTimeField, ExpressionWrapper, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.conflicts import ClaimedByOther, LeaseLost
from casework.cases.models import LEASE_SECONDS, Case, Skip

from .opening import move_case

#: How long a skipped case stays away from whoever skipped it.
SKIP_HOURS = 4

_LEASE_END = ExpressionWrapper(Now() + timedelta(seconds=LEASE_SECONDS), output_field=DateTimeField())
_NO_CLAIM = {"claimed_by": None, "claim_token": None, "claim_session": "", "lease_until": None}


def session_hash(session_key: str | None) -> str:
    """What ties a claim or a reveal to a browser session without storing the session's key."""
    return hashlib.sha256((session_key or "").encode()).hexdigest()


def held_by(case: Case, actor: User, token: uuid.UUID | None) -> Q:
    """The condition under which *actor*'s claim with *token* on *case* is alive, by the database clock."""
    return Q(pk=case.pk, claimed_by=actor, claim_token=token, lease_until__gt=Now())


@transaction.atomic
def claim_case(case: Case, *, actor: User, session: str = "") -> uuid.UUID:
    """Take a free case (or keep one's own) and return the token that later writes must show.

    *session* is a hash of the browser session, with which the lease ends. Raises ``ClaimedByOther``.
    """
    token = uuid.uuid4()
    free = Q(claimed_by__isnull=True) | Q(lease_until__lte=Now()) | Q(claimed_by=actor)
    was = case.claimed_by_id
    if not Case.objects.filter(free, pk=case.pk).update(
        claimed_by=actor, claim_token=token, claim_session=session, lease_until=_LEASE_END
    ):
        case.refresh_from_db()
        holder = case.claimed_by.name if case.claimed_by else _("Somebody else")
        raise ClaimedByOther(_("%(name)s claimed this case a moment ago.") % {"name": holder})
    case.refresh_from_db()
    record(
        Verb.CASE_CLAIMED,
        actor=actor,
        subject=case,
        case=case,
        was_claimed=was is not None and was != actor.pk,
    )
    return token


def renew_claim(case: Case, *, actor: User, token: uuid.UUID) -> datetime:
    """The heartbeat: lengthen a living lease; no audit entry, since nothing changes hands. Raises ``LeaseLost``."""
    if not Case.objects.filter(held_by(case, actor, token)).update(lease_until=_LEASE_END):
        raise LeaseLost
    case.refresh_from_db(fields=["lease_until"])
    assert case.lease_until is not None
    return case.lease_until


@transaction.atomic
def release_case(case: Case, *, actor: User, token: uuid.UUID) -> None:
    """Give a case back to the queue. A claim that has ended already is left alone."""
    if Case.objects.filter(pk=case.pk, claimed_by=actor, claim_token=token).update(**_NO_CLAIM):
        case.refresh_from_db()
        record(Verb.CASE_RELEASED, actor=actor, subject=case, case=case)


@transaction.atomic
def release_all(person: User, *, session: str | None = None) -> None:
    """End every claim of somebody whose browser session (or, without *session*, whose every session) ends."""
    held = Case.objects.filter(claimed_by=person).select_for_update(of=("self",))
    for case in held.filter(claim_session=session) if session is not None else held:
        Case.objects.filter(pk=case.pk).update(**_NO_CLAIM)
        record(Verb.CASE_RELEASED, actor=person, subject=case, case=case, why="session_ended")


@transaction.atomic
def take_over_case(case: Case, *, actor: User, reason: str, session: str = "") -> uuid.UUID:
    """Take a case from whoever holds it, with a reason that they can read."""
    held = Case.objects.select_for_update().get(pk=case.pk)
    token = uuid.uuid4()
    Case.objects.filter(pk=case.pk).update(
        claimed_by=actor, claim_token=token, claim_session=session, lease_until=_LEASE_END
    )
    case.refresh_from_db()
    record(
        Verb.CASE_TAKEN_OVER, actor=actor, subject=case, case=case, personal={"reason": reason},
        was=held.claimed_by.public_id if held.claimed_by else None, now=actor.public_id,
    )  # fmt: skip
    return token


@transaction.atomic
def hold_case(case: Case, *, actor: User, token: uuid.UUID, until: datetime, reason: str) -> None:
    """Put a claimed case aside until a date; its clocks run on. Raises ``LeaseLost``, ``IllegalMove``."""
    _release_held(case, actor, token)
    move_case(case, Case.Status.HELD, actor=actor, why="held", wake_at=until)
    record(Verb.CASE_HELD, actor=actor, subject=case, case=case, personal={"reason": reason}, until=until)


@transaction.atomic
def skip_case(case: Case, *, actor: User, token: uuid.UUID) -> None:
    """Pass a case to a colleague, no reason asked; it does not come back for some hours."""
    _release_held(case, actor, token)
    until = timezone.now() + timedelta(hours=SKIP_HOURS)
    Skip.objects.update_or_create(case=case, person=actor, defaults={"until": until})
    record(Verb.CASE_SKIPPED, actor=actor, subject=case, case=case, until=until)


def _release_held(case: Case, actor: User, token: uuid.UUID) -> None:
    """End a living claim as part of another write, or raise ``LeaseLost``."""
    if not Case.objects.filter(held_by(case, actor, token)).update(**_NO_CLAIM):
        raise LeaseLost
    case.refresh_from_db()


def still_held(case: Case, actor: User, token: uuid.UUID | None) -> Case:
    """The case, locked for this transaction, with *actor*'s claim alive. Raises ``LeaseLost``."""
    locked = Case.objects.select_for_update(of=("self",)).filter(held_by(case, actor, token)).first()
    if locked is None:
        raise LeaseLost
    return locked


def drop_claim(case: Case) -> None:
    """Clear the claim after a write that ends the work on a case."""
    Case.objects.filter(pk=case.pk).update(**_NO_CLAIM)
    case.refresh_from_db()
