"""Looking at a rendition: an act with a reason, for seconds, each step an entry of the log.

A reveal is bound to a person, a session and an item. It dies at closing or at its expiry by the database clock,
whichever is first; every byte of a rendition is served under a living one.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Least, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.actions import Conflict
from casework.evidence.models import Blob, Frame, Item, Playback, Reveal, RevealReason
from casework.evidence.sealing import Doubt, open_blob
from casework.wellbeing.actions import end_look, record_look

from .custody import record_doubted
from .marks import issue_mark, rendition_of
from .staging import remove_blobs

#: The browser closes by itself at the expiry; word of it may be on its way this long.
_ON_ITS_WAY = timedelta(seconds=5)
#: What a film's look is longer than the film: it has to arrive before it runs.
FOR_THE_START = timedelta(seconds=5)
#: Why a picture came too late to be shown and is no attempt at anything: its own person had just closed the look.
JUST_CLOSED = "just_closed"


class NothingToReveal(Conflict):
    """The item has no rendition."""


class RevealOver(Conflict):
    """The reveal was closed or has expired."""


class RevealDenied(Exception):
    """A rendition's bytes were asked for without a living reveal of this session; ``why`` is a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@transaction.atomic
def open_reveal(
    item: Item, *, actor: User, session: str, reason: RevealReason, frame: Frame | None = None
) -> Reveal:
    """Open *item*, or one *frame* of it, for ``REVEAL_SECONDS``, with a mark of its own.

    Pressed twice, or in two tabs of one session, it is the same reveal. *session* is a hash of the browser session.
    Raises NothingToReveal.
    """
    locked = Item.objects.select_for_update(of=("self",)).select_related("case", "rendition").get(pk=item.pk)
    if frame is None and locked.rendition_id is None:
        raise NothingToReveal(_("There is no picture of this item to show. Nothing was opened."))
    living: Reveal | None = (
        living_reveals()
        .filter(item=locked, frame=frame, playback=None, person=actor, session_hash=session)
        .first()
    )
    if living is not None:
        return living
    reveal = Reveal.objects.create(
        item=locked, frame=frame, person=actor, session_hash=session, reason=reason, expires_at=Now() + length_of(None)
    )  # fmt: skip
    reveal.refresh_from_db()
    mark = issue_mark(reveal)
    _record(
        Verb.EVIDENCE_REVEALED, reveal, actor, reason=reason.value, seconds=settings.REVEAL_SECONDS,
        mark=mark.public_id, **({} if frame is None else {"frame": frame.public_id}),
    )  # fmt: skip
    record_look(actor, reference=reveal.public_id, opened_at=reveal.opened_at)
    return reveal


@transaction.atomic
def serve_reveal(reveal: Reveal, *, actor: User, session: str) -> Reveal:
    """Count one serving of the rendition under *reveal*. Raises RevealDenied, whose entry the caller must keep.

    A look of a version that issued no marks is over: nothing leaves that could not be traced.
    """
    served = (
        living_reveals()
        .filter(pk=reveal.pk, person=actor, session_hash=session, mark__isnull=False, film__isnull=True)
        .update(times_served=F("times_served") + 1, first_served_at=Coalesce(F("first_served_at"), Now()))
    )
    reveal.refresh_from_db()
    if not served:
        raise RevealDenied(why_not(reveal, session))
    return reveal


def why_not(reveal: Reveal, session: str) -> str:
    """The code of a refusal. A request that was under way when its person closed the look is told apart."""
    if reveal.session_hash != session:
        return "other_session"
    if reveal.closed_at is not None and timezone.now() - reveal.closed_at < _ON_ITS_WAY:
        return JUST_CLOSED
    return "over"


@transaction.atomic
def record_refused(reveal: Reveal, *, actor: User, why: str) -> None:
    """Write down that somebody asked for a picture under a reveal that is not, or no longer, theirs to use."""
    _record(Verb.EVIDENCE_REVEAL_REFUSED, reveal, actor, why=why)


