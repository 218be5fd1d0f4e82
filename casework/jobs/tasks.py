"""The only function that a cluster runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_q.exceptions import TimeoutException

from casework.jobs import board
from casework.jobs.actions import GiveUp, LostLease, Start, claim, fail, finish, give_up
from casework.jobs.broker import GONE, PATIENCE
from casework.jobs.deadline import deadline

logger = logging.getLogger(__name__)

#: Seconds between attempts to tell the ledger how a job ended, while the database is away. Together they stay
#: within what a lease has left after the longest run.
TELL_AGAIN = (1, 2, 4, 8)


def run(job: str) -> None:
    """Do *job* unless it is done, taken, not yet due, or we are closing. Never raises: the ledger knows more.

    (What a task raises would make django-q2 look for an earlier result in its table and unpickle what it finds.)
    """
    try:
        _run(job)
    except TimeoutException:
        connection.close()
        logger.error("Job %s took its whole time and could not say so; its lease will end.", job)


def _run(job: str) -> None:
    if board.doors_are_closed():
        return
    try:
        with deadline(PATIENCE):
            start = claim(job)
    except GONE as error:
        connection.close()
        logger.warning("Job %s could not be claimed (%s); it will be rung again.", job, type(error).__name__)
        return
    if start is not None:
        board.beat()
        _settle(start, _do(start))
        board.beat()


def _do(start: Start) -> Callable[[], None]:
    """Run the function of the job's kind; what is then to be told to the ledger."""
    try:
        with _without_open_transaction():
            _function(start.kind)(**start.args, start=start)
    except GiveUp as given:
        code, sentence = given.code, given.sentence
        return lambda: give_up(start, code, sentence)
    except LostLease:
        return lambda: _tell_late(start)
    except (Exception, TimeoutException) as raised:  # noqa: BLE001 - whatever it is, it is this job's and is kept
        error = raised
        return lambda: fail(start, error)
    return lambda: finish(start)


def _function(kind: str) -> Callable[..., None]:
    try:
        function: Callable[..., None] = import_string(settings.JOB_KINDS[kind]["path"])
    except KeyError:
        raise GiveUp(
            "unknown_kind", _("This installation does not know how to do “%(kind)s”.") % {"kind": kind}
        ) from None
    return function


@contextmanager
def _without_open_transaction() -> Iterator[None]:
    """A function torn out of a transaction by its time limit leaves no connection in the middle of one."""
    try:
        yield
    except TimeoutException:
        connection.close()
        raise


def _settle(start: Start, tell: Callable[[], None]) -> None:
    for pause in (*TELL_AGAIN, None):
        try:
            with deadline(PATIENCE):
                return tell()
        except LostLease:
            return _tell_late(start)
        except GONE as error:
            connection.close()
            logger.warning(
                "The end of job %s is not in the ledger yet (%s).", start.job, type(error).__name__
            )
        if pause is not None:
            time.sleep(pause)
    logger.error(
        "The end of job %s could not be told; it will be started again when its lease is over.", start.job
    )
    return None


def _tell_late(start: Start) -> None:
    logger.warning("Start %d of job %s came too late: somebody else has the job.", start.number, start.job)
