"""A report to NCMEC's CyberTipline: what a person filled in, how far it came, and every call."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.privacy.fields import EncryptedJSONField, EncryptedTextField

from .escalation import Escalation


class TipQuerySet(models.QuerySet["Tip"]):
    def for_user(self, user: User) -> Self:
        """The reports of the escalations that exist for this person."""
        return self.filter(escalation__in=Escalation.objects.for_user(user))


class Tip(models.Model):
    """One report. ``progress`` is ``cybertip.progress.State`` as JSON; every write compares ``progress_version``."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    escalation = models.OneToOneField(Escalation, on_delete=models.PROTECT, related_name="tip")
    #: test or production, as the setting was when it was let go; empty before.
    environment = models.CharField(max_length=10, blank=True)
    #: What the desk adds to what rows already say: incident, annotations, persons.
    content = EncryptedJSONField(default=dict)
    progress = EncryptedJSONField(null=True)
    progress_version = models.PositiveIntegerField(default=0)
    #: NCMEC's id, stored before any file is sent.
    report_id = models.BigIntegerField(null=True)
    finished_at = models.DateTimeField(null=True)
    #: When it was let go; how many runs were put into the ledger since; until when a failure is tried again by itself.
    started_at = models.DateTimeField(null=True)
    runs = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=40, blank=True)
    failure = models.CharField(max_length=500, blank=True)

    objects = TipQuerySet.as_manager()

    def __str__(self) -> str:
        return f"tip {self.public_id}"


class TipCall(models.Model):
    """One call to NCMEC, stored before it leaves; one without an end was cut off."""

    tip = models.ForeignKey(Tip, on_delete=models.PROTECT, related_name="calls")
    what = models.CharField(max_length=20)
    #: The tip's ``progress_version`` that announced it: a submit's answer belongs to this very write.
    at_version = models.PositiveIntegerField(null=True)
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    #: "0" as NCMEC says that it took it, NCMEC's own code or ours of what went wrong; empty without an end.
    code = models.CharField(max_length=40, blank=True)
    sentence = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=200, blank=True)
    #: What its answer named: a report, a file.
    answer = EncryptedTextField(blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.what} of {self.tip_id}"