@transaction.atomic
def extend_reveal(reveal: Reveal, *, actor: User, session: str) -> None:
    """Look for as long again, once. Raises RevealOver."""
    if (
        not _own(reveal, actor, session)
        .filter(extended_at__isnull=True)
        .update(extended_at=Now(), expires_at=F("expires_at") + length_of(reveal))
    ):
        raise RevealOver(_("This look is over or was extended already. Reveal again if you need to."))
    seconds = round(length_of(reveal).total_seconds(), 3)
    _record(Verb.EVIDENCE_REVEAL_EXTENDED, reveal, actor, seconds=seconds)


@transaction.atomic
def colour_reveal(reveal: Reveal, *, actor: User, session: str) -> None:
    """Show the colours from now on. Raises RevealOver."""
    coloured = _own(reveal, actor, session).filter(coloured_at__isnull=True).update(coloured_at=Now())
    if coloured:
        _record(Verb.EVIDENCE_REVEAL_COLOURED, reveal, actor)
    elif not _own(reveal, actor, session).exists():
        raise RevealOver(_("This look is over. Reveal again if you need to."))


def open_rendition(reveal: Reveal) -> bytes:
    """The rendition's plaintext under a reveal that was just served. A doubt is written down before it is raised."""
    try:
        return open_blob(rendition_of(reveal))
    except Doubt as doubt:
        record_doubted(reveal.item, doubt, actor=None)
        raise


@transaction.atomic
def close_reveal(reveal: Reveal, *, actor: User) -> None:
    """End a look now; its duration runs from the server's opening to here, at most to its expiry.

    Ending it twice changes nothing. Word that comes long after the expiry is left to ``close_expired``.
    """
    open_still = Reveal.objects.filter(pk=reveal.pk, person=actor, closed_at__isnull=True)
    if open_still.filter(expires_at__gt=Now() - _ON_ITS_WAY).update(closed_at=Least(Now(), F("expires_at"))):
        _write_duration(reveal, actor=actor, estimated=False)


@transaction.atomic
def close_expired() -> int:
    """End the looks that ran out without the browser saying so; returns how many."""
    count = 0
    expired = Reveal.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        closed_at__isnull=True, expires_at__lte=Now() - _ON_ITS_WAY
    )
    for reveal in expired.select_related("item__case", "person"):
        Reveal.objects.filter(pk=reveal.pk).update(closed_at=F("expires_at"))
        _write_duration(reveal, actor=reveal.person, estimated=True)
        count += 1
    return count


def _write_duration(reveal: Reveal, *, actor: User, estimated: bool) -> None:
    reveal.refresh_from_db()
    assert reveal.closed_at is not None
    seconds = round((reveal.closed_at - reveal.opened_at).total_seconds(), 3)
    Reveal.objects.filter(pk=reveal.pk).update(seconds=seconds, estimated=estimated)
    if reveal.playback is not None:
        remove_blobs(Blob.objects.filter(pk=reveal.playback.pk), why="watched")
    end_look(reveal.public_id, seconds=seconds, estimated=estimated)
    _record(
        Verb.EVIDENCE_REVEAL_CLOSED,
        reveal,
        actor,
        seconds=seconds,
        estimated=estimated,
        served=reveal.times_served,
    )


def living_reveals() -> Any:
    """Reveals that are neither closed nor expired."""
    return Reveal.objects.filter(closed_at__isnull=True, expires_at__gt=Now())


def _own(reveal: Reveal, actor: User, session: str) -> Any:
    return living_reveals().filter(pk=reveal.pk, person=actor, session_hash=session)


def length_of(reveal: Reveal | None) -> timedelta:
    """How long one look lasts: ``REVEAL_SECONDS``, or as long as the film and a little for its start."""
    film = Playback.objects.filter(reveal=reveal).first() if reveal is not None else None
    if film is None or film.seconds is None:
        return timedelta(seconds=settings.REVEAL_SECONDS)
    return timedelta(seconds=film.seconds) + FOR_THE_START


def _record(verb: Verb, reveal: Reveal, actor: User, **data: Any) -> None:
    record(
        verb, actor=actor, subject=reveal.item, case=reveal.item.case, item=reveal.item.public_id,
        reveal=reveal.public_id, **data,
    )  # fmt: skip
