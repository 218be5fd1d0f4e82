"""One matter handed to one partner: why, what of it, who agreed, and what came back."""

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
from casework.cases.models import Case, Decision, Locator
from casework.evidence.models import Item
from casework.partners.models import Channel, Partner, Tlp, agreed_until_today
from casework.privacy.fields import EncryptedJSONField, EncryptedTextField

#: Escalations are numbered for people's eyes from here on.
FIRST_NUMBER = 500


class State(models.TextChoices):
    DRAFT = "draft", _("draft")
    RETURNED = "returned", _("returned to its author")
    APPROVED = "approved", _("approved, being made ready")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    ANSWERED = "answered", _("answered")
    CLOSED = "closed", _("closed")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")
    EXPIRED = "expired", _("expired")


class Basis(models.TextChoices):
    """Why something may leave."""

    DSA_ART18 = "dsa_art18", _("suspected threat to life or safety (DSA Article 18)")
    VICTIM_REQUEST = "victim_request", _("the person depicted asked for it")
    STATUTORY = "statutory", _("a statute requires it")
    VOLUNTARY = "voluntary", _("voluntary, within the law")
    LEGAL_REQUEST = "legal_request", _("a legal request")


class Urgency(models.TextChoices):
    LIFE_THREAT = "life_threat", _("danger to life")
    ONGOING = "ongoing_threat", _("a threat that goes on")
    ROUTINE = "routine", _("routine")


class Consent(models.TextChoices):
    """What the person depicted said to this hand-over."""

    NOT_ASKED = "not_asked", _("not asked")
    NOT_NEEDED = "not_needed", _("not needed on this basis")
    GIVEN = "given", _("given")
    REFUSED = "refused", _("refused")


class BreakGlass(models.TextChoices):
    """The only reasons to go without a second person: somebody's life."""

    SUICIDE = "suicide", _("somebody may take their life")
    VIOLENCE = "violence", _("somebody may be killed or gravely hurt")
    CHILD = "child", _("a child is in danger now")


class Outcome(models.TextChoices):
    """What a partner reports back."""

    TAKEN_ON = "taken_on", _("taken on")
    REMOVED = "removed", _("content removed")
    INVESTIGATION = "investigation", _("an investigation was opened")
    PASSED_ON = "passed_on", _("passed on to who is competent")
    NO_ACTION = "no_action", _("no action possible")
    NOT_OURS = "not_ours", _("not competent")


class EscalationQuerySet(models.QuerySet["Escalation"]):
    def for_user(self, user: User) -> Self:
        """For the desk those of the cases that exist for this person; for a partner's people what their organisation
        was sent and may still see. Everything is asked anew with each request, so access ends with the row."""
        if not user.is_authenticated:
            return self.none()
        if user.may(Perm.USE_PORTAL):
            # What may show somebody under 18 is for the cleared alone, here as at the desk.
            rows = self if user.cleared else self.filter(case__restricted=False)
            return rows.filter(
                agreed_until_today("partner__"),
                state__in=Escalation.WITH_PARTNER,
                partner__state=Partner.State.ACTIVE,
                partner__organisation=user.organisation_id or 0,
                partner__contacts__user=user,
                partner__contacts__ended_at__isnull=True,
                expires_at__gt=Now(),
                channel=Channel.PORTAL,
            )
        return self.filter(case__in=Case.objects.for_user(user))


