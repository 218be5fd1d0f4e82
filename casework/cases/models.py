"""Cases: what the queue orders, who has claimed one, its clocks, decisions, effects, notes and drafts."""

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
from casework.privacy.fields import EncryptedJSONField, EncryptedTextField

#: Cases are numbered for people's eyes from here on.
FIRST_NUMBER = 1000
#: A claim lasts this long past its last heartbeat.
LEASE_SECONDS = 10 * 60


class CaseQuerySet(models.QuerySet["Case"]):
    def for_user(self, user: User) -> Self:
        """The cases that exist for this person: restricted ones only for the cleared, none without the right."""
        if not user.is_authenticated or not user.may(Perm.READ_CASES):
            return self.none()
        return self if user.cleared else self.filter(restricted=False)


class Case(models.Model):
    """A matter to be decided, with the factors that its priority is computed from (``priority.py``)."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        HELD = "held", _("on hold")
        APPROVAL = "approval", _("waits for a second person")
        DECIDED = "decided", _("decided, effects not yet confirmed")
        CLOSED = "closed", _("closed")
        WITHDRAWN = "withdrawn", _("withdrawn by the reporter")

    MOVES: ClassVar[dict[str, set[str]]] = {
        Status.WAITING: {Status.HELD, Status.APPROVAL, Status.DECIDED, Status.CLOSED, Status.WITHDRAWN},
        Status.HELD: {Status.WAITING, Status.APPROVAL, Status.DECIDED, Status.CLOSED, Status.WITHDRAWN},
        Status.APPROVAL: {Status.WAITING, Status.DECIDED, Status.CLOSED},
        Status.DECIDED: {Status.WAITING, Status.APPROVAL, Status.DECIDED, Status.CLOSED},
        Status.CLOSED: {Status.WAITING, Status.APPROVAL, Status.DECIDED, Status.CLOSED},
        Status.WITHDRAWN: {Status.WAITING, Status.DECIDED, Status.CLOSED},
    }
    #: States in which somebody still has to look at the case.
    OPEN: ClassVar[set[str]] = {Status.WAITING, Status.HELD, Status.APPROVAL}

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    created_at = models.DateTimeField(db_default=Now())
    wake_at = models.DateTimeField(null=True)

    restricted = models.BooleanField(default=False)
    restricted_why = models.CharField(max_length=40, blank=True)

    # factors of priority; None means "not known yet", which ranks as "needs a human"
    minor_indicated = models.BooleanField(default=False)
    danger_indicated = models.BooleanField(default=False)
    trusted_flagger = models.BooleanField(default=False)
    from_depicted_person = models.BooleanField(default=False)
    ai_claimed = models.BooleanField(null=True)
    locator_count = models.PositiveIntegerField(default=0)
    item_count = models.PositiveIntegerField(default=0)
    items_unexamined = models.PositiveIntegerField(default=0)
    explicit_score = models.FloatField(null=True)
    synthetic_found = models.BooleanField(default=False)
    known_matches = models.PositiveIntegerField(default=0)

    # the claim: a lease by the database clock
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    claim_token = models.UUIDField(null=True)
    claim_session = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["status", "restricted"], name="case_status"),
            models.Index(fields=["lease_until"], condition=Q(lease_until__isnull=False), name="case_leased"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(claimed_by__isnull=True, claim_token__isnull=True, lease_until__isnull=True)
                | Q(claimed_by__isnull=False, claim_token__isnull=False, lease_until__isnull=False),
                name="case_claim_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status="held") | Q(wake_at__isnull=False), name="case_held_wakes"
            ),
            models.CheckConstraint(
                condition=~Q(minor_indicated=True) | Q(restricted=True), name="case_minor_is_restricted"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The case number for people's eyes."""
        return f"CW-{FIRST_NUMBER + self.pk}"


class CaseTerm(models.Model):
    """A blind-indexed term under which a case is found: reference, digest, URL, host, account."""

    class Kind(models.TextChoices):
        REFERENCE = "reference", _("reference")
        DIGEST = "digest", _("digest")
        URL = "url", _("address")
        HOST = "host", _("host")
        ACCOUNT = "account", _("account")

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="terms")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    blind = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "kind", "blind"], name="term_once_a_case")]
        indexes = [models.Index(fields=["blind"], name="term_blind")]


class Locator(models.Model):
    """Where the imagery is: an address or an account name, encrypted."""

    class Kind(models.TextChoices):
        URL = "url", _("link")
        ACCOUNT = "account", _("account")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="locators")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    value = EncryptedTextField()
    blind = models.BinaryField(max_length=32)
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["case", "blind"], name="locator_once_a_case")]


class Clock(models.Model):
    """A deadline in law or promise. It starts at receipt and is never paused by our own queues."""

    class Profile(models.TextChoices):
        US_TIDA = "us_tida_48h", _("TAKE IT DOWN Act, 48 hours")

    HOURS: ClassVar[dict[str, int]] = {Profile.US_TIDA: 48}
    LEGAL_BASIS: ClassVar[dict[str, str]] = {Profile.US_TIDA: "47 USC 223a(a)(3)"}

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="clocks")
    profile = models.CharField(max_length=20, choices=Profile.choices)
    legal_basis = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    stopped_why = models.CharField(max_length=40, blank=True)
    breached_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "profile"], name="clock_once_a_case"),
            models.CheckConstraint(condition=Q(due_at__gt=models.F("started_at")), name="clock_runs_forward"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(stopped_at__isnull=True), name="clock_running")
        ]


