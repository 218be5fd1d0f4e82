"""Reports: what somebody told us, their way back to it, and the doors it came through."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import Organisation, User
from casework.accounts.permissions import Perm
from casework.cases.models import Case
from casework.privacy.fields import EncryptedJSONField, EncryptedTextField


class ReporterRole(models.TextChoices):
    """Who the reporter is to what is shown."""

    DEPICTED = "depicted", _("the person depicted")
    GUARDIAN = "guardian", _("a parent or guardian")
    REPRESENTATIVE = "representative", _("an authorised representative")
    SOMEBODY_ELSE = "somebody_else", _("somebody else")


class AgeAtTheTime(models.TextChoices):
    ADULT = "adult", _("18 or older")
    MINOR = "minor", _("under 18")
    UNKNOWN = "unknown", _("don't know")
    #: The REST API's default: a platform that says nothing has not indicated anything. The form always asks.
    NOT_SAID = "not_said", _("not said")


class MadeHow(models.TextChoices):
    REAL = "real", _("real")
    AI = "ai", _("made or altered with AI")
    UNKNOWN = "unknown", _("don't know")


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def for_user(self, user: User) -> Self:
        """The keys, for whoever manages keys."""
        if not user.is_authenticated or not user.may(Perm.MANAGE_API_KEYS):
            return self.none()
        return self.select_related("organisation", "made_by").order_by("revoked_at", "-pk")


class ApiKey(models.Model):
    """A key of the REST API: shown once, kept as a hash, limited to scopes."""

    class Scope(models.TextChoices):
        FILE = "reports:file", _("file reports")
        READ = "reports:read", _("read the state of own reports")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="api_keys")
    prefix = models.CharField(max_length=12, unique=True)
    key_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    trusted_flagger = models.BooleanField(default=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def scope_words(self) -> list[str]:
        """What the key may do, in words."""
        return [str(self.Scope(scope).label) for scope in self.scopes]


class ReportQuerySet(models.QuerySet["Report"]):
    def for_user(self, user: User) -> Self:
        """The reports of the cases that exist for this person."""
        return self.filter(case__in=Case.objects.for_user(user))

    def of_case(self, case: Case) -> Self:
        """The reports of one case, with whose key they came through."""
        return self.filter(case=case).select_related("case", "api_key__organisation")


class Report(models.Model):
    """One report as it came in. Everything that may name somebody is encrypted."""

    class Channel(models.TextChoices):
        FORM = "form", _("public form")
        API = "api", _("API")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(max_length=9, unique=True)
    access_code_hash = models.CharField(max_length=200)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="reports")
    channel = models.CharField(max_length=4, choices=Channel.choices)
    api_key = models.ForeignKey(ApiKey, null=True, on_delete=models.PROTECT, related_name="reports")
    trusted_flagger = models.BooleanField(default=False)
    role = models.CharField(max_length=15, choices=ReporterRole.choices)
    age_at_the_time = models.CharField(max_length=8, choices=AgeAtTheTime.choices)
    made_how = models.CharField(max_length=8, choices=MadeHow.choices, default=MadeHow.UNKNOWN)
    in_danger = models.BooleanField(default=False)
    received_at = models.DateTimeField(db_default=Now())
    valid_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    language = models.CharField(max_length=10, default="en")

    signature = EncryptedTextField(blank=True)
    contact = EncryptedJSONField(null=True)
    statement = EncryptedTextField(blank=True)
    description = EncryptedTextField(blank=True)
    authorisation = EncryptedTextField(blank=True)
    no_consent = models.BooleanField(default=False)
    accurate = models.BooleanField(default=False)

    objects = ReportQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["received_at"], name="report_received")]
        constraints = [
            models.CheckConstraint(
                condition=~Q(channel="api") | Q(api_key__isnull=False), name="report_api_has_key"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    def element_states(self) -> dict[str, bool]:
        """Each element and whether it is present, by its newest finding."""
        newest: dict[str, bool] = {}
        for element in self.elements.all():  # newest first
            newest.setdefault(element.kind, element.present)
        return {kind: newest.get(kind, False) for kind in Element.Kind.values}

    def has_element(self, kind: str) -> bool:
        """Whether the newest finding of *kind* says present."""
        return self.element_states()[kind]

    def missing_elements(self) -> list[str]:
        """The elements that are missing."""
        return [kind for kind, present in self.element_states().items() if not present]


class Element(models.Model):
    """One of the four elements of a removal request under the TAKE IT DOWN Act: present or missing, found by whom."""

    class Kind(models.TextChoices):
        SIGNATURE = "signature", _("signature")
        IDENTIFICATION = "identification", _("where the imagery is")
        STATEMENT = "statement", _("statement that it was not consented to")
        CONTACT = "contact", _("a way to reach the reporter")

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="elements")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    present = models.BooleanField()
    found_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    found_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]  # the newest finding of each kind holds
        indexes = [models.Index(fields=["report", "kind", "-id"], name="element_newest")]


class Message(models.Model):
    """A line on the status page: from the desk to the reporter or back."""

    class Sender(models.TextChoices):
        DESK = "desk", _("the desk")
        REPORTER = "reporter", _("the reporter")
        SYSTEM = "system", _("Casework")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="messages")
    sender = models.CharField(max_length=8, choices=Sender.choices)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    text = EncryptedTextField()
    sent_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["pk"]


class ReportDraft(models.Model):
    """Answers on the public form before they are filed: found by a hash of the cookie, gone after two hours."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key_hash = models.CharField(max_length=64, unique=True)
    answers = EncryptedJSONField()
    expires_at = models.DateTimeField()
    #: Set when filed: a second submission of the same draft answers with the same report.
    filed_as = models.OneToOneField(Report, null=True, on_delete=models.CASCADE, related_name="+")


class IdempotentAnswer(models.Model):
    """What an ``Idempotency-Key`` was answered with, so that a repeat files nothing twice."""

    api_key = models.ForeignKey(ApiKey, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    answer = EncryptedJSONField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key", "key"], name="idempotency_once")]


class PassingOn(models.Model):
    """What the reporter says about handing their report to one kind of organisation; the newest row of a kind holds."""

    class Kind(models.TextChoices):
        POLICE = "police", _("the police or another authority")
        NGO = "ngo", _("an organisation that supports people concerned")
        HOTLINE = "hotline", _("a hotline against abuse")
        HOST = "host", _("the company that hosts it")

    class Choice(models.TextChoices):
        AGREE = "agree", _("yes")
        ASK_FIRST = "ask_first", _("ask me first")
        REFUSE = "refuse", _("no")

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="passing_on")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    choice = models.CharField(max_length=10, choices=Choice.choices)
    chosen_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["report", "kind", "-id"], name="passing_on_newest")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.choice}"
