"""Banks of known hashes: their entries, what people said of matches, imported lists, and runs over stored evidence."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import Organisation, User
from casework.accounts.permissions import Perm

#: The index answers exactly up to this PDQ distance, so no bank may ask for more (``detection.index.MAX_RADIUS``).
MOST_PDQ_RADIUS = 31
#: A PDQ hash below this quality says too little about its picture to be kept or compared (domain.md 5.2).
LEAST_PDQ_QUALITY = 50
#: pHash has 64 bits; a second opinion beyond this many would agree with almost anything.
MOST_PHASH_RADIUS = 16


class BankQuerySet(models.QuerySet["Bank"]):
    def for_user(self, user: User) -> Self:
        """The banks that this person may read of: all of them, or none."""
        return self.all() if user.is_authenticated and user.may(Perm.READ_BANKS) else self.none()


class Bank(models.Model):
    """A collection of known hashes with one purpose, its thresholds, and what follows from a match."""

    class Source(models.TextChoices):
        OWN = "own", _("confirmed here")
        LIST = "list", _("imported lists")
        EXCHANGE = "exchange", _("a hash exchange")

    class OnMatch(models.TextChoices):
        NOTE = "note", _("show it")
        RAISE = "raise", _("show it and raise the case's priority")
        RESTRICT = "restrict", _("restrict the case: it may show somebody under 18")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100, unique=True)
    purpose = models.TextField(max_length=1000)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.OWN)
    owner = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    on_match = models.CharField(max_length=10, choices=OnMatch.choices, default=OnMatch.RAISE)
    #: Entries that were not seen for so long are deleted; None keeps them.
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    pdq_radius = models.PositiveSmallIntegerField(default=MOST_PDQ_RADIUS)
    pdq_quality = models.PositiveSmallIntegerField(default=LEAST_PDQ_QUALITY)
    #: Whether a picture is also looked for as turned and mirrored in all eight ways.
    pdq_turns = models.BooleanField(default=False)
    #: pHash only ever comments on a PDQ match; None asks for no second opinion.
    phash_radius = models.PositiveSmallIntegerField(null=True, blank=True)
    #: The share of frames of a film, of the one or the other side, that makes two films a match.
    video_share = models.FloatField(default=0.8)
    active = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = BankQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(pdq_radius__gte=0, pdq_radius__lte=MOST_PDQ_RADIUS), name="bank_radius_is_exact"
            ),
            models.CheckConstraint(
                condition=Q(pdq_quality__gte=LEAST_PDQ_QUALITY, pdq_quality__lte=100),
                name="bank_quality_tells",
            ),
            models.CheckConstraint(
                condition=Q(phash_radius__isnull=True)
                | Q(phash_radius__gte=0, phash_radius__lte=MOST_PHASH_RADIUS),
                name="bank_second_opinion_tells",
            ),
            models.CheckConstraint(
                condition=Q(video_share__gt=0, video_share__lte=1), name="bank_share_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(retention_days__isnull=True) | Q(retention_days__gt=0), name="bank_keeps_a_while"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class EntryQuerySet(models.QuerySet["Entry"]):
    def for_user(self, user: User) -> Self:
        """The entries of the banks that exist for this person; those that were made from an item of a restricted case
        exist for the cleared alone. The room above says which items those are, known by its path only."""
        mine = self.filter(bank__in=Bank.objects.for_user(user))
        if user.is_authenticated and user.cleared:
            return mine
        return mine.exclude(origin_item__in=import_string(settings.ITEMS_HELD_BACK)())

    def in_force(self) -> Self:
        """Entries that are matched against: active, of a bank that is switched on."""
        return self.filter(status=Entry.Status.ACTIVE, bank__active=True)


class Entry(models.Model):
    """One known hash of one bank.

    ``withdrawn`` entries keep their value, so that a list that still names them does not bring them back; a
    ``deleted`` entry has lost its value for good and only says that there was one. ``changed_seq`` grows with every
    change that matters to matching, in the order of commits (a trigger, migration 0002).
    """

    class Signal(models.TextChoices):
        PDQ = "pdq", "PDQ"
        SHA256 = "sha256", "SHA-256"
        MD5 = "md5", "MD5"
        PHASH = "phash", "pHash"
        VIDEO_MD5 = "video_md5", _("MD5 of a film")

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        WITHDRAWN = "withdrawn", _("withdrawn")
        DELETED = "deleted", _("deleted")

    #: Bytes of a value.
    SIZES: ClassVar[dict[str, int]] = {"pdq": 32, "sha256": 32, "md5": 16, "phash": 8, "video_md5": 16}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    bank = models.ForeignKey(Bank, on_delete=models.PROTECT, related_name="entries")
    signal = models.CharField(max_length=10, choices=Signal.choices)
    value = models.BinaryField(max_length=32, null=True)
    #: PDQ only, 0 to 100; None where the sender did not say.
    quality = models.PositiveSmallIntegerField(null=True)
    #: What made the hash, as far as the sender said.
    version = models.CharField(max_length=60, blank=True)
    #: Frames of one film share a clip; ``frame_at`` in seconds from its start.
    clip = models.UUIDField(null=True)
    frame_at = models.FloatField(null=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    #: Where it comes from in words, and how its sender names it; hashes of one picture share a reference.
    origin = models.CharField(max_length=200, blank=True)
    origin_ref = models.CharField(max_length=200, blank=True)
    #: The evidence item that an own entry was made from, by its public id.
    origin_item = models.UUIDField(null=True)
    tags = models.JSONField(default=list)
    first_seen = models.DateTimeField(db_default=Now())
    last_seen = models.DateTimeField(db_default=Now())
    status_changed_at = models.DateTimeField(null=True)
    changed_seq = models.BigIntegerField(default=0, editable=False)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["bank", "signal", "value"], condition=Q(clip__isnull=True), name="entry_once_a_bank"
            ),
            # Two films may share a frame, and a frame may also be known as a picture.
            models.UniqueConstraint(
                fields=["bank", "signal", "value", "clip"],
                condition=Q(clip__isnull=False),
                name="entry_once_a_clip",
            ),
            models.CheckConstraint(
                condition=Q(status="deleted", value__isnull=True)
                | (~Q(status="deleted") & Q(value__isnull=False)),
                name="entry_deleted_is_empty",
            ),
            models.CheckConstraint(
                condition=Q(quality__isnull=True) | Q(quality__gte=0, quality__lte=100),
                name="entry_quality_in_range",
            ),
            models.CheckConstraint(
                condition=~Q(signal="pdq") | Q(quality__isnull=True) | Q(quality__gte=LEAST_PDQ_QUALITY),
                name="entry_flat_is_not_kept",
            ),
        ]
        indexes = [
            models.Index(fields=["changed_seq"], name="entry_changed"),
            models.Index(fields=["signal", "value"], name="entry_value"),
            models.Index(fields=["clip"], condition=Q(clip__isnull=False), name="entry_clip"),
            models.Index(
                fields=["origin_item"], condition=Q(origin_item__isnull=False), name="entry_origin_item"
            ),
            models.Index(fields=["bank", "origin_ref"], name="entry_origin_ref"),
            models.Index(fields=["bank", "last_seen"], name="entry_last_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.signal} entry {self.public_id}"

    @property
    def hex(self) -> str:
        """The value in lower-case hex; empty once it is deleted."""
        return bytes(self.value).hex() if self.value is not None else ""


class Verdict(models.TextChoices):
    """What somebody who looked at a match says of it."""

    CONFIRMED = "confirmed", _("It is the same")
    DIFFERENT = "different", _("It is something else")
    WRONG = "wrong", _("It should not be in the bank")


class Feedback(models.Model):
    """What was said of an entry: by a person here over one evidence item, or by an exchange for others.

    The newest of a person and item counts. ``sent_at`` is set when an exchange has taken it.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="feedback")
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    #: Who says so where it came from outside.
    outside = models.CharField(max_length=100, blank=True)
    #: The evidence item whose match it speaks of, by its public id.
    item = models.UUIDField(null=True)
    at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    #: When an exchange said that it will never take it.
    refused_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(by__isnull=False, outside="") | (Q(by__isnull=True) & ~Q(outside="")),
                name="feedback_has_one_author",
            )
        ]
        indexes = [
            models.Index(
                fields=["entry"], condition=Q(sent_at__isnull=True, by__isnull=False), name="feedback_unsent"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} on entry {self.entry_id}"


class RunState(models.TextChoices):
    """How far a run in the background is."""

    QUEUED = "queued", _("waiting for a worker")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("stopped")


class Sweep(models.Model):
    """One run of new entries of a bank over stored evidence: entries with ``from_seq`` < ``changed_seq`` <= ``to_seq``.

    ``after`` is the checkpoint: the key of the last item compared. ``done`` and ``total`` count items, ``hits`` items
    with a new match; those in restricted cases are counted apart, for the cleared only.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    bank = models.ForeignKey(Bank, on_delete=models.CASCADE, related_name="sweeps")
    from_seq = models.BigIntegerField()
    to_seq = models.BigIntegerField()
    after = models.BigIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    hits = models.PositiveIntegerField(default=0)
    hits_restricted = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    why = models.CharField(max_length=300, blank=True)
    asked_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(to_seq__gte=F("from_seq")), name="sweep_runs_forward"),
            # New entries join the run that waits; so a burst of them costs one walk over the evidence.
            models.UniqueConstraint(
                fields=["bank"], condition=Q(state="queued"), name="sweep_one_waits_a_bank"
            ),
        ]

    def __str__(self) -> str:
        return f"sweep of bank {self.bank_id}"


class ListImport(models.Model):
    """One list that somebody handed in. ``line`` is the checkpoint: lines that are read and committed.

    ``faults`` holds the first bad lines as {"line", "reason"}; ``bad`` counts all of them.
    """

    MOST_FAULTS: ClassVar[int] = 200

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    bank = models.ForeignKey(Bank, on_delete=models.CASCADE, related_name="imports")
    name = models.CharField(max_length=200, blank=True)
    #: The staged blob that holds the list, by its public id.
    blob = models.UUIDField()
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    line = models.PositiveIntegerField(default=0)
    #: The last change of entries before the first page; what came since is compared with stored evidence.
    since_seq = models.BigIntegerField(null=True)
    added = models.PositiveIntegerField(default=0)
    known = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)
    faults = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.QUEUED)
    why = models.CharField(max_length=300, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"list {self.public_id} for bank {self.bank_id}"


# --- exchanges ----------------------------------------------------------------------------------------------------

# Imported so that Django finds them with the app; they refer to banks and entries, so they come last.
from .exchanges import models as exchange_models  # noqa: E402, F401