class Skip(models.Model):
    """Somebody passed a case on; it does not come back to them until ``until``."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="skips")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20, blank=True)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="skip_once")]


class Outcome(models.TextChoices):
    """What a decision says. ``NEEDS_SECOND`` and ``TAKES_DOWN`` in ``actions`` say what follows."""

    REMOVE = "remove", _("Remove")
    RESTRICT = "restrict", _("Restrict")
    KEEP = "keep", _("Keep")
    NEED_MORE = "need_more", _("Not enough information")
    ESCALATE = "escalate", _("Escalate")
    SUSPECTED_MINOR = "suspected_minor", _("Suspected minor")
    NOT_MINOR = "not_minor", _("Not a minor: lift the restriction")


class Policy(models.TextChoices):
    """The rule a decision rests on."""

    NCII_AUTHENTIC = "ncii_authentic", _("Intimate imagery shared without consent")
    NCII_AI = "ncii_ai", _("Intimate imagery made or altered with AI")
    NCII_THREAT = "ncii_threat", _("Threat to share intimate imagery")
    MINOR = "minor", _("Sexual imagery of somebody under 18")
    NOT_INTIMATE = "not_intimate", _("Not intimate imagery")
    CONSENT_SHOWN = "consent_shown", _("Shared with consent")
    NOT_FOUND = "not_found", _("Not found at the place named")
    DUPLICATE = "duplicate", _("Already decided elsewhere")


class Basis(models.TextChoices):
    """What a decision rests on. A model's score may be among it and is never enough (``ScoreAlone``)."""

    REPORT = "report", _("what the report says")
    REVEAL = "reveal", _("what I saw in a reveal")
    PLACE = "place", _("what is at the place named")
    MATCH = "match", _("a match with a decided item")
    PROVENANCE = "provenance", _("provenance or generator data")
    SCORE = "score", _("a model's score")


class Decision(models.Model):
    """One decision. Never edited: a later row that names it in ``override_of`` replaces it."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    outcome = models.CharField(max_length=20, choices=Outcome.choices)
    policy = models.CharField(max_length=20, choices=Policy.choices)
    bases = models.JSONField(default=list)
    grounds = EncryptedTextField()
    statement = EncryptedTextField(blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(db_default=Now())
    # Not unique: a decision that a second person refused names the same one as the next that is proposed.
    override_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="replacements")
    needs_second = models.BooleanField(default=False)

    class Meta:
        ordering = ["-pk"]


class DecisionReview(models.Model):
    """The second person's word on a decision that cannot be undone."""

    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="review")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    approved = models.BooleanField()
    reason = EncryptedTextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reviewer=models.F("author")), name="review_by_another_person")
        ]


class Effect(models.Model):
    """What a decision wants to happen in the world, and whether it has."""

    class Kind(models.TextChoices):
        TAKE_DOWN = "take_down", _("take down")
        LIMIT = "limit", _("limit visibility")
        INFORM_REPORTER = "inform_reporter", _("tell the reporter")
        REFER = "refer", _("pass on to a partner")
        RESTORE = "restore", _("put back")

    class How(models.TextChoices):
        PERSON = "person", _("by a person who looked")
        PLATFORM = "platform", _("by the platform's answer")
        PARTNER = "partner", _("a partner received it")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="effects")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    locator = models.ForeignKey(Locator, null=True, on_delete=models.PROTECT, related_name="effects")
    wanted_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    how = models.CharField(max_length=8, choices=How.choices, default=How.PERSON)
    remark = EncryptedTextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(failed_at__isnull=True), name="effect_one_end"
            ),
            models.UniqueConstraint(fields=["decision", "kind", "locator"], name="effect_once_a_locator"),
            models.UniqueConstraint(
                fields=["decision", "kind"], condition=Q(locator__isnull=True), name="effect_once_without"
            ),
        ]


class Note(models.Model):
    """What somebody wrote on a case for colleagues."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = EncryptedTextField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]


class Draft(models.Model):
    """What somebody has typed on a case and not yet sent, so that a lost lease or connection loses nothing."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="drafts")
    form = models.CharField(max_length=20)
    content = EncryptedJSONField()
    kept_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "case", "form"], name="draft_once")]


class LegalHold(models.Model):
    """Nothing of the case is removed before ``until`` (never, for None), or before two people have lifted the hold."""

    class Why(models.TextChoices):
        PRESERVATION = "preservation", _("an authority asked to preserve it")
        CYBERTIP = "cybertip", _("reported to NCMEC: kept for a year (18 USC 2258A(h))")
        LITIGATION = "litigation", _("a dispute before a court")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="legal_holds")
    why = models.CharField(max_length=15, choices=Why.choices)
    reference = models.CharField(max_length=100, blank=True)
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    placed_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField(null=True)
    release_asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    release_asked_at = models.DateTimeField(null=True)
    release_why = EncryptedTextField(blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(released_by__isnull=True)
                | Q(release_asked_by__isnull=False) & ~Q(released_by=models.F("release_asked_by")),
                name="hold_released_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"hold {self.public_id}"
