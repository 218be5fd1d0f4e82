"""How banks are connected with programmes outside, and what passed between them."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.hashbanks.models import Bank, Entry
from casework.privacy.fields import EncryptedJSONField


class ExchangeQuerySet(models.QuerySet["Exchange"]):
    def for_user(self, user: User) -> Self:
        """The exchanges of the banks that exist for this person."""
        return self.filter(bank__in=Bank.objects.for_user(user))


class Exchange(models.Model):
    """How one bank is connected with a programme outside: where, with which keys, what may leave, how it goes.

    A bank whose source is an exchange is read into; a bank of our own may offer its hashes. Nothing leaves without
    ``may_send_hashes`` or ``may_send_feedback``. ``run`` fences: whoever works under an older number has been
    replaced and changes nothing.
    """

    class Kind(models.TextChoices):
        STOPNCII = "stopncii", "StopNCII.org"
        THREATEXCHANGE = "threatexchange", "Meta ThreatExchange"
        HMA = "hma", "Hasher-Matcher-Actioner 2"
        NCMEC = "ncmec", _("NCMEC hash sharing")
        PLAIN = "plain", _("a list over https, or a file on the worker")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    bank = models.OneToOneField(Bank, on_delete=models.PROTECT, related_name="exchange")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    address = models.CharField(max_length=500)
    #: What a kind needs beside keys (a privacy group, the name of a bank there); nothing secret.
    options = models.JSONField(default=dict)
    credentials = EncryptedJSONField(null=True)
    interval_minutes = models.PositiveIntegerField(default=60)
    enabled = models.BooleanField(default=False)
    may_send_hashes = models.BooleanField(default=False)
    may_send_feedback = models.BooleanField(default=False)
    #: Where reading goes on; what stands in it is the kind's own business.
    checkpoint = models.JSONField(default=dict)
    #: Since when everything that exists is being read anew; what was not seen since is deleted at the end.
    full_since = models.DateTimeField(null=True)
    full_complete = models.BooleanField(default=False)
    run = models.PositiveIntegerField(default=0)
    running = models.BooleanField(default=False)
    #: The number of the last change of an entry when the run began: what is newer is compared with stored evidence.
    run_since_seq = models.BigIntegerField(null=True)
    #: What the run did so far, and what the last finished one did.
    tally = models.JSONField(default=dict)
    last_counts = models.JSONField(default=dict)
    last_run_at = models.DateTimeField(null=True)
    last_ok_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    next_run_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True)
    send_run = models.PositiveIntegerField(default=0)
    last_sent_at = models.DateTimeField(null=True)
    send_failures = models.PositiveIntegerField(default=0)
    next_send_at = models.DateTimeField(null=True)
    send_error = models.CharField(max_length=500, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    objects = ExchangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(interval_minutes__gte=5, interval_minutes__lte=7 * 24 * 60),
                name="exchange_is_patient",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} for bank {self.bank_id}"

    @property
    def reads(self) -> bool:
        """Whether entries come from here; a bank of our own only offers."""
        return self.bank.source == Bank.Source.EXCHANGE


class EntryRef(models.Model):
    """Under which name an exchange knows an entry. An entry may be vouched for under several: when the last is taken
    back, the entry is deleted."""

    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="refs")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="refs")
    ref = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exchange", "ref", "entry"], name="ref_once_an_entry")]

    def __str__(self) -> str:
        return self.ref


class SentEntry(models.Model):
    """An entry of our own that an exchange has taken, or refused for good."""

    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="sent")
    entry = models.ForeignKey(Entry, on_delete=models.CASCADE, related_name="+")
    #: What the exchange calls it, to take it back by.
    ref = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(db_default=Now())
    refused = models.BooleanField(default=False)
    retracted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exchange", "entry"], name="sent_once_an_exchange")]

    def __str__(self) -> str:
        return f"entry {self.entry_id} at exchange {self.exchange_id}"


class ExchangeAttempt(models.Model):
    """One try to read from or hand something to an exchange, stored before the first byte leaves. A worker that died in
    between leaves it without an end until the next try gives it one.

    What was read is in ``about`` never; what was handed over is, as public ids of entries.
    """

    class What(models.TextChoices):
        READING = "reading", _("read what is new")
        HASHES = "hashes", _("hand over hashes")
        RETRACTIONS = "retractions", _("take hashes back")
        FEEDBACK = "feedback", _("say what matches were worth")

    exchange = models.ForeignKey(Exchange, on_delete=models.CASCADE, related_name="attempts")
    what = models.CharField(max_length=12, choices=What.choices)
    #: Whom it went to, as it stood then: the kind and its host, never the whole address.
    receiver = models.CharField(max_length=300)
    about = models.JSONField(default=list)
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    #: The HTTP status of a refusal; None where nobody answered, and for what was taken.
    status = models.PositiveSmallIntegerField(null=True)
    #: What went wrong; empty without an end and for what was taken.
    code = models.CharField(max_length=40, blank=True)
    sentence = models.CharField(max_length=500, blank=True)
    #: How many records came in.
    records = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["exchange", "-id"], name="exchange_attempts"),
            GinIndex(fields=["about"], name="exchange_attempt_about"),
        ]

    def __str__(self) -> str:
        return f"{self.what} at exchange {self.exchange_id}"
