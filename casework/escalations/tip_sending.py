"""One run of a report to NCMEC, on a worker: facts from rows, originals out of the vault, and what came of it.

The flow (``cybertip.flow``) decides what is called when; this room gives it rows to keep its progress in. A run has its
time: what is left then goes to the next, so that a report with many files outlives the limit of a job.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.evidence.actions import record_doubted
from casework.evidence.models import Item as EvidenceItem
from casework.evidence.sealing import Doubt, stream_blob
from casework.jobs.actions import Start
from casework.privacy.keyring import KeyMissing, holds_key

from . import choosing
from .actions import tip_runs
from .actions.tip_runs import OnRecord
from .actions.tips import recalled
from .cybertip import schema
from .cybertip.client import Client, configured
from .cybertip.errors import CyberTipError, Rejected, TryAgain
from .cybertip.facts import BadFacts
from .cybertip.flow import Item, Job, Line, Service, send, withdraw
from .cybertip.progress import Progress, State, Superseded
from .models import State as EscalationState
from .models import Tip
from .readiness import in_the_way
from .tipping import files_of, report_of

#: Seconds that one run goes on before it leaves the rest to the next; a file is never cut. Below a job's limit.
SLICE = 45.0


class NotSetUp(Exception):
    """This worker can't send reports; *sentence* says what it lacks."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotAsApproved(Exception):
    """What would leave is not what was approved, or may not leave any more; *sentence* is for its author."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def carry_on(tip: str, number: int, *, start: Start) -> None:
    """Carry the report of this tip (a public id) on; run *number* and no older one."""
    found = tip_runs.begin_run(tip, number, start=start)
    if found is None:
        return
    stop = partial(tip_runs.stop_run, found, number, start=start)
    try:
        _run(found)
    except Superseded:
        tip_runs.end_run(found, number, start=start)
    except TryAgain as error:
        tip_runs.put_off(found, number, error, start=start)
    except CyberTipError as error:
        stop(tip_runs.code_of(error), str(error.sentence), request_id=error.request_id)
    except BadFacts as bad:
        stop("facts", bad.sentence)
    except NotSetUp as lacking:
        stop("not_set_up", lacking.sentence)
    except NotAsApproved as other:
        tip_runs.return_run(found, number, other.code, other.sentence, start=start)
    else:
        tip_runs.end_run(found, number, start=start)


def _run(tip: Tip) -> None:
    progress, client = progress_of(tip), _client(tip)
    service = service_of(tip, client)
    stored = _take_up(tip, progress)
    if tip.escalation.state != EscalationState.APPROVED or stored.withdrawing:
        withdraw(Line(progress, service))
        return
    if not stored.handed_in:
        _check(tip)
    until = time.monotonic() + SLICE
    send(
        Job(
            progress, service, schema.current(OnRecord(tip, client), Path(settings.CYBERTIP_SCHEMA_DIR)),
            report_of(tip.escalation), _items(tip), timezone.now, tired=lambda: time.monotonic() > until,
        )
    )  # fmt: skip


def _take_up(tip: Tip, progress: Progress) -> State:
    """What was saved last. An id that only got as far as the row of its call is saved first: that report is ours."""
    stored = progress.load()
    known = recalled(tip, stored)
    if known is stored:
        return stored
    known = replace(known, version=stored.version + 1)
    progress.save(stored, known)
    return known


def _check(tip: Tip) -> None:
    """Raise ``NotAsApproved`` unless exactly what was approved may leave now: days may lie between."""
    escalation = tip.escalation
    if choosing.digest(escalation) != (escalation.approved_digest or escalation.previewed_digest):
        raise NotAsApproved(
            "not_as_approved",
            _("What would leave has changed since it was approved. Nothing left. Look at it again."),
        )
    if found := in_the_way(escalation):
        raise NotAsApproved("not_ready", " ".join([*found, _("Nothing left.")]))


def progress_of(tip: Tip) -> Progress:
    """Where the progress of *tip* is kept."""
    return tip_runs.InRow(tip)


def service_of(tip: Tip, client: Client) -> Service:
    """The calls of *client*, each kept as a row."""
    return tip_runs.OnRecord(tip, client)


def _client(tip: Tip) -> Client:
    if tip.environment != settings.CYBERTIP_ENVIRONMENT:
        raise NotSetUp(
            _("The report was let go for NCMEC's other server (%(name)s). Nothing was sent to this one.")
            % {"name": tip.environment}
        )
    try:
        password = Path(settings.CYBERTIP_PASSWORD_FILE or "/nonexistent").read_text("utf-8").strip()
    except OSError as error:
        raise NotSetUp(
            _("This worker can't read the password for NCMEC (CYBERTIP_PASSWORD_FILE).")
        ) from error
    return Client(configured(password))


def _items(tip: Tip) -> tuple[Item, ...]:
    files = files_of(tip.escalation)
    if files and not holds_key("vault.key"):
        raise NotSetUp(_("This worker holds no vault key, so no original can be sent."))
    return tuple(Item(file, item.original.size, partial(_original, item)) for item, file in files)


def _original(item: EvidenceItem) -> Iterator[bytes]:
    """The original of *item* in pieces. What is not what was recorded does not leave."""
    try:
        yield from stream_blob(item.original)
    except Doubt as doubt:
        with transaction.atomic():
            record_doubted(item, doubt, actor=None)
        raise Rejected(
            _(
                "The original of item %(n)d is not what was recorded and was not sent. Look at its custody record."
            )
            % {"n": item.position}
        ) from doubt
    except KeyMissing as error:
        raise Rejected(_("This worker holds no vault key, so no original can be sent.")) from error
