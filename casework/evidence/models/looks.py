"""Who looked at what: reveals, films that were played, marks, and copies that were traced back to them."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm

from .items import Blob, Frame, Item


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
    """The invisible mark of one reveal, one played film or one exported copy: a random number that the picture, or
    every picture of the film, carries and this row resolves. Whoever reads it out of a leaked copy knows where
    the copy came from."""

    BITS: ClassVar[int] = 48

    class Purpose(models.TextChoices):
        REVEAL = "reveal", _("shown in a reveal")
        PLAYBACK = "playback", _("shown as a film")
        EXPORT = "export", _("handed to a partner")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    value = models.BigIntegerField(unique=True)
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="marks")
    #: The rendition that was marked: a leaked copy is recognised against it. Of a film the item's, which was not:
    #: its copies are recognised against the film itself.
    rendition = models.ForeignKey(Blob, on_delete=models.PROTECT, related_name="marks")
    #: The film that was made with it; its ``reveal`` is set when it is watched.
    playback = models.OneToOneField(Playback, null=True, on_delete=models.PROTECT, related_name="mark")
    reveal = models.OneToOneField(Reveal, null=True, on_delete=models.PROTECT, related_name="mark")
    #: Who received an exported copy, as the export wrote it down; empty for reveals.
    recipient = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(value__gte=0, value__lt=2**48), name="mark_fits"),
            models.CheckConstraint(
                condition=Q(purpose="reveal", reveal__isnull=False, playback__isnull=True)
                | Q(purpose="export", reveal__isnull=True, playback__isnull=True)
                | Q(purpose="playback", playback__isnull=False),
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
