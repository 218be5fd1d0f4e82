"""`manage.py worker`: one steward and its cluster, until SIGTERM."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from detection import providers, sandbox
from detection.cards import read_registry
from detection.trust import BadTrustList, read_trust


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
        try:
            providers.check_apart(settings.MODEL_PROVIDERS)
        except providers.ProviderMissing as error:
            raise CommandError(f"{error} No work was begun.") from error
        try:
            read_trust(settings.C2PA_TRUST_ANCHORS)
        except BadTrustList as error:
            raise CommandError(f"{error} No work was begun.") from error
        for refusal in read_registry(settings.MODEL_CARDS).refused:
            self.stderr.write(f"A model card is not used: {refusal}")
        # Only a worker loads what can enqueue.
        from casework.jobs.bell import Steward

        state = "weak" if hole else "strict"
        workers = int(str(settings.Q_CLUSTER["workers"]))
        Steward(queues=settings.JOB_QUEUES, sandbox=state, workers=workers).run()
