"""What people confirmed, the scores that stand beside it, and the calibrations that were made of both."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.privacy.fields import EncryptedTextField


class Question(models.TextChoices):
    """What a person may confirm of an item. The values are those of the assessment."""

    EXPLICIT = "explicit", _("Explicit?")
    AI_MADE = "ai_made", _("AI-made?")


class Truth(models.TextChoices):
    """What it was in truth, as somebody with the right has confirmed it."""

    YES = "yes", _("yes")
    NO = "no", _("no")
    UNCLEAR = "unclear", _("nobody can say")


class OutcomeQuerySet(models.QuerySet["ConfirmedOutcome"]):
    def newest(self) -> Self:
        """One row for each item and question: the newest, which counts."""
        return self.order_by("item", "question", "-pk").distinct("item", "question")


class ConfirmedOutcome(models.Model):
    """What one item was in truth. Never edited: a newer row of the same item and question takes its place.

    *item* is the public id of an evidence item; the table of items lies above this layer."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.UUIDField()
    question = models.CharField(max_length=10, choices=Question.choices)
    truth = models.CharField(max_length=8, choices=Truth.choices)
    confirmed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(db_default=Now())

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["item", "question", "-id"], name="outcome_newest")]

    def __str__(self) -> str:
        return f"{self.question}: {self.truth}"


class Sample(models.Model):
    """The raw score that one version of one model gave an item whose outcome is confirmed."""

    outcome = models.ForeignKey(ConfirmedOutcome, on_delete=models.CASCADE, related_name="samples")
    model = models.CharField(max_length=60)
    model_version = models.CharField(max_length=100)
    score = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["outcome", "model", "model_version"], name="sample_once"),
            models.CheckConstraint(condition=Q(score__gte=0, score__lte=1), name="sample_score_in_range"),
        ]
        indexes = [models.Index(fields=["model", "model_version"], name="sample_model")]

    def __str__(self) -> str:
        return f"{self.model}: {self.score}"


class CalibrationQuerySet(models.QuerySet["Calibration"]):
    def for_user(self, user: User) -> Self:
        """Calibrations exist for everybody who may read about models."""
        return self if user.is_authenticated and user.may(Perm.READ_MODELS) else self.none()

    def in_force(self) -> Self:
        """At most one for each model."""
        return self.filter(state=Calibration.State.ACCEPTED)


class Calibration(models.Model):
    """How the scores of one version of one model are to be read here: proposed by a machine, in force by a person.

    The figures (``brier``, ``ece``, ``bins``) are out of sample: each sample was judged by a curve fitted without it.
    ``was_*`` are the same figures of what was in force then (the raw score where nothing was) on the same samples.
    A bin is {"low", "high", "n", "mean", "true"}.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        ACCEPTED = "accepted", _("in force")
        REFUSED = "refused", _("refused")
        RETIRED = "retired", _("no longer in force")

    class Method(models.TextChoices):
        PLATT = "platt", _("Platt scaling")
        ISOTONIC = "isotonic", _("isotonic regression")
        NONE = "none", _("the raw score, measured")

    #: Which state may follow which; the first is how a row is made.
    MOVES: ClassVar[dict[str, set[str]]] = {
        State.PROPOSED: {State.ACCEPTED, State.REFUSED},
        State.ACCEPTED: {State.RETIRED},
        State.REFUSED: set(),
        State.RETIRED: set(),
    }

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model = models.CharField(max_length=60)
    model_version = models.CharField(max_length=100)
    question = models.CharField(max_length=10, choices=Question.choices)
    number = models.PositiveIntegerField()
    method = models.CharField(max_length=8, choices=Method.choices)
    params = models.JSONField(default=dict)
    n = models.PositiveIntegerField()
    n_true = models.PositiveIntegerField()
    brier = models.FloatField()
    ece = models.FloatField()
    bins = models.JSONField(default=list)
    was = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    was_brier = models.FloatField()
    was_ece = models.FloatField()
    was_bins = models.JSONField(default=list)
    first_confirmed_at = models.DateTimeField()
    last_confirmed_at = models.DateTimeField()
    made_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=State.choices, default=State.PROPOSED)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    reason = EncryptedTextField(blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    objects = CalibrationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="calibration_number_once"),
            models.UniqueConstraint(
                fields=["model"], condition=Q(state="accepted"), name="calibration_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["model"], condition=Q(state="proposed"), name="calibration_one_proposed"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by__isnull=True)
                | (~Q(state="proposed") & Q(decided_by__isnull=False, decided_at__isnull=False)),
                name="calibration_by_a_person",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """How an assessment names it: model and number."""
        return f"{self.model} calibration {self.number}"

    def as_plain(self) -> dict[str, Any]:
        """What the library needs to apply it, as plain values."""
        return {
            "model": self.model, "model_version": self.model_version, "version": self.label, "method": self.method,
            "params": self.params, "n": self.n, "bins": self.bins,
        }  # fmt: skip


class ReassessmentQuerySet(models.QuerySet["Reassessment"]):
    def for_user(self, user: User) -> Self:
        """Progress exists for everybody who may read about models."""
        return self if user.is_authenticated and user.may(Perm.READ_MODELS) else self.none()


class Reassessment(models.Model):
    """One walk over the items of open cases that makes their assessments anew, and how far it has come."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    total = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    #: The primary key of the last item that was done: a walk that is started again goes on behind it.
    reached = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    #: Given up before its end: a job failed at each of its starts. What was done stays.
    stopped = models.BooleanField(default=False)

    objects = ReassessmentQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(finished_at__isnull=True), name="reassessment_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.done} of {self.total}"
