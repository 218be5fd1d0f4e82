"""The directory of partners: organisations that receive escalations, their people and keys, who agreed to a change."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import Organisation, User
from casework.accounts.permissions import Perm
from casework.outbox.models import Endpoint
from casework.privacy.fields import EncryptedJSONField, EncryptedTextField


class Tlp(models.TextChoices):
    """Traffic Light Protocol 2.0 (FIRST), from the freest to the tightest, which is as far as a ceiling lets go."""

    CLEAR = "TLP:CLEAR", "TLP:CLEAR"
    GREEN = "TLP:GREEN", "TLP:GREEN"
    AMBER = "TLP:AMBER", "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT", "TLP:AMBER+STRICT"
    RED = "TLP:RED", "TLP:RED"


class Channel(models.TextChoices):
    """By which way a partner is reached."""

    PORTAL = "portal", _("portal: they sign in here")
    LINK = "link", _("secure link, code by another way")
    CYBERTIP = "cybertip", _("NCMEC CyberTipline")
    XARF_MAIL = "xarf_mail", _("XARF notice by e-mail")
    XARF_API = "xarf_api", _("XARF notice to their API")
    WEBHOOK = "webhook", _("webhook to their system")
    STOPNCII = "stopncii", _("StopNCII hash exchange")


class Accepts(models.TextChoices):
    """What an organisation takes on."""

    ADULT = "adult", _("intimate imagery of adults")
    AI = "ai", _("imagery made or altered with AI")
    THREAT = "threat", _("threats and extortion")
    MINOR = "minor", _("anything that may show a minor")
    HOSTING = "hosting", _("notices about what it hosts")
    LEGAL = "legal", _("questions of law")
    SUPPORT = "support", _("support of the person depicted")


def agreed_until_today(path: str = "") -> Q:
    """The condition that a partner's agreement has not run out; *path* leads to it, as in ``partner__``. By UTC."""
    ends = f"{path}agreement_until"
    return Q(**{f"{ends}__isnull": True}) | Q(**{f"{ends}__gte": timezone.now().date()})


class PartnerQuerySet(models.QuerySet["Partner"]):
    def for_user(self, user: User) -> Self:
        """The directory, for whoever may read it; partners themselves do not see one another."""
        return self if user.is_authenticated and user.may(Perm.READ_PARTNERS) else self.none()

    def receiving(self) -> Self:
        """Those that may be sent something today: in force, agreement begun and not run out."""
        today = timezone.now().date()
        return self.filter(
            Q(agreement_from__isnull=True) | Q(agreement_from__lte=today),
            agreed_until_today(),
            state=Partner.State.ACTIVE,
        )


