"""Legal requests: who asks for what under which law, whether it is authentic, what is due when, and what was given."""

from __future__ import annotations

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.cases.models import Case, LegalHold
from casework.escalations.models import Escalation
from casework.partners.models import Partner
from casework.privacy.fields import EncryptedJSONField, EncryptedTextField

#: Requests are numbered for people's eyes from here on.
FIRST_NUMBER = 200


class Type(models.TextChoices):
    """What kind of process it is (domain: legal request types)."""

    PRESERVATION = "preservation_request", _("preservation request (18 USC 2703(f))")
    SUBPOENA = "subpoena", _("subpoena")
    ORDER_2703D = "court_order_2703d", _("court order (18 USC 2703(d))")
    WARRANT = "search_warrant", _("search warrant")
    PEN_TRAP = "pen_trap", _("pen register or trap and trace order")
    NSL = "nsl", _("national security letter")
    EMERGENCY = "emergency_disclosure_request", _("emergency disclosure request")
    MLAT = "mlat", _("mutual legal assistance")
    CLOUD_ACT = "cloud_act_agreement", _("order under a CLOUD Act agreement")
    EPOC = "epoc", _("European Production Order (EPOC)")
    EPOC_PR = "epoc_pr", _("European Preservation Order (EPOC-PR)")
    UK_IPA = "uk_ipa_ripa", _("UK notice or warrant (IPA, RIPA)")
    UK_OPO = "uk_overseas_production_order", _("UK overseas production order")
    DSA_9 = "dsa_art9_order_remove", _("order to act against content (DSA Article 9)")
    DSA_10 = "dsa_art10_order_info", _("order to give information (DSA Article 10)")
    ESAFETY = "esafety_notice", _("eSafety notice (Australia)")
    CIVIL = "court_order_civil", _("civil court order")
    DSAR = "dsar_gdpr", _("request by the person concerned (GDPR)")


class State(models.TextChoices):
    RECEIVED = "received", _("received, not checked yet")
    CHECKING = "checking", _("being checked")
    ACCEPTED = "accepted", _("accepted")
    PRODUCED = "produced", _("produced")
    PRESERVED = "preserved", _("preserved")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn by the authority")
    CLOSED = "closed", _("closed")


class Category(models.TextChoices):
    """Kinds of data that may be asked for."""

    SUBSCRIBER = "subscriber", _("who the account belongs to")
    SESSIONS = "sessions", _("sign-ins and addresses")
    LOCATORS = "locators", _("where the imagery is")
    HASHES = "hashes", _("hashes of files")
    CONTENT = "content", _("content")
    REPORTS = "reports", _("what was reported")
    DECISIONS = "decisions", _("what was decided")
    PRESERVE = "preserve", _("nothing yet: keep it")


#: Types that only keep something and give nothing.
PRESERVING = frozenset({Type.PRESERVATION, Type.EPOC_PR})


class LegalRequestQuerySet(models.QuerySet["LegalRequest"]):
    def for_user(self, user: User) -> Self:
        """The requests, for whoever may read them.

        Which cases one concerns is told apart from it (``LegalRequest.matters_for``): a request that would vanish
        for whoever entered it would tell them that it concerns a restricted case.
        """
        if not user.is_authenticated or not user.may(Perm.READ_LEGAL):
            return self.none()
        return self.defer("document")  # megabytes, which one page in a hundred asks for


