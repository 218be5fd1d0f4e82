"""The encrypted file that was made for one escalation, and which pictures with which marks are in it."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.evidence.models import Blob, Item, Mark
from casework.privacy.fields import EncryptedTextField

from .escalation import Escalation


class PackageQuerySet(models.QuerySet["Package"]):
    def for_user(self, user: User) -> Self:
        """The packages of the escalations that exist for this person."""
        return self.filter(escalation__in=Escalation.objects.for_user(user))


class Package(models.Model):
    """One package: age-encrypted to the recipient's keys, so that this desk itself can't open it again."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits to be made")
        MAKING = "making", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("could not be made")
        REMOVED = "removed", _("removed")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="packages")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField(db_default=Now())
    #: Clear bytes read so far, and of how many: the maker says so while it works.
    done_bytes = models.BigIntegerField(default=0)
    total_bytes = models.BigIntegerField(null=True)
    ready_at = models.DateTimeField(null=True)
    failure_code = models.CharField(max_length=40, blank=True)
    failure = models.CharField(max_length=500, blank=True)
    #: Of the age file: where it lies, its bytes, its digest.
    storage_key = models.UUIDField(null=True, unique=True)
    size = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    #: The signed list, and whom the file is encrypted to.
    note = EncryptedTextField(blank=True)
    recipients = models.JSONField(default=list)  # [{"key": public id, "fingerprint": …}]
    signer_fingerprint = models.CharField(max_length=80, blank=True)
    #: RFC 3161: the answer (DER) and the time it states; or why there is none.
    stamp = models.BinaryField(null=True)
    stamped_at = models.DateTimeField(null=True)
    stamp_failure = models.CharField(max_length=300, blank=True)
    removed_at = models.DateTimeField(null=True)

    objects = PackageQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["escalation", "version"],
                condition=~Q(state__in=["failed", "removed"]),
                name="package_once_a_version",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready")
                | Q(storage_key__isnull=False, size__isnull=False, ready_at__isnull=False) & ~Q(sha256=""),
                name="package_ready_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"package {self.public_id}"


class PackagePicture(models.Model):
    """A picture in a package and the mark that names its recipient.

    The marked picture is sealed and staged while the package is being made, so that a maker that was cut off goes on
    with the next one; it goes when the package is ready."""

    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="pictures")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    mark = models.OneToOneField(Mark, on_delete=models.PROTECT, related_name="package_picture")
    blob = models.OneToOneField(Blob, null=True, on_delete=models.SET_NULL, related_name="package_picture")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["package", "item"], name="package_picture_once")]

    def __str__(self) -> str:
        return f"picture of {self.package_id}"
