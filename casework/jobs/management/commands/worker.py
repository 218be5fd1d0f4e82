"""`manage.py worker`: one steward and its cluster, until SIGTERM."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from detection import sandbox


class Command(BaseCommand):
    help = "Do background work: ring the jobs of CASEWORK_QUEUES and look after one cluster of workers."
    requires_system_checks = ["jobs"]

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.CASEWORK_ROLE != "worker":
            raise CommandError(
                f"This process reads the keys of “{settings.CASEWORK_ROLE}”. Workers sign with the queue key:"
                " set CASEWORK_ROLE=worker."
            )
        hole = sandbox.probe()
        if hole and settings.SANDBOX == "strict":
            raise CommandError(
                f"Untrusted files cannot be opened safely here: {hole}. No work was begun. Run this where"
                " the kernel allows seccomp filters, or accept the risk aloud with SANDBOX=weak."
            )
        # Only a worker loads what can enqueue.
        from casework.jobs.bell import Steward

        state = "weak" if hole else "strict"
        workers = int(str(settings.Q_CLUSTER["workers"]))
        Steward(queues=settings.JOB_QUEUES, sandbox=state, workers=workers).run()