class LegalRequest(models.Model):
    """One request as it was served."""

    MOVES: ClassVar[dict[str, set[str]]] = {
        State.RECEIVED: {State.CHECKING, State.REFUSED, State.WITHDRAWN},
        State.CHECKING: {State.ACCEPTED, State.REFUSED, State.WITHDRAWN},
        State.ACCEPTED: {State.PRODUCED, State.PRESERVED, State.REFUSED, State.WITHDRAWN},
        State.PRODUCED: {State.CLOSED},
        State.PRESERVED: {State.CLOSED, State.WITHDRAWN},
        State.REFUSED: {State.CHECKING, State.CLOSED},
        State.WITHDRAWN: {State.CLOSED},
        State.CLOSED: set(),
    }

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    type = models.CharField(max_length=30, choices=Type.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    citation = models.CharField(max_length=200, blank=True)
    authority = models.CharField(max_length=200)
    #: The directory entry through which a production leaves; its call-back number is the independent one.
    partner = models.ForeignKey(
        Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )
    country = models.CharField(max_length=2)
    officer = EncryptedJSONField(
        default=dict
    )  # name, title, badge, mail, phone (as the request says), supervisor
    authority_reference = models.CharField(max_length=200, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    received_at = models.DateTimeField()
    served_by = models.CharField(max_length=200, blank=True)
    #: What the document itself names; for many types the only deadline there is.
    deadline_at = models.DateTimeField(null=True, blank=True)
    #: An EPOC that says it is an emergency: hours instead of days.
    urgent = models.BooleanField(default=False)
    #: Exact identifiers only: [{"kind": "url"|"account"|"case"|"digest", "value": …}]
    targets = EncryptedJSONField(default=list)
    categories = models.JSONField(default=list)
    period_from = models.DateTimeField(null=True, blank=True)
    period_until = models.DateTimeField(null=True, blank=True)
    nondisclosure_until = models.DateTimeField(null=True, blank=True)
    #: The order that says so, where it is another than the request.
    nondisclosure_reference = models.CharField(max_length=200, blank=True)
    #: From when the person concerned may be told, once nothing holds it back; and when that was done.
    notice_due_at = models.DateTimeField(null=True, blank=True)
    notified_at = models.DateTimeField(null=True, blank=True)
    #: For emergencies: nature, person at risk, imminence, why no process, data needed.
    emergency = EncryptedJSONField(default=dict)
    document_sha256 = models.CharField(max_length=64, blank=True)
    document = EncryptedTextField(blank=True)  # base64 of the served document, at most 5 MiB
    document_name = EncryptedTextField(blank=True)
    entered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(db_default=Now())
    #: Grows when a supervisor has it checked anew; checks of earlier rounds count no more.
    round = models.PositiveSmallIntegerField(default=1)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    objection = EncryptedTextField(blank=True)
    #: Codes of why it was refused (``wording.GROUNDS``).
    grounds = models.JSONField(default=list)
    #: What was answered where nothing went through a partner's channel.
    answered_how = EncryptedTextField(blank=True)
    answered_at = models.DateTimeField(null=True)
    #: The process that an emergency was followed by.
    process_reference = models.CharField(max_length=200, blank=True)
    cost = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    cost_currency = models.CharField(max_length=3, blank=True)
    ended_at = models.DateTimeField(null=True)

    objects = LegalRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["accepted", "produced", "preserved"]) | Q(accepted_by__isnull=False),
                name="legal_accepted_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(accepted_by__isnull=True) | ~Q(accepted_by=F("entered_by")),
                name="legal_accepted_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """For people's eyes."""
        return f"LR-{FIRST_NUMBER + self.pk}"

    @property
    def preserving(self) -> bool:
        """Whether it asks to keep, and to give nothing."""
        return self.type in PRESERVING

    @property
    def silent(self) -> bool:
        """Whether nobody may be told today."""
        return self.nondisclosure_until is not None and self.nondisclosure_until > timezone.now()

    def matters_for(self, user: User) -> models.QuerySet[LegalRequestCase]:
        """The cases it concerns, of those that exist for this person."""
        return self.matters.filter(case__in=Case.objects.for_user(user)).select_related("case", "production")

    def checks_now(self) -> models.QuerySet[LegalCheck]:
        """The checks that count."""
        return self.checks.filter(round=self.round).select_related("person")


class LegalRequestCase(models.Model):
    """A case that a request concerns; found by its targets, or named by a person."""

    request = models.ForeignKey(LegalRequest, on_delete=models.CASCADE, related_name="matters")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="legal_matters")
    hold = models.ForeignKey(LegalHold, null=True, on_delete=models.PROTECT, related_name="+")
    #: What was produced of it, by the same machinery as any other escalation.
    production = models.OneToOneField(
        Escalation, null=True, on_delete=models.PROTECT, related_name="produced_for"
    )
    #: Why nothing of this case is produced.
    left_out_why = EncryptedTextField(blank=True)
    left_out_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["request", "case"], name="legal_case_once")]

    def __str__(self) -> str:
        return f"case {self.case_id} of {self.request_id}"