class Escalation(models.Model):
    """What leaves, to whom, why, and who agreed. ``drafted_by`` and ``approved_by`` are never the same person."""

    MOVES: ClassVar[dict[str, set[str]]] = {
        State.DRAFT: {State.APPROVED, State.RETURNED, State.REFUSED, State.WITHDRAWN},
        State.RETURNED: {State.DRAFT, State.WITHDRAWN},
        State.APPROVED: {State.SENT, State.RETURNED, State.WITHDRAWN},
        State.SENT: {State.DELIVERED, State.ACKNOWLEDGED, State.REFUSED, State.WITHDRAWN, State.EXPIRED},
        State.DELIVERED: {
            State.ACKNOWLEDGED,
            State.ANSWERED,
            State.CLOSED,
            State.REFUSED,
            State.WITHDRAWN,
            State.EXPIRED,
        },  # fmt: skip
        State.ACKNOWLEDGED: {State.ANSWERED, State.CLOSED, State.REFUSED, State.WITHDRAWN, State.EXPIRED},
        State.ANSWERED: {State.CLOSED, State.WITHDRAWN, State.EXPIRED},
        State.REFUSED: set(),
        State.WITHDRAWN: set(),
        State.EXPIRED: {State.CLOSED},
        State.CLOSED: set(),
    }
    #: States in which somebody other than the author, or a break-glass, must have let it go.
    OUT: ClassVar[tuple[str, ...]] = (
        State.SENT, State.DELIVERED, State.ACKNOWLEDGED, State.ANSWERED, State.CLOSED, State.EXPIRED,
    )  # fmt: skip
    #: States in which the partner sees it.
    WITH_PARTNER: ClassVar[tuple[str, ...]] = (
        State.SENT, State.DELIVERED, State.ACKNOWLEDGED, State.ANSWERED,
    )  # fmt: skip

    #: Channels by which somebody there reads what the desk writes.
    READ_THERE: ClassVar[tuple[str, ...]] = (Channel.PORTAL, Channel.LINK)

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="escalations")
    decision = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="escalations")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="escalations")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    state = models.CharField(max_length=12, choices=State.choices, default=State.DRAFT)

    basis = models.CharField(max_length=15, choices=Basis.choices)
    #: The law, order or agreement in its own words.
    authority = models.CharField(max_length=200, blank=True)
    #: The public id of the legal request on record that it answers (``settings.LEGAL_REQUESTS``): its model lies above.
    legal_request = models.UUIDField(null=True, blank=True)
    urgency = models.CharField(max_length=15, choices=Urgency.choices, default=Urgency.ROUTINE)
    jurisdiction = models.CharField(max_length=2, blank=True)
    jurisdiction_how = models.CharField(max_length=200, blank=True)
    offence_hint = models.CharField(max_length=200, blank=True)
    facts = EncryptedTextField(blank=True)
    tlp = models.CharField(max_length=16, choices=Tlp.choices, default=Tlp.AMBER)
    #: Codes of what leaves (``choosing.FIELDS``), and why for those that are not part of the minimum.
    fields = models.JSONField(default=list)
    reasons = EncryptedJSONField(default=dict)
    consent = models.CharField(max_length=10, choices=Consent.choices, default=Consent.NOT_ASKED)
    consent_how = EncryptedTextField(blank=True)
    #: No word about it reaches the reporter before this.
    nondisclosure_until = models.DateTimeField(null=True, blank=True)

    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField(db_default=Now())
    #: Grows with each change of what would leave; preview and approvals name the one they saw.
    version = models.PositiveIntegerField(default=1)
    offered_at = models.DateTimeField(null=True)
    returned_why = EncryptedTextField(blank=True)

    previewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    previewed_at = models.DateTimeField(null=True)
    #: SHA-256 of the whole preview: what is approved is what was seen, to the letter.
    previewed_digest = models.CharField(max_length=64, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    approved_digest = models.CharField(max_length=64, blank=True)
    imagery_why = EncryptedTextField(blank=True)
    imagery_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    imagery_approved_at = models.DateTimeField(null=True)
    break_glass = models.CharField(max_length=10, choices=BreakGlass.choices, blank=True)
    break_glass_words = EncryptedTextField(blank=True)
    broken_at = models.DateTimeField(null=True)
    review_due_at = models.DateTimeField(null=True)
    #: When it was written down that nobody had reviewed it in time.
    overdue_noted_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reviewed_at = models.DateTimeField(null=True)
    review_right = models.BooleanField(null=True)
    review_words = EncryptedTextField(blank=True)

    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    answer_due_at = models.DateTimeField(null=True)
    #: Which of the reminders went out: hours after sending.
    reminded_hours = models.PositiveSmallIntegerField(default=0)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    claimed_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_name = EncryptedTextField(blank=True)
    recipient_reference = EncryptedTextField(blank=True)
    #: SHA-256 of the encrypted file that the recipient says to have.
    acknowledged_sha256 = models.CharField(max_length=64, blank=True)
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=15, choices=Outcome.choices, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_why = EncryptedTextField(blank=True)

    #: The partner's access ends here; downloads are counted in ``Download``.
    expires_at = models.DateTimeField(null=True)
    download_limit = models.PositiveSmallIntegerField(default=5)
    #: How many fetches have begun.
    fetched = models.PositiveSmallIntegerField(default=0)

    objects = EscalationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state", "-id"], name="escalation_state"),
            models.Index(fields=["partner", "state"], name="escalation_partner"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("drafted_by")),
                name="escalation_approved_by_another",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "delivered", "acknowledged", "answered", "closed", "expired"])
                | Q(approved_by__isnull=False, approved_at__isnull=False)
                | ~Q(break_glass="") & Q(broken_at__isnull=False, review_due_at__isnull=False),
                name="escalation_out_needs_two",
            ),
            models.CheckConstraint(
                condition=Q(imagery_approved_by__isnull=True)
                | ~Q(imagery_approved_by=F("drafted_by"))
                & (Q(approved_by__isnull=True) | ~Q(imagery_approved_by=F("approved_by"))),
                name="escalation_imagery_by_third",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("drafted_by")),
                name="escalation_reviewed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(break_glass="") | Q(broken_at__isnull=False, review_due_at__isnull=False),
                name="escalation_glass_has_review",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "sent", "delivered", "acknowledged", "answered"])
                | ~Q(previewed_digest=""),
                name="escalation_out_was_previewed",
            ),
            models.CheckConstraint(
                condition=~Q(basis="legal_request", legal_request__isnull=True)
                | Q(state__in=["draft", "returned", "refused", "withdrawn"]),
                name="escalation_answers_a_request",
            ),
            models.CheckConstraint(
                condition=Q(fetched__lte=F("download_limit")), name="escalation_fetched_within_limit"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """For people's eyes."""
        return f"ES-{FIRST_NUMBER + self.pk}"

    @property
    def with_pictures(self) -> bool:
        """Whether a picture is to go along."""
        return self.chosen_items.filter(with_picture=True).exists()

    @property
    def is_tip(self) -> bool:
        """Whether it goes to the CyberTipline, which takes facts and originals instead of a package."""
        return self.channel == Channel.CYBERTIP


class EscalationItem(models.Model):
    """An evidence item that is spoken of; its rendition goes along only ``with_picture``."""

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="chosen_items")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    with_picture = models.BooleanField(default=False)

    class Meta:
        ordering = ["item__position"]
        constraints = [models.UniqueConstraint(fields=["escalation", "item"], name="escalation_item_once")]

    def __str__(self) -> str:
        return f"item {self.item_id} of {self.escalation_id}"


class EscalationLocator(models.Model):
    """A place that is named."""

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="chosen_locators")
    locator = models.ForeignKey(Locator, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["locator_id"]
        constraints = [
            models.UniqueConstraint(fields=["escalation", "locator"], name="escalation_locator_once")
        ]

    def __str__(self) -> str:
        return f"place {self.locator_id} of {self.escalation_id}"


class LineQuerySet(models.QuerySet["Line"]):
    def for_user(self, user: User) -> Self:
        """The lines of the escalations that exist for this person."""
        return self.filter(escalation__in=Escalation.objects.for_user(user))


class Line(models.Model):
    """One line between desk and partner: a question, an answer, a word."""

    class Side(models.TextChoices):
        DESK = "desk", _("the desk")
        PARTNER = "partner", _("the partner")

    class Kind(models.TextChoices):
        WORD = "word", _("message")
        QUESTION = "question", _("question")
        ANSWER = "answer", _("answer")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="lines")
    side = models.CharField(max_length=7, choices=Side.choices)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.WORD)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    #: Of somebody without an account, who came by a secure link.
    author_name = EncryptedTextField(blank=True)
    text = EncryptedTextField()
    at = models.DateTimeField(db_default=Now())

    objects = LineQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"
