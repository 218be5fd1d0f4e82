"""Whether this installation does its work, in one word for each part. Cheap, and without inner details."""

from __future__ import annotations

import os

from django.conf import settings
from django.db import Error, connection, transaction

from casework.audit import log
from casework.jobs.actions.reaping import SILENT

WELL = "well"
#: What counts as well: "weak" is the operator's own choice (SANDBOX=weak), and is shown.
_FINE = {WELL, "strict", "weak"}


def report() -> dict[str, str]:
    """Each part's word: database, worker, sandbox, log, evidence. What could not be asked is "unknown"."""
    parts = {
        "database": WELL,
        "worker": "unknown",
        "sandbox": "unknown",
        "log": "unknown",
        "evidence": _evidence(),
    }
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = '3s'")
            parts["worker"], parts["sandbox"] = _workers()
            parts["log"] = _log()
    except Error:
        parts["database"] = "unreachable"
    return parts


def is_well(parts: dict[str, str]) -> bool:
    """Whether all parts are."""
    return set(parts.values()) <= _FINE


def _workers() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queues, sandbox FROM jobs_pulse"
            " WHERE seen_at > clock_timestamp() - make_interval(secs => %s)",
            [SILENT],
        )
        beating = cursor.fetchall()
    if not beating:
        return "silent", "unknown"
    needed = {str(kind["queue"]) for kind in settings.JOB_KINDS.values()}
    served = {queue for queues, _sandbox in beating for queue in queues.split()}
    sandbox = "weak" if any(state == "weak" for _queues, state in beating) else "strict"
    return (WELL if needed <= served else "incomplete"), sandbox


def _log() -> str:
    state = log.health()
    if state["refusing"]:
        return "refusing"
    return "late" if state["alarm"] else WELL


def _evidence() -> str:
    directory = settings.EVIDENCE_DIR
    # The directory appears with the first blob; until then it must be possible to make it.
    place = directory if directory.exists() else directory.parent
    return WELL if os.access(place, os.W_OK | os.X_OK) else "not writable"
