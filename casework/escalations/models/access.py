"""Who had access to what left: downloads, and links for people without an account."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.partners.models import Contact
from casework.privacy.fields import EncryptedTextField

from .escalation import Escalation
from .package import Package

#: A link never opens anything for longer.
LINK_LASTS = timedelta(days=14)


class SecureLinkQuerySet(models.QuerySet["SecureLink"]):
    def for_user(self, user: User) -> Self:
        """The links of the escalations that exist for this person."""
        return self.filter(escalation__in=Escalation.objects.for_user(user))


class SecureLink(models.Model):
    """A way in for one contact of one organisation: the link goes one way, the code another. Only hashes are kept."""

    class CodeBy(models.TextChoices):
        PHONE = "phone", _("read out on the phone")
        SMS = "sms", _("text message")
        POST = "post", _("letter")
        IN_PERSON = "in_person", _("in person")
        OTHER_MAIL = "other_mail", _("another mailbox")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    escalation = models.ForeignKey(Escalation, on_delete=models.PROTECT, related_name="links")
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True)
    code_hash = models.CharField(max_length=200)
    code_by = models.CharField(max_length=10, choices=CodeBy.choices)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    attempts_left = models.PositiveSmallIntegerField(default=5)
    first_opened_at = models.DateTimeField(null=True)
    last_opened_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = SecureLinkQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__lte=F("made_at") + LINK_LASTS), name="link_lasts_two_weeks"
            )
        ]

    def __str__(self) -> str:
        return f"link {self.public_id}"

    @property
    def has_run_out(self) -> bool:
        """For people's eyes; whether it opens anything is asked by the database's clock."""
        return self.expires_at <= timezone.now()


class Download(models.Model):
    """One time that a package was fetched: counted when it begins; ``sent`` says how far it came."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, related_name="downloads")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    link = models.ForeignKey(SecureLink, null=True, on_delete=models.PROTECT, related_name="downloads")
    began_at = models.DateTimeField(db_default=Now())
    #: A fetch that broke off may be resumed under the same row, by the same person, until then.
    resumable_until = models.DateTimeField()
    resumed = models.PositiveSmallIntegerField(default=0)
    sent = models.BigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    #: A prefix of the address it was fetched from, for questions later.
    address = EncryptedTextField(blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"download {self.public_id}"
