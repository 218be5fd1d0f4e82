"""Watching a part of a film: asked for with a reason, made by a worker, watched once under a reveal of its own.

The clock of the look starts when the person presses "play" on a film that is ready, not when they ask for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.evidence.models import Blob, Item, Mark, Playback, Reveal, RevealReason, Wrap
from casework.evidence.sealing import Doubt, open_blob, seal
from casework.jobs.actions import Start, add_job, confirm_start
from casework.wellbeing.actions import record_look

from .custody import record_doubted
from .marks import issue_playback_mark
from .reveals import NothingToReveal, RevealDenied, RevealOver, length_of, living_reveals, why_not
from .staging import insert_blob, remove_blobs

if TYPE_CHECKING:  # the library opens hostile media: at run time only the workers' rooms import it
    from detection.video.playing import Playback as Made

#: A film that is ready waits this long to be watched, and then goes.
WAITS = timedelta(minutes=10)


@transaction.atomic
def ask_playback(
    item: Item, *, actor: User, session: str, reason: RevealReason, start_seconds: float = 0.0, coloured: bool = False
) -> Playback:  # fmt: skip
    """Have a part of *item*'s film made for *actor*. Asked again while one is being made, it is the same.

    *session* is a hash of the browser session. Raises NothingToReveal for what is no film.
    """
    locked = Item.objects.select_for_update(of=("self",)).select_related("case").get(pk=item.pk)
    if not locked.film_frames.exists():
        raise NothingToReveal(_("There is no film of this item to watch. Nothing was opened."))
    wanted = {"item": locked, "person": actor, "session_hash": session}
    making = Playback.objects.filter(
        **wanted, start_seconds=start_seconds, coloured=coloured, finished_at=None
    ).first()
    if making is not None:
        return making
    remove_blobs(Blob.objects.filter(pk__in=_unwatched(wanted)), why="not_watched")
    playback = Playback.objects.create(
        **wanted, reason=reason, start_seconds=start_seconds, coloured=coloured
    )
    playback.refresh_from_db()
    mark = issue_playback_mark(playback)
    name = str(playback.public_id)
    add_job("evidence.play", key=f"play:{name}", args={"playback": name})
    _record(
        Verb.EVIDENCE_PLAYBACK_ASKED,
        playback,
        actor,
        reason=reason.value,
        at=start_seconds,
        coloured=coloured,
        mark=mark.public_id,
    )
    return playback


def note_progress(playback: Playback, share: float) -> None:
    """Keep how far the maker is, for the page: progress is no event of the log."""
    Playback.objects.filter(pk=playback.pk).update(progress=share)


@transaction.atomic
def finish_playback(playback: Playback, made: Made, *, start: Start) -> bool:
    """Seal what was made; False when it was finished already.

    Raises LostLease, and NotSealed when the store refuses it.
    """
    confirm_start(start)
    locked = _unfinished(playback)
    if locked is None:
        return False
    blob = insert_blob(seal(made.content, Blob.Kind.PLAYBACK, Wrap.Recipient.VIEW))
    Blob.objects.filter(pk=blob.pk).update(staged_until=timezone.now() + WAITS)
    locked.blob, locked.seconds, locked.start_seconds = blob, made.seconds, made.start
    locked.width, locked.height, locked.progress = made.width, made.height, 1.0
    locked.finished_at = timezone.now()
    locked.save()
    _record(
        Verb.EVIDENCE_PLAYBACK_MADE, locked, None, blob=blob.public_id, sha256=blob.sha256, seconds=made.seconds,
        at=made.start, derived_from=locked.item.sha256,
    )  # fmt: skip
    return True


@transaction.atomic
def fail_playback(playback: Playback, sentence: str, *, start: Start | None = None) -> bool:
    """Note that nothing could be made, and why; False when it was finished already. Raises LostLease."""
    if start is not None:
        confirm_start(start)
    locked = _unfinished(playback)
    if locked is None:
        return False
    locked.failure, locked.finished_at = sentence[:500], timezone.now()
    locked.save(update_fields=["failure", "finished_at"])
    _record(Verb.EVIDENCE_PLAYBACK_FAILED, locked, None, personal={"sentence": sentence[:500]})
    return True


@transaction.atomic
def leave_unplayed(playback: str, *, reason: str) -> None:
    """What the ledger calls when making a film (a public id) was stopped for good; *reason* is its sentence."""
    stopped = _(
        "The film ended the program that opened it three times. It cannot be watched; its frames can."
    )
    fail_playback(Playback.objects.get(public_id=playback), stopped)


@transaction.atomic
def open_playback(playback: Playback, *, actor: User, session: str) -> Reveal:
    """Begin to watch: a reveal as long as the film. Pressed twice it is the same one.

    Raises NothingToReveal while nothing is ready or when it is gone, RevealOver when it was watched.
    """
    found = Playback.objects.select_for_update(of=("self",)).select_related("item__case", "blob")
    locked = found.get(pk=playback.pk, person=actor, session_hash=session)
    if locked.reveal_id is not None:
        again: Reveal | None = living_reveals().filter(pk=locked.reveal_id).first()
        if again is None:
            raise RevealOver(_("This film was watched. Ask for it again if you need to."))
        return again
    mark = Mark.objects.filter(playback=locked).first()
    if locked.blob is None or locked.seconds is None or mark is None:
        raise NothingToReveal(_("There is no film ready to watch. Ask for it again if you need to."))
    reveal = Reveal.objects.create(
        item=locked.item, playback=locked.blob, person=actor, session_hash=session, reason=locked.reason,
        expires_at=Now() + timedelta(seconds=locked.seconds), coloured_at=Now() if locked.coloured else None,
    )  # fmt: skip
    locked.reveal = reveal
    locked.save(update_fields=["reveal"])
    mark.reveal = reveal
    mark.save(update_fields=["reveal"])
    length = length_of(reveal)
    Reveal.objects.filter(pk=reveal.pk).update(expires_at=F("opened_at") + length)
    # Twice the length, for one extension; whatever the browser says, the reaper comes then.
    Blob.objects.filter(pk=locked.blob.pk).update(
        staged_until=timezone.now() + 2 * length + timedelta(minutes=1)
    )
    reveal.refresh_from_db()
    _record(
        Verb.EVIDENCE_REVEALED, locked, actor, reveal=reveal.public_id, reason=locked.reason,
        seconds=round(length.total_seconds(), 3), at=locked.start_seconds, coloured=locked.coloured,
        mark=mark.public_id,
    )  # fmt: skip
    record_look(actor, reference=reveal.public_id, opened_at=reveal.opened_at)
    return reveal


@transaction.atomic
def serve_playback(reveal: Reveal, *, actor: User, session: str) -> Reveal:
    """Count one serving of the film, or of a part of it, under *reveal*. One without a mark is not served.

    Raises RevealDenied, whose entry the caller must keep.
    """
    served = (
        living_reveals()
        .filter(pk=reveal.pk, person=actor, session_hash=session, playback__isnull=False, mark__isnull=False)
        .update(times_served=F("times_served") + 1, first_served_at=Coalesce(F("first_served_at"), Now()))
    )
    reveal.refresh_from_db()
    if not served or reveal.playback is None:
        raise RevealDenied(why_not(reveal, session))
    return reveal


def open_film(reveal: Reveal) -> bytes:
    """The film's plaintext under a reveal that was just served. A doubt is written down before it is raised."""
    assert reveal.playback is not None
    try:
        return open_blob(reveal.playback)
    except Doubt as doubt:
        record_doubted(reveal.item, doubt, actor=None)
        raise


def _unwatched(wanted: dict[str, Any]) -> list[int]:
    """Blobs of what was made earlier and nobody came to watch."""
    earlier = Playback.objects.filter(**wanted, reveal=None, blob__isnull=False)
    return [each.blob.pk for each in earlier.select_related("blob") if each.blob is not None]


def _unfinished(playback: Playback) -> Playback | None:
    found = Playback.objects.select_for_update(of=("self",)).select_related("item__case")
    locked = found.get(pk=playback.pk)
    return locked if locked.finished_at is None else None


def _record(verb: Verb, playback: Playback, actor: User | None, **data: Any) -> None:
    record(
        verb, actor=actor, subject=playback.item, case=playback.item.case, item=playback.item.public_id,
        playback=playback.public_id, **data,
    )  # fmt: skip
