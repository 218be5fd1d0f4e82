"""What would let background work be lost, repeated or abused is refused when a process starts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import ceil
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

#: django-q2's guard ends a worker this many seconds after its task's time limit.
_GUARD = 3
_BROKER = "casework.jobs.broker.Doorbell"


@register("jobs")
def check_queue(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The settings of django-q2 leave every decision to the ledger."""
    queue = settings.Q_CLUSTER
    room = ceil((queue["queue_limit"] + queue["bulk"]) / queue["workers"]) + 1
    longest = (queue["timeout"] + _GUARD) * room
    found: list[CheckMessage] = []
    if queue["retry"] <= longest:
        found.append(
            Error(
                f"Q_CLUSTER['retry'] is {queue['retry']} s; an announcement may wait {longest} s.",
                hint="retry > (timeout + 3) x (ceil((queue_limit + bulk) / workers) + 1)",
                id="jobs.E001",
            )
        )
    if queue.get("ack_failures") is not True:
        found.append(
            Error(
                "Q_CLUSTER['ack_failures'] is not on: the queue would repeat failed work, past the ledger.",
                hint="Set ack_failures to True.",
                id="jobs.E002",
            )
        )
    if (
        queue.get("broker_class") != _BROKER
        or queue.get("scheduler") is not False
        or queue.get("save_limit") != -1
    ):
        found.append(
            Error(
                "Q_CLUSTER lets the database decide what workers execute.",
                hint=f"Set broker_class to {_BROKER!r}, scheduler to False and save_limit to -1.",
                id="jobs.E003",
            )
        )
    return found


@register("jobs")
def check_kinds(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Each kind's lease outlives its longest run, and its queue has a name."""
    shortest = settings.Q_CLUSTER["timeout"] + _GUARD
    return [
        Error(
            f"JOB_KINDS[{kind!r}] has a lease of {known.get('lease')} s, but a run may take {shortest} s.",
            hint="A lease must be longer than Q_CLUSTER['timeout'] + 3, or two workers do the same work.",
            id="jobs.E004",
        )
        for kind, known in settings.JOB_KINDS.items()
        if not known.get("queue") or not known.get("path") or float(str(known.get("lease", 0))) <= shortest
    ]


@register("jobs")
def check_database(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """The ledger lives by what PostgreSQL promises, over connections that a fork can drop."""
    database: dict[str, Any] = settings.DATABASES["default"]
    found: list[CheckMessage] = []
    if database["ENGINE"] != "django.db.backends.postgresql":
        found.append(
            Error(
                "The ledger of jobs needs PostgreSQL.",
                hint="Set DATABASE_URL to a PostgreSQL.",
                id="jobs.E005",
            )
        )
    if "pool" in database.get("OPTIONS", {}):
        found.append(
            Error(
                "A connection pool is configured; worker processes fork and would share it.",
                hint="Remove OPTIONS['pool'] and keep CONN_MAX_AGE.",
                id="jobs.E006",
            )
        )
    return found


@register("jobs")
def check_key_separation(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """A web process that reads the workers' keys could enqueue code and open originals (the demo says so)."""
    if settings.CASEWORK_ROLE != "web" or settings.PROFILE != "production":
        return []
    ring = settings.CASEWORK_KEYS / "worker"
    readable = sorted(name for name in _names(ring) if os.access(ring / name, os.R_OK))
    if not readable:
        return []
    return [
        Error(
            f"This web process can read keys of the workers: {', '.join(readable)}.",
            hint="Run web and worker as different system users; docs/deploy.md shows how.",
            id="jobs.E007",
        )
    ]


def _names(directory: os.PathLike[str]) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
