"""Letters: written by one person, released by another, who names the very text they read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.legal.conflicts import AnotherNeeded, NotAllowed
from casework.legal.letters import compose, digest, seals_of
from casework.legal.models import LegalClock, LegalHandOver, LegalLetter, LegalRequest, State

from .clocks import stop_clock
from .moving import locked

Kind = LegalLetter.Kind
#: In which states which letter makes sense.
FITS: dict[str, tuple[State, ...]] = {
    Kind.RECEIPT: (State.RECEIVED, State.CHECKING, State.ACCEPTED, State.PRESERVED),
    Kind.REFUSAL: (State.REFUSED,),
    Kind.COVER: (State.ACCEPTED, State.PRODUCED),
    Kind.PRESERVED: (State.PRESERVED,),
}


@transaction.atomic
def write_letter(
    request: LegalRequest, *, actor: User, kind: str, grounds: Sequence[str] = (), text: str = ""
) -> LegalLetter:
    """Write a letter, or write the waiting one of its kind anew; an empty text is composed. Raises WrongState."""
    row = locked(request, *FITS[kind])
    grounds = list(grounds) or (row.grounds if kind == Kind.REFUSAL else [])
    letter = row.letters.select_for_update().filter(kind=kind, released_at__isnull=True).first()
    letter = letter or LegalLetter(request=row, kind=kind)
    letter.grounds, letter.written_by = grounds, actor
    letter.text = text.strip().replace("\r\n", "\n") or compose(row, kind, grounds)
    letter.save()
    record(
        Verb.LEGAL_LETTER_WRITTEN, actor=actor, subject=row, letter=letter.public_id, kind=kind, grounds=grounds,
        sha256=digest(letter.text),
    )  # fmt: skip
    return letter


@transaction.atomic
def release_letter(letter: LegalLetter, *, actor: User, seen: str) -> LegalLetter:
    """Let a letter go; *seen* is the digest of the text that was read. Raises AnotherNeeded, NotAllowed.

    A released refusal or confirmation answers the request: its clock stops.
    """
    row = locked(letter.request, *FITS[letter.kind])
    letter = LegalLetter.objects.select_for_update(of=("self",)).get(pk=letter.pk)
    if letter.released_at is not None:
        raise NotAllowed(_("It is released already."))
    if letter.written_by_id == actor.pk:
        raise AnotherNeeded(_("You wrote this letter. Somebody else has to release it."))
    if digest(letter.text) != seen:
        raise NotAllowed(_("The letter was changed since you read it. Read it again."))
    LegalLetter.objects.filter(pk=letter.pk).update(released_by=actor, released_at=Now())
    letter.refresh_from_db()
    record(
        Verb.LEGAL_LETTER_RELEASED,
        actor=actor,
        subject=row,
        letter=letter.public_id,
        kind=letter.kind,
        sha256=seen,
    )
    if letter.kind in (Kind.REFUSAL, Kind.PRESERVED):
        stop_clock(row, LegalClock.Kind.ANSWER, why="letter_released")
    return letter


@transaction.atomic
def note_hand_over(
    letter: LegalLetter, *, actor: User, way: str, to_whom: str, at: datetime, reference: str = ""
) -> LegalHandOver:
    """Note that a released letter was given to the authority. Raises NotAllowed before its release, for a moment before
    that or in the future, and for a seal where there is no verified key to seal to."""
    row = locked(letter.request)
    letter = LegalLetter.objects.get(pk=letter.pk)
    if letter.released_at is None:
        raise NotAllowed(_("It is not released yet, so it can't have been handed over. Nothing was noted."))
    if not letter.released_at.replace(second=0, microsecond=0) <= at <= timezone.now():
        raise NotAllowed(
            _("It can have been handed over only between its release and now. Nothing was noted.")
        )
    if way == LegalHandOver.Way.SEALED and not seals_of(row):
        raise NotAllowed(_("There is no verified key of this authority to seal it to. Nothing was noted."))
    made = LegalHandOver.objects.create(
        letter=letter, way=way, to_whom=to_whom, reference=reference, at=at, noted_by=actor,
        text_sha256=digest(letter.text),
    )  # fmt: skip
    record(
        Verb.LEGAL_LETTER_HANDED_OVER, actor=actor, subject=row, letter=letter.public_id, kind=letter.kind, way=way,
        at=at, sha256=made.text_sha256, personal={"to": to_whom, "reference": reference},
    )  # fmt: skip
    return made
