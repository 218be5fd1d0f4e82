"""The worker's side: opening originals with the vault key in a confined child. Only this room imports ``detection``."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _

from casework.accounts.models import User
from casework.jobs.actions import GiveUp, Start
from casework.privacy.keyring import KeyMissing
from detection.examine import examine_in_child, warm_up
from detection.findings import Failure
from detection.models import Shelf, open_shelf
from detection.sandbox import ChildDied, Lock

from . import actions
from .models import Item
from .sealing import Doubt, check_blob, open_blob


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
        actions.record_unopened(found, no_key, start=start)
        return
    except Doubt as doubt:
        actions.record_doubted(found, doubt, actor=None)
        actions.record_unopened(found, Failure(doubt.code, doubt.sentence), start=start)
        return
    outcome = examine_in_child(data, models=_shelf(), lock=_lock())
    if isinstance(outcome, ChildDied):
        raise ReaderDied(outcome.sentence)
    if outcome.media is None:
        actions.record_unopened(found, outcome.errors[0], start=start, found=outcome.signals)
    else:
        actions.record_examination(found, outcome, start=start)


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


def close_looks(*, start: Start) -> None:
    """End the reveals that ran out without the browser saying so."""
    actions.close_expired()


def reap(*, start: Start) -> None:
    """Remove unfiled uploads and what a crash left behind."""
    actions.reap_blobs()


@lru_cache(maxsize=1)
def _shelf() -> Shelf:
    """The models, once per worker process: runtimes must not be loaded before the process is forked."""
    warm_up()
    return open_shelf(settings.MODELS_DIR)


def _lock() -> Lock:
    return Lock.WEAK if settings.SANDBOX == "weak" else Lock.FULL