class Partner(models.Model):
    """An organisation that receives escalations, one-to-one with its ``Organisation`` row."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waits for a second person")
        ACTIVE = "active", _("in force")
        SUSPENDED = "suspended", _("suspended")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="partner")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PROPOSED)
    countries = models.JSONField(default=list)  # ISO 3166-1, two letters
    languages = models.JSONField(default=list)  # BCP 47
    accepts = models.JSONField(default=list)  # of Accepts
    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.PORTAL)
    endpoint = models.ForeignKey(
        Endpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="partners"
    )
    #: Where notices go that say only that something waits, and XARF notices.
    mail = EncryptedTextField(blank=True)
    response_hours = models.PositiveIntegerField(default=72)
    tlp_ceiling = models.CharField(max_length=16, choices=Tlp.choices, default=Tlp.AMBER)
    imagery_allowed = models.BooleanField(default=False)
    agreement_reference = models.CharField(max_length=200, blank=True)
    agreement_from = models.DateField(null=True, blank=True)
    agreement_until = models.DateField(null=True, blank=True)
    #: The number to call back, and where it was found, which is never in what the organisation itself sent us.
    call_back_number = EncryptedTextField(blank=True)
    call_back_source = models.CharField(max_length=300, blank=True)
    call_back_found_at = models.DateField(null=True, blank=True)
    remark = EncryptedTextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    suspended_at = models.DateTimeField(null=True)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        ordering = ["organisation__name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(call_back_number="") | ~Q(call_back_source=""), name="partner_number_has_source"
            )
        ]

    def __str__(self) -> str:
        return self.organisation.name

    @property
    def ran_out(self) -> bool:
        """Whether its agreement has ended: nothing it was sent can be opened until two people prolong it."""
        until: date | None = self.agreement_until
        return until is not None and until < timezone.now().date()

    @property
    def receives(self) -> bool:
        """Whether it may be sent something today."""
        since: date | None = self.agreement_from
        until: date | None = self.agreement_until
        today = timezone.now().date()
        begun = since is None or since <= today
        return self.state == self.State.ACTIVE and begun and (until is None or until >= today)

    def sealing_keys(self) -> list[PartnerKey]:
        """The keys that a package may be encrypted to today; empty while any new key waits to be verified."""
        keys = list(self.keys.filter(revoked_at__isnull=True))
        if any(key.verified_at is None for key in keys):
            return []
        return [key for key in keys if key.usable]


class ContactQuerySet(models.QuerySet["Contact"]):
    def for_user(self, user: User) -> Self:
        """The contacts, for whoever may read the directory."""
        return self if user.is_authenticated and user.may(Perm.READ_PARTNERS) else self.none()


class Contact(models.Model):
    """A person at a partner: somebody to call, and with ``user`` somebody who signs in to the portal."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="contacts")
    name = EncryptedTextField()
    position = models.CharField(max_length=200, blank=True)
    mail = EncryptedTextField(blank=True)
    phone = EncryptedTextField(blank=True)
    phone_source = models.CharField(max_length=300, blank=True)
    languages = models.JSONField(default=list)
    always_reachable = models.BooleanField(default=False)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="contact"
    )
    ended_at = models.DateTimeField(null=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"contact {self.public_id}"


class PartnerKeyQuerySet(models.QuerySet["PartnerKey"]):
    def for_user(self, user: User) -> Self:
        """The keys, for whoever may read the directory."""
        return self if user.is_authenticated and user.may(Perm.READ_PARTNERS) else self.none()


class PartnerKey(models.Model):
    """An age recipient of a partner. It is used once somebody other than who entered it has verified its fingerprint
    with the partner, and for a year after that."""

    class How(models.TextChoices):
        CALL_BACK = "call_back", _("read out on a call to a number found independently")
        IN_PERSON = "in_person", _("compared in person")
        VIDEO = "video", _("compared on a video call with somebody known")
        SIGNED = "signed", _("signed with a key that was verified before")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="keys")
    recipient = models.CharField(max_length=2500)  # age1…; post-quantum recipients are long
    fingerprint = models.CharField(max_length=80)  # SHA-256 of the recipient's text, hex in groups of four
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    verified_at = models.DateTimeField(null=True)
    verified_how = models.CharField(max_length=10, choices=How.choices, blank=True)
    #: Whom one spoke with, under which number.
    verified_with = EncryptedTextField(blank=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = PartnerKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=F("added_by")),
                name="partner_key_verified_by_another",
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True, verified_by__isnull=True, verified_how="")
                | Q(verified_at__isnull=False, verified_by__isnull=False, expires_at__isnull=False)
                & ~Q(verified_how=""),
                name="partner_key_verified_whole",
            ),
            models.UniqueConstraint(
                fields=["partner", "recipient"],
                condition=Q(revoked_at__isnull=True),
                name="partner_key_once",
            ),
        ]

    def __str__(self) -> str:
        return self.fingerprint

    @property
    def usable(self) -> bool:
        """Whether a package may be encrypted to it now."""
        return (
            self.verified_at is not None
            and self.revoked_at is None
            and self.expires_at is not None
            and self.expires_at > timezone.now()
        )


class PartnerChangeQuerySet(models.QuerySet["PartnerChange"]):
    def for_user(self, user: User) -> Self:
        """The changes, for whoever may read the directory."""
        return self if user.is_authenticated and user.may(Perm.READ_PARTNERS) else self.none()

    def open(self) -> Self:
        """Those that wait for a second person: not decided, not taken back."""
        return self.filter(decided_at__isnull=True, withdrawn_at__isnull=True)


class PartnerChange(models.Model):
    """What somebody wants changed in the directory, until another person agrees or refuses. Kept for good."""

    class Kind(models.TextChoices):
        NEW = "new", _("a new partner")
        EDIT = "edit", _("details")
        CONTACT = "contact", _("a contact")
        RESUME = "resume", _("take up again")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    #: {"why": text, "contact": public id or None, "fields": {field: {"from": …, "to": …}}}; plain as in
    #: ``values``.
    content = EncryptedJSONField()
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    agreed = models.BooleanField(null=True)
    #: Its author took it back before anybody decided.
    withdrawn_at = models.DateTimeField(null=True)
    #: Why the second person refused.
    reason = EncryptedTextField(blank=True)

    objects = PartnerChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("proposed_by")),
                name="partner_change_by_two",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True, decided_at__isnull=True, agreed__isnull=True)
                | Q(decided_by__isnull=False, decided_at__isnull=False, agreed__isnull=False),
                name="partner_change_decided_whole",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(decided_at__isnull=True),
                name="partner_change_ends_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"
