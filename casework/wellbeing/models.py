"""What somebody has been exposed to: for the person alone; others only ever see aggregates."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Look(models.Model):
    """One time that a person had a rendition on the screen. ``estimated``: the browser never said it was closed."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True)  # the reveal's public id; no key upward
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    opened_at = models.DateTimeField()
    seconds = models.FloatField(default=0)
    estimated = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["person", "opened_at"], name="look_person_day")]


class Break(models.Model):
    """A break that was offered or taken; the meter counts from the last one taken."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
