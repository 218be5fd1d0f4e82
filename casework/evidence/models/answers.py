"""What machines said of an item: signals, matches with banks, and the assessment of all of it together."""

from __future__ import annotations

import uuid
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.cases.models import Case
from casework.hashbanks.models import Bank, Entry
from casework.privacy.fields import EncryptedJSONField

from .items import Frame, Item

#: Signals that answer together whether something was made or changed by a machine.
AI_SIGNALS = (
    "synthetic", "c2pa", "source_type", "ai_fields", "generator_metadata", "stealth_metadata", "watermark",
)  # fmt: skip


class SignalRecord(models.Model):
    """What one signal said of one item; "not checked" and "failed" are answers of their own."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="signals")
    name = models.CharField(max_length=40)
    version = models.CharField(max_length=100)
    status = models.CharField(max_length=20)
    strength = models.CharField(max_length=12, blank=True)
    score = models.FloatField(null=True)
    sentence = models.CharField(max_length=500)
    reason = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)
    sensitive = EncryptedJSONField(null=True)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["item", "name"], name="signal_once"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=1), name="signal_score_in_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.status}"

    @property
    def says_machine_made(self) -> bool:
        """Whether this is a sign of a machine: a manifest or source type that names a camera is found and is none."""
        if self.name not in AI_SIGNALS or self.status != "found":
            return False
        return bool(self.data.get("ai", self.name not in ("c2pa", "source_type")))


class Assessment(models.Model):
    """What all signals of an item say together, per question, as of ``made_at``; made anew when one of them changes.

    ``answers`` is what ``detection.assessment`` gave: questions with estimate, interval, for, against, not checked.
    ``triage`` orders the queue (0 to 1); None means that a person must look.
    """

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="assessment")
    version = models.CharField(max_length=60)
    calibrations = models.JSONField(default=dict)
    answers = models.JSONField()
    triage = models.FloatField(null=True)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(triage__isnull=True) | Q(triage__gte=0, triage__lte=1),
                name="assessment_triage_in_range",
            )
        ]

    def __str__(self) -> str:
        return f"assessment of item {self.item_id}"


class BankMatchQuerySet(models.QuerySet["BankMatch"]):
    def for_user(self, user: User) -> Self:
        """The matches of the items that exist for this person, without those that come from a restricted case of
        this desk which does not."""
        mine = self.filter(item__in=Item.objects.for_user(user))
        return mine if user.is_authenticated and user.cleared else mine.for_everybody()

    def for_everybody(self) -> Self:
        """Matches whose entry does not come from an item of a restricted case."""
        return self.exclude(
            entry__origin_item__in=Item.objects.filter(case__restricted=True).values("public_id")
        )

    def for_case(self, case: Case) -> Self:
        """The matches of a case that everybody who sees it may know of."""
        mine = self.filter(item__case=case)
        return mine if case.restricted else mine.for_everybody()

    def standing(self) -> Self:
        """Matches with entries that are in force, by the thresholds that their bank has now."""
        share = F("entry__bank__video_share")
        return self.filter(
            Q(distance__isnull=True) | Q(distance__lte=F("entry__bank__pdq_radius")),
            Q(quality__isnull=True) | Q(quality__gte=F("entry__bank__pdq_quality")),
            Q(turned="") | Q(entry__bank__pdq_turns=True),
            Q(query_share__isnull=True) | Q(query_share__gte=share) | Q(clip_share__gte=share),
            entry__status=Entry.Status.ACTIVE,
            entry__bank__active=True,
        )

    def urgent(self) -> Self:
        """Matches that raise the priority of their case."""
        return self.exclude(entry__bank__on_match=Bank.OnMatch.NOTE)

    def tally(self) -> int:
        """How many banks hold how many items: a file that one bank knows by three kinds of hash counts once."""
        return self.order_by().values("item", "entry__bank").distinct().count()


class BankMatch(models.Model):
    """One entry of a bank that an item was found to match, as the numbers were at that moment.

    ``threshold`` and ``distance`` in bits of PDQ, None for exact matches; shares are parts of the frames of a film (0
    to 1). Whether the match still stands follows from its entry and bank as they are now (``standing``).
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="bank_matches")
    frame = models.ForeignKey(Frame, null=True, on_delete=models.SET_NULL, related_name="bank_matches")
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="matches")
    algorithm = models.CharField(max_length=10)
    distance = models.PositiveSmallIntegerField(null=True)
    threshold = models.PositiveSmallIntegerField(null=True)
    quality = models.PositiveSmallIntegerField(null=True)
    entry_quality = models.PositiveSmallIntegerField(null=True)
    version = models.CharField(max_length=60, blank=True)
    entry_version = models.CharField(max_length=60, blank=True)
    turned = models.CharField(max_length=12, blank=True)
    query_share = models.FloatField(null=True)
    clip_share = models.FloatField(null=True)
    opinion_distance = models.PositiveSmallIntegerField(null=True)
    opinion_threshold = models.PositiveSmallIntegerField(null=True)
    retroactive = models.BooleanField(default=False)
    found_at = models.DateTimeField(db_default=Now())

    objects = BankMatchQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["item", "entry", "algorithm"], name="bank_match_once")]

    def __str__(self) -> str:
        return f"{self.algorithm} match of item {self.item_id}"

    @property
    def is_exact(self) -> bool:
        """Whether the very file is known."""
        return self.distance is None

    @property
    def is_agreed(self) -> bool:
        """Whether no second opinion says otherwise."""
        if self.opinion_distance is None or self.opinion_threshold is None:
            return True
        return self.opinion_distance <= self.opinion_threshold
