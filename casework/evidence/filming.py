"""The worker's room for films that somebody wants to watch: made afresh in a confined child of ``detection``."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.jobs.actions import Start
from casework.privacy.keyring import KeyMissing, mark_key
from detection.answers import Answer, ChildDied
from detection.examine import FILMS
from detection.fields import Malformed
from detection.sandbox import Lock, Talk
from detection.video import marks, playing

from . import actions, marking
from .models import Mark, Playback
from .sealing import Doubt, open_blob


class ReaderDied(Exception):
    """The confined child ended without an answer: one start is used up, the ledger tries again or gives up."""


def make_playback(playback: str, *, start: Start) -> None:
    """Make the part of a film that this playback (a public id) asks for, with name and mark in every picture.

    Raises ReaderDied when the film ended its reader; what cannot be opened for another reason is noted as such.
    """
    found = Playback.objects.select_related("item__case", "item__original__wrap", "person").get(
        public_id=playback
    )
    if found.finished_at is not None:
        return
    try:
        data = open_blob(found.item.original)
    except KeyMissing:
        sentence = _("This worker holds no vault key, so the film was not opened.")
        actions.fail_playback(found, sentence, start=start)
        return
    except Doubt as doubt:
        actions.record_doubted(found.item, doubt, actor=None)
        actions.fail_playback(found, doubt.sentence, start=start)
        return
    made = _made(data, found)
    if isinstance(made, str):
        actions.fail_playback(found, made, start=start)
    else:
        actions.finish_playback(found, made, start=start)


def _made(data: bytes, playback: Playback) -> playing.Playback | str:
    """The film, or a sentence that says why there is none."""
    lock = Lock.WEAK if settings.SANDBOX == "weak" else Lock.FULL
    try:
        pattern = marks.pattern(int(playback.mark.value), mark_key())
    except KeyMissing:
        return _("This worker holds no key of marks, so the film was not made.")
    except Mark.DoesNotExist:  # asked for before films had marks
        return _("The film was asked for before an update. Ask for it again.")
    wishes = {
        "words": _words(playback), "start": playback.start_seconds, "coloured": playback.coloured,
        "mark": playing.mark_wish(pattern),
    }  # fmt: skip
    with FILMS.talk(playing.work, data, wishes, playing.LIMITS, lock=lock) as talk:
        try:
            return _heard(talk, playback)
        except Malformed as error:
            raise ReaderDied(str(error)) from error


def _heard(talk: Talk, playback: Playback) -> playing.Playback | str:
    while True:
        outcome = talk.hear()
        if isinstance(outcome, ChildDied):
            raise ReaderDied(outcome.sentence)
        if not isinstance(outcome, Answer):
            return outcome.failure.sentence
        share = playing.progress_from_wire(outcome.document)
        if share is None:
            return playing.from_wire(outcome.document, outcome.parts)
        actions.note_progress(playback, share)


def _words(playback: Playback) -> str:
    """What stands in every picture: who watches, when it was made, and under which playback (the log finds it)."""
    now = timezone.now().strftime("%Y-%m-%d %H:%M:%S UTC")
    name = marking.drawable_name(playback.person.name, playback.person.email)
    return f"{name} {now} {str(playback.public_id)[:8]}"
