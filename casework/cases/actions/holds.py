"""Legal holds: placed at once, prolonged at once, lifted early only by two people."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.models import Case, LegalHold


class SameHoldPerson(PermissionDenied):
    """Four eyes: whoever asked to lift a hold can't be the second person for it."""


def held(case: Case) -> bool:
    """Whether anything forbids to remove evidence or records of *case* now."""
    return (
        LegalHold.objects.filter(case=case, released_at__isnull=True)
        .filter(Q(until__isnull=True) | Q(until__gt=Now()))
        .exists()
    )


@transaction.atomic
def place_hold(
    case: Case, *, actor: User | None, why: str, until: datetime | None, reference: str = ""
) -> LegalHold:
    """Keep everything of *case* until then (for good, for None)."""
    hold = LegalHold.objects.create(case=case, why=why, reference=reference, placed_by=actor, until=until)
    record(
        Verb.HOLD_PLACED, actor=actor, subject=hold, case=case, hold=hold.public_id, why=why, until=_text(until),
        personal={"reference": reference},
    )  # fmt: skip
    return hold


@transaction.atomic
def prolong_hold(hold: LegalHold, *, actor: User | None, until: datetime | None) -> None:
    """Keep it for longer; whoever asked to lift it before has to ask anew.

    A shorter time is a release and needs two people. Raises ``ValueError`` for a shorter one and for a lifted hold.
    """
    hold = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if hold.released_at is not None:
        raise ValueError("A lifted hold keeps nothing: place another.")
    if hold.until is None or (until is not None and until < hold.until):
        raise ValueError("A hold is prolonged to a later moment; shortening it is a release by two people.")
    LegalHold.objects.filter(pk=hold.pk).update(
        until=until, release_asked_by=None, release_asked_at=None, release_why=""
    )
    record(
        Verb.HOLD_PROLONGED, actor=actor, subject=hold, case=hold.case, hold=hold.public_id,
        was=_text(hold.until), until=_text(until),
    )  # fmt: skip


@transaction.atomic
def ask_to_release(hold: LegalHold, *, actor: User, reason: str) -> bool:
    """Ask a second person to lift *hold*; false when it is lifted already."""
    changed = LegalHold.objects.filter(pk=hold.pk, released_at__isnull=True).update(
        release_asked_by=actor, release_asked_at=Now()
    )
    if changed:
        hold.refresh_from_db()
        hold.release_why = reason
        hold.save(update_fields=["release_why"])
        record(
            Verb.HOLD_RELEASE_ASKED, actor=actor, subject=hold, case=hold.case, hold=hold.public_id,
            personal={"reason": reason},
        )  # fmt: skip
    return bool(changed)


@transaction.atomic
def release_hold(hold: LegalHold, *, actor: User) -> bool:
    """Be the second person; false when nobody asked or it is lifted already. Raises ``SameHoldPerson``."""
    hold = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if hold.release_asked_by_id is None or hold.released_at is not None:
        return False
    if hold.release_asked_by_id == actor.pk:
        raise SameHoldPerson
    LegalHold.objects.filter(pk=hold.pk).update(released_by=actor, released_at=Now())
    record(Verb.HOLD_RELEASED, actor=actor, subject=hold, case=hold.case, hold=hold.public_id)
    return True


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
