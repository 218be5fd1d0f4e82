"""The vault and what lies in it: sealed blobs, items of a case, frames of films, perceptual hashes."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.cases.models import Case
from casework.privacy.fields import EncryptedTextField


class Blob(models.Model):
    """One age file in the store, written once. Its secret is in ``Wrap``; without the wrap it can't be opened.

    A staged blob (no item yet) belongs to an upload in flight or to a report draft and is reaped with it."""

    class Kind(models.TextChoices):
        ORIGINAL = "original", _("original")
        PREVIEW = "preview", _("preview")
        RENDITION = "rendition", _("rendition")
        PLAYBACK = "playback", _("playback")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    storage_key = models.UUIDField(unique=True)
    size = models.BigIntegerField()
    sealed_size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_default=Now())
    staged_until = models.DateTimeField(null=True)
    staged_for = models.UUIDField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["staged_until"], condition=Q(staged_until__isnull=False), name="blob_staged")
        ]

    def __str__(self) -> str:
        return f"{self.kind} blob {self.public_id}"


class Wrap(models.Model):
    """The secret of one blob, encrypted to the vault or the view recipient. Deleting it shreds the blob."""

    class Recipient(models.TextChoices):
        VAULT = "vault", _("vault")
        VIEW = "view", _("view")

    blob = models.OneToOneField(Blob, on_delete=models.CASCADE, related_name="wrap")
    recipient = models.CharField(max_length=5, choices=Recipient.choices)
    sealed_secret = models.BinaryField()

    def __str__(self) -> str:
        return f"key of blob {self.blob_id}, sealed to {self.recipient}"


class ItemQuerySet(models.QuerySet["Item"]):
    def for_user(self, user: User) -> Self:
        """The items of the cases that exist for this person, where they may see previews at all."""
        if not user.is_authenticated or not user.may(Perm.SEE_PREVIEWS):
            return self.none()
        return self.filter(case__in=Case.objects.for_user(user))


class Item(models.Model):
    """An evidence item: one file somebody sent, sealed as it came."""

    class State(models.TextChoices):
        STORED = "stored", _("stored, not examined yet")
        EXAMINED = "examined", _("examined")
        UNOPENED = "unopened", _("stored, could not be opened")
        QUARANTINED = "quarantined", _("stored, set aside")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveSmallIntegerField()
    original = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="original_of")
    preview = models.OneToOneField(Blob, null=True, on_delete=models.PROTECT, related_name="preview_of")
    rendition = models.OneToOneField(Blob, null=True, on_delete=models.PROTECT, related_name="rendition_of")
    received_at = models.DateTimeField(db_default=Now())
    declared_name = EncryptedTextField(blank=True)
    declared_type = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.STORED)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    sha256 = models.CharField(max_length=64)
    md5 = models.CharField(max_length=32)
    format = models.CharField(max_length=20, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    frames = models.PositiveIntegerField(null=True)
    duration = models.FloatField(null=True)  # seconds; films only
    examined_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["case", "position"], name="item_position_once")]
        indexes = [models.Index(fields=["sha256"], name="item_sha256")]

    def __str__(self) -> str:
        return f"item {self.position} of case {self.case_id}"


class FrameQuerySet(models.QuerySet["Frame"]):
    def for_user(self, user: User) -> Self:
        """The frames of the items that exist for this person."""
        return self.filter(item__in=Item.objects.for_user(user))


class Frame(models.Model):
    """One sampled frame of a film: where it stands, what it looks like in 24 pixels, and its own rendition."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="film_frames")
    position = models.PositiveSmallIntegerField()
    at_seconds = models.FloatField()
    scene_start = models.BooleanField(default=False)
    explicit_score = models.FloatField(null=True)
    preview = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="preview_of_frame")
    rendition = models.OneToOneField(Blob, on_delete=models.PROTECT, related_name="rendition_of_frame")

    objects = FrameQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["item", "position"], name="frame_position_once")]

    def __str__(self) -> str:
        return f"frame {self.position} of item {self.item_id}"


class PerceptualHash(models.Model):
    """A perceptual hash of an item, or of one frame of it, with what made it."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="perceptual_hashes")
    frame = models.ForeignKey(Frame, null=True, on_delete=models.CASCADE, related_name="perceptual_hashes")
    algorithm = models.CharField(max_length=10)
    value = models.BinaryField(
        max_length=256
    )  # "pdq_turns" holds the hashes of all eight turns, one after another
    quality = models.PositiveSmallIntegerField(null=True)
    version = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["item", "algorithm"], condition=Q(frame__isnull=True), name="hash_once"
            ),
            models.UniqueConstraint(fields=["frame", "algorithm"], name="hash_once_a_frame"),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} of item {self.item_id}"