class LegalCheck(models.Model):
    """One person's check that a request is what it says: two different people have to find it authentic."""

    class How(models.TextChoices):
        CALL_BACK = "call_back", _("called back a number found independently")
        SYSTEM = "system", _("came by the authorities' own secure system")
        SIGNATURE = "signature", _("electronic signature verified")
        COURT = "court", _("asked the court that issued it")

    request = models.ForeignKey(LegalRequest, on_delete=models.CASCADE, related_name="checks")
    round = models.PositiveSmallIntegerField(default=1)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    how = models.CharField(max_length=10, choices=How.choices)
    number = EncryptedTextField(blank=True)
    #: Where the number was found: never the request itself.
    number_source = models.CharField(max_length=300, blank=True)
    authentic = models.BooleanField()
    words = EncryptedTextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["request", "person", "round"], name="legal_check_once_a_person"),
            models.CheckConstraint(
                condition=~Q(how="call_back") | ~Q(number_source=""), name="legal_number_has_source"
            ),
        ]

    def __str__(self) -> str:
        return f"check {self.pk}"


class LegalClock(models.Model):
    """A deadline of a request: of its law, of its document, or a promise of our own, and never one as another."""

    class Kind(models.TextChoices):
        ANSWER = "answer", _("to answer")
        PRESERVE = "preserve", _("to keep")
        PROCESS = "process", _("to have the process that follows")

    class Source(models.TextChoices):
        LAW = "law", _("law")
        DOCUMENT = "document", _("the request itself")
        TARGET = "target", _("our own target, not law")

    request = models.ForeignKey(LegalRequest, on_delete=models.CASCADE, related_name="clocks")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    source = models.CharField(max_length=10, choices=Source.choices)
    legal_basis = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    stopped_why = models.CharField(max_length=40, blank=True)
    renewed = models.PositiveSmallIntegerField(default=0)
    breached_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["due_at"]
        constraints = [
            models.UniqueConstraint(fields=["request", "kind"], name="legal_clock_once"),
            models.CheckConstraint(condition=Q(due_at__gt=F("started_at")), name="legal_clock_forward"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.request_id}"


class LegalLetter(models.Model):
    """What the authority was told in writing. Proposed by one, released by another."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        REFUSAL = "refusal", _("refusal")
        COVER = "cover", _("cover letter of a production")
        PRESERVED = "preserved", _("confirmation that it is preserved")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    request = models.ForeignKey(LegalRequest, on_delete=models.CASCADE, related_name="letters")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    grounds = models.JSONField(default=list)  # codes of reasons for a refusal
    text = EncryptedTextField()
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(db_default=Now())
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=F("written_by")),
                name="legal_letter_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"


class LegalHandOver(models.Model):
    """A released letter that reached the authority: who gave what to whom, how and when. Plain mail is no way."""

    class Way(models.TextChoices):
        SYSTEM = "system", _("through the authority's own secure system")
        COURT = "court", _("through the court's electronic filing")
        SEALED = "sealed", _("as a file that is sealed to their verified key")
        PERSON = "person", _("in person")
        POST = "post", _("by registered post")

    letter = models.ForeignKey(LegalLetter, on_delete=models.CASCADE, related_name="hand_overs")
    way = models.CharField(max_length=10, choices=Way.choices)
    to_whom = EncryptedTextField()
    #: Number of the filing, the consignment or the receipt.
    reference = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    text_sha256 = models.CharField(max_length=64)
    noted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    noted_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.way} {self.at}"
