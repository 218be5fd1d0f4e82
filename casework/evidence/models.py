"""Evidence: sealed blobs, items of a case, what signals say of them, and each reveal."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.cases.models import Case
from casework.hashbanks.models import Bank, Entry
from casework.privacy.fields import EncryptedJSONField, EncryptedTextField


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


class RevealReason(models.TextChoices):
    """Why somebody has to look; picked, never typed."""

    DECIDE = "decide", _("to decide: signals and report are not enough")
    IDENTIFY = "identify", _("to see whether the person depicted is who the report says")
    COMPARE = "compare", _("to compare with another item")
    SECOND = "second", _("to approve somebody else's decision")
    LEGAL = "legal", _("to answer a legal request")


class RevealQuerySet(models.QuerySet["Reveal"]):
    def for_user(self, user: User) -> Self:
        """A reveal exists only for the person who opened it."""
        return self.filter(person=user, item__in=Item.objects.for_user(user))


class Reveal(models.Model):
    """One time that one person opened one item's rendition. Every byte of a rendition is served under one of these."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="reveals")
    #: Set where one frame of a film is looked at; ``playback`` where the film is played.
    frame = models.ForeignKey(Frame, null=True, on_delete=models.PROTECT, related_name="reveals")
    playback = models.OneToOneField(Blob, null=True, on_delete=models.SET_NULL, related_name="playback_of")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    session_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=10, choices=RevealReason.choices)
    opened_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    extended_at = models.DateTimeField(null=True)
    coloured_at = models.DateTimeField(null=True)
    first_served_at = models.DateTimeField(null=True)
    times_served = models.PositiveSmallIntegerField(default=0)
    closed_at = models.DateTimeField(null=True)
    seconds = models.FloatField(null=True)
    estimated = models.BooleanField(default=False)

    objects = RevealQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(closed_at__isnull=True), name="reveal_open")
        ]

    def __str__(self) -> str:
        return f"reveal {self.public_id}"


class PlaybackQuerySet(models.QuerySet["Playback"]):
    def for_user(self, user: User) -> Self:
        """A playback exists only for the person it is made for."""
        return self.filter(person=user, item__in=Item.objects.for_user(user))


class Playback(models.Model):
    """A part of a film, asked for by one person with a reason and made for them alone; watched once, under a reveal.

    ``start_seconds`` and ``seconds`` say which part; ``progress`` (0 to 1) is what the maker last said. The blob is
    staged: it goes when the look is over, or when nobody came to watch.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="playbacks")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    session_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=10, choices=RevealReason.choices)
    start_seconds = models.FloatField(default=0)
    coloured = models.BooleanField(default=False)
    asked_at = models.DateTimeField(db_default=Now())
    progress = models.FloatField(default=0)
    finished_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=500, blank=True)
    blob = models.OneToOneField(Blob, null=True, on_delete=models.SET_NULL, related_name="playback")
    seconds = models.FloatField(null=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    reveal = models.OneToOneField(Reveal, null=True, on_delete=models.PROTECT, related_name="film")

    objects = PlaybackQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"playback {self.public_id}"


class Mark(models.Model):
    """The invisible mark of one reveal or one exported copy: a random number that the picture carries and this row
    resolves. Whoever reads it out of a leaked copy knows where the copy came from."""

    BITS: ClassVar[int] = 48

    class Purpose(models.TextChoices):
        REVEAL = "reveal", _("shown in a reveal")
        EXPORT = "export", _("handed to a partner")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    value = models.BigIntegerField(unique=True)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="marks")
    #: The rendition that was marked: a leaked copy is recognised against it.
    rendition = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="marks")
    reveal = models.OneToOneField(Reveal, null=True, on_delete=models.PROTECT, related_name="mark")
    #: Who received an exported copy, as the export wrote it down; empty for reveals.
    recipient = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=0, value__lt=2**48), name="mark_fits"),
            models.CheckConstraint(
                condition=Q(purpose="reveal", reveal__isnull=False)
                | Q(purpose="export", reveal__isnull=True),
                name="mark_of_one_purpose",
            ),
        ]

    def __str__(self) -> str:
        return f"mark {self.public_id}"


class TraceQuerySet(models.QuerySet["Trace"]):
    def for_user(self, user: User) -> Self:
        """The traces of this desk for who may trace; those that led to a case only where that case exists for them."""
        if not user.is_authenticated or not user.may(Perm.TRACE_LEAKS):
            return self.none()
        return self.filter(Q(item__isnull=True) | Q(item__in=Item.objects.for_user(user)))


class Trace(models.Model):
    """One copy that turned up outside, compared with what this desk has shown, and what came of it.

    It was compared with the ``candidates`` pictures that carried marks up to ``newest_mark`` and that existed for
    ``person``; ``compared`` of them so far. The copy itself is removed when the trace is finished.
    """

    class Verdict(models.TextChoices):
        NAMED = "named", _("a mark was read and is one of ours")
        RECOGNISED = "recognised", _("our picture, but no mark could be read")
        UNKNOWN_MARK = "unknown_mark", _("our picture, with a mark that no record names")
        NOTHING = "nothing", _("none of our pictures was recognised")
        UNOPENED = "unopened", _("the copy could not be opened")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    #: Whoever asked; empty for the command line, which may do without.
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(db_default=Now())
    sha256 = models.CharField(max_length=64)
    #: The copy, sealed like an original and staged; gone when the trace is finished.
    copy = models.OneToOneField(Blob, null=True, on_delete=models.SET_NULL, related_name="trace")
    newest_mark = models.BigIntegerField(default=0)
    candidates = models.PositiveIntegerField(null=True)
    compared = models.PositiveIntegerField(default=0)
    #: Pictures that should have been compared and could not be opened.
    unread = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=12, choices=Verdict.choices, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    item = models.ForeignKey(Item, null=True, on_delete=models.PROTECT, related_name="traces")
    mark = models.ForeignKey(Mark, null=True, on_delete=models.PROTECT, related_name="traces")
    #: The most that the chance of a wrong name can be, over everything that was compared.
    chance = models.FloatField(null=True)
    score = models.FloatField(null=True)

    objects = TraceQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict="named", mark__isnull=False, item__isnull=False, chance__isnull=False)
                | ~Q(verdict="named") & Q(mark__isnull=True),
                name="trace_names_a_mark",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, verdict="")
                | Q(finished_at__isnull=False) & ~Q(verdict=""),
                name="trace_finished_with_a_verdict",
            ),
        ]

    def __str__(self) -> str:
        return f"trace {self.public_id}"


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
