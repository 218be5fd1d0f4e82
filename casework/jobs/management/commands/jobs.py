"""`manage.py jobs`: what was stopped for good, and the way to ask for it again."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from casework.jobs.actions import requeue_job
from casework.jobs.models import Job


class Command(BaseCommand):
    help = (
        "List failed and quarantined jobs; with --requeue ID give one three new starts (written to the log)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--requeue", metavar="ID", help="the id of a job from the list")
        parser.add_argument("--limit", type=int, default=100, help="how many to list, newest first")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["requeue"]:
            self._requeue(options["requeue"])
        else:
            self._list(options["limit"])

    def _list(self, limit: int) -> None:
        states = Job.State
        for state in (states.QUEUED, states.RUNNING, states.DONE):
            self.stdout.write(f"{state.label}: {Job.objects.filter(state=state).count()}")
        stopped = Job.objects.filter(state__in=(states.FAILED, states.QUARANTINED)).order_by("-finished_at")
        self.stdout.write(_("stopped for good: %(count)d") % {"count": stopped.count()})
        for job in stopped[:limit]:
            at = f"{job.finished_at:%Y-%m-%d %H:%M:%S} UTC" if job.finished_at else ""
            said = f"{job.error_class}: {job.error}" if job.error_class else job.error
            self.stdout.write(f"{job.public_id}  {job.kind}  {job.get_state_display()}  {at}  {said}")

    def _requeue(self, text: str) -> None:
        try:
            job = Job.objects.get(public_id=uuid.UUID(text))
        except (ValueError, Job.DoesNotExist):
            raise CommandError(
                _("There is no job “%(id)s”. “manage.py jobs” lists them.") % {"id": text}
            ) from None
        if not requeue_job(job, actor=None):
            words = {"id": text, "state": job.get_state_display()}
            raise CommandError(
                _("Job %(id)s is “%(state)s”; only a failed or quarantined one is queued again.") % words
            )
        self.stdout.write(_("Job %(id)s is queued again and has three starts.") % {"id": text})
