"""The worker's side: opening originals with the vault key in a confined child. Only this room imports ``detection``."""

from __future__ import annotations

from functools import lru_cache, partial

from django.conf import settings
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.jobs.actions import GiveUp, Start
from casework.privacy.keyring import KeyMissing, mark_key
from casework.scoring.models import Reassessment
from detection.examine import examine_in_child, start_readers
from detection.findings import Failure
from detection.models import Shelf, open_shelf
from detection.sandbox import ChildDied, Lock
from detection.trust import Trust, read_trust

from . import actions, comparing, tracing
from .models import Item, Trace
from .sealing import Doubt, check_blob, open_blob

#: Seconds that one job compares a copy before it leaves the rest to the next; below the lease and the time limit.
TRACE_SLICE = 60.0
#: Items that one job assesses again before it leaves the rest to the next; some milliseconds each.
ASSESSED_A_STEP = 500


class ReaderDied(Exception):
    """The confined child ended without an answer: one start is used up, the ledger tries again or sets aside."""


def examine_item(item: str, *, start: Start) -> None:
    """Open, hash, score and derive the item with this public id, once.

    Raises ReaderDied when the file ended its reader; what cannot be opened for another reason is noted as such.
    """
    found = Item.objects.select_related("case", "original__wrap").get(public_id=item)
    if found.state != Item.State.STORED:
        return
    try:
        data = open_blob(found.original)
    except KeyMissing:
        no_key = Failure("no_key", _("This worker holds no vault key, so the file was not opened."))
        actions.record_unopened(found, no_key, start=start, matching=comparing.ask_banks(found))
        return
    except Doubt as doubt:
        actions.record_doubted(found, doubt, actor=None)
        doubted = Failure(doubt.code, doubt.sentence)
        actions.record_unopened(found, doubted, start=start, matching=comparing.ask_banks(found))
        return
    outcome = examine_in_child(data, models=_shelf(), lock=_lock(), trust=_trust())
    if isinstance(outcome, ChildDied):
        raise ReaderDied(outcome.sentence)
    matching = comparing.ask_banks(found, outcome)
    if outcome.media is None:
        actions.record_unopened(
            found, outcome.errors[0], start=start, found=outcome.signals, matching=matching
        )
    else:
        actions.record_examination(found, outcome, start=start, matching=matching)


def examine_item_again(item: str, *, actor: str, start: Start) -> None:
    """Examine the item once more, because the person with the public id *actor* asked for it; replaces what was said.

    Raises ReaderDied as ``examine_item``; the item is then as it was.
    """
    found = Item.objects.select_related("case", "original__wrap").get(public_id=item)
    if found.state not in actions.AGAIN:
        return
    person = User.objects.filter(public_id=actor).first()
    try:
        data = open_blob(found.original)
    except KeyMissing as error:
        raise GiveUp("no_key", _("This worker holds no vault key, so the file was not opened.")) from error
    except Doubt as doubt:
        actions.record_doubted(found, doubt, actor=person)
        return
    outcome = examine_in_child(data, models=_shelf(), lock=_lock(), trust=_trust())
    if isinstance(outcome, ChildDied):
        raise ReaderDied(outcome.sentence)
    matching = comparing.ask_banks(found, outcome)
    actions.record_examined_again(found, outcome, actor=person, matching=matching, start=start)


def verify_item(item: str, *, actor: str, start: Start) -> None:
    """Hash the original of the item again, because the person with the public id *actor* asked for it."""
    found = Item.objects.select_related("case", "original__wrap").get(public_id=item)
    person = User.objects.filter(public_id=actor).first()
    try:
        check_blob(found.original)
    except KeyMissing as error:
        raise GiveUp(
            "no_key", _("This worker holds no vault key, so the original was not checked.")
        ) from error
    except Doubt as doubt:
        actions.record_doubted(found, doubt, actor=person)
    else:
        actions.record_verified(found, actor=person)


def trace_copy(trace: str, *, start: Start) -> None:
    """Find out where the copy of this trace (a public id) comes from; after ``TRACE_SLICE`` s the next job goes on.

    Raises tracing.ReaderDied when the copy ended its reader.
    """
    found = Trace.objects.select_related("person", "copy__wrap").get(public_id=trace)
    if found.finished_at is not None:
        return
    opened = _open_copy(found)
    if isinstance(opened, actions.Answer):
        actions.finish_trace(found, opened, start=start)
        return
    answer = tracing.search(
        opened, found, key=mark_key(), seconds=TRACE_SLICE, most=settings.TRACE_MOST, note=actions.note_compared
    )  # fmt: skip
    if answer is None:
        actions.go_on_tracing(found, start=start)
    else:
        actions.finish_trace(found, answer, start=start)


def _open_copy(trace: Trace) -> tracing.Leak | actions.Answer:
    """The copy of a trace, or the answer that it could not be opened."""
    unopened = partial(actions.Answer, Trace.Verdict.UNOPENED)
    if trace.copy is None:
        return unopened(reason=_("The copy was removed before a worker came to read it. Send it again."))
    try:
        data = open_blob(trace.copy)
    except KeyMissing:
        return unopened(reason=_("This worker holds no vault key, so the copy was not opened."))
    except Doubt as doubt:
        return unopened(reason=doubt.sentence)
    return tracing.open_leak(data)


def assess_again(reassessment: str, *, start: Start) -> None:
    """Assess the items of open cases anew, from where the walk (a public id) stands; the next job goes on behind it."""
    walk = Reassessment.objects.get(public_id=reassessment)
    if walk.finished_at is None:
        actions.walk_on(walk, most=ASSESSED_A_STEP)


def close_looks(*, start: Start) -> None:
    """End the reveals that ran out without the browser saying so."""
    actions.close_expired()


def reap(*, start: Start) -> None:
    """Remove unfiled uploads and what a crash left behind."""
    actions.reap_blobs()


@lru_cache(maxsize=1)
def _shelf() -> Shelf:
    """The models, once per worker process: runtimes must not be loaded before the process is forked."""
    start_readers()
    return open_shelf(settings.MODELS_DIR, cards=settings.MODEL_CARDS, providers=settings.MODEL_PROVIDERS)


@lru_cache(maxsize=1)
def _trust() -> Trust:
    """The trust lists, once per worker process: the worker has read them before it took any work."""
    return read_trust(settings.C2PA_TRUST_ANCHORS)


def _lock() -> Lock:
    return Lock.WEAK if settings.SANDBOX == "weak" else Lock.FULL
