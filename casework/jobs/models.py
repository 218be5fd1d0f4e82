"""The ledger of background work: the queue of record. django-q2 only rings the bell."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

#: A job is started at most this often; then a person looks at it.
MAX_STARTS = 3


class Job(models.Model):
    """One piece of work, once per ``key``. Attempts are counted before the work starts, because a worker that
    dies cannot count; whoever finishes must show the fencing token of the latest start."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        QUARANTINED = "quarantined", _("quarantined")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    queue = models.CharField(max_length=20)
    key = models.CharField(max_length=200, unique=True)
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    starts = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(db_default=Now())
    rung_at = models.DateTimeField(null=True)
    #: The row of django-q2's queue that announces this job now; when it is gone the job may be rung again.
    bell_row = models.BigIntegerField(null=True)
    #: Who holds the latest start: a process id and the place where it means something (``node.this_node``).
    node = models.CharField(max_length=120, blank=True)
    pid = models.PositiveIntegerField(null=True)
    error_class = models.CharField(max_length=100, blank=True)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["queue", "not_before"], condition=models.Q(state="queued"), name="job_ready"
            ),
            models.Index(fields=["lease_until"], condition=models.Q(state="running"), name="job_running"),
            models.Index(
                fields=["bell_row"], condition=models.Q(bell_row__isnull=False), name="job_bell_row"
            ),
            models.Index(
                fields=["-finished_at"],
                condition=models.Q(state__in=["failed", "quarantined"]),
                name="job_stopped",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(starts__lte=MAX_STARTS), name="job_starts_bounded"),
            models.CheckConstraint(
                condition=~models.Q(state="running")
                | models.Q(token__isnull=False, lease_until__isnull=False),
                name="job_running_has_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Pulse(models.Model):
    """The last sign of life of a worker's steward, for /healthz and for the reaper of other nodes."""

    #: The bell that this steward rings: the name of the one queue that its own cluster takes from.
    bell = models.CharField(max_length=120, unique=True)
    node = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    queues = models.CharField(max_length=200)
    sandbox = models.CharField(max_length=10)
    seen_at = models.DateTimeField(db_default=Now())
    progress_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.bell
