"""What leaves the product: where to, what, and every attempt to hand it over."""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from casework.accounts.models import User
from casework.accounts.permissions import Perm
from casework.outbox.addresses import Net, parse
from casework.privacy.fields import EncryptedJSONField, EncryptedTextField

#: A message is tried for so long; then it is a dead letter and waits for a person.
GIVE_UP_AFTER = timedelta(hours=72)


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def for_user(self, user: User) -> Self:
        """The endpoints, for whoever may read the outbox."""
        return self if user.is_authenticated and user.may(Perm.READ_OUTBOX) else self.none()

    def for_key(self, public_id: uuid.UUID) -> Endpoint | None:
        """The endpoint that signs with its own secrets at the door for callbacks; None for one that is switched off, or
        whose address or secret waits for a second person."""
        return self.in_force().filter(public_id=public_id).first()

    def in_force(self) -> Self:
        """Those that are switched on and of which nothing waits for a second person."""
        return self.filter(~Endpoint.WAITING, enabled=True)

    def waiting(self) -> Self:
        """Those whose address or secret somebody changed and nobody else has agreed to yet."""
        return self.filter(Endpoint.WAITING)


class Endpoint(models.Model):
    """A receiver outside: its address and the secrets that it and we sign with.

    *secrets* is a list of ``{"secret": "whsec_…", "until": None or an ISO time}``, newest first; all that are still
    good sign what we send and are accepted on what comes in. *private_net* is the one private network that requests
    to this endpoint may enter, once a second person agreed and the operator lists it (``OUTBOUND_ALLOWED_NETS``).
    """

    class Purpose(models.TextChoices):
        PLATFORM = "platform", _("the platform: carries out decisions")
        PARTNER = "partner", _("a partner's system")

    #: Of a partner's system: changed by one person, agreed to by nobody else yet.
    WAITING: ClassVar[Q] = Q(agreed_by__isnull=True) & (
        Q(address_by__isnull=False) | Q(secret_by__isnull=False)
    )

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    url = EncryptedTextField()
    purpose = models.CharField(max_length=10, choices=Purpose.choices)
    secrets = EncryptedJSONField()
    #: A key that the receiver gave us, sent as a bearer token with what is posted plainly.
    key = EncryptedTextField(blank=True)
    enabled = models.BooleanField(default=False)
    #: Why it was switched off, where the receiver itself asked for it.
    off_why = models.CharField(max_length=300, blank=True)
    private_net = models.CharField(max_length=50, blank=True)
    net_proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    net_approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    #: Who changed the address, who the secret of a partner's system, and who else agreed to it. Until somebody has,
    #: nothing is sent there and nothing that is signed there is believed.
    address_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    secret_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    #: Grows with each of these changes; the second person names the one that they saw.
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())

    objects = EndpointQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"],
                condition=Q(purpose="platform", enabled=True),
                name="endpoint_one_platform",
            ),
            models.CheckConstraint(
                condition=Q(net_approved_by__isnull=True)
                | Q(net_proposed_by__isnull=False) & ~Q(net_approved_by=F("net_proposed_by")),
                name="endpoint_net_by_two",
            ),
            models.CheckConstraint(
                condition=~Q(private_net="") | Q(net_proposed_by__isnull=True, net_approved_by__isnull=True),
                name="endpoint_net_is_named",
            ),
            models.CheckConstraint(
                condition=Q(agreed_by__isnull=True)
                | (Q(address_by__isnull=True) | ~Q(address_by=F("agreed_by")))
                & (Q(secret_by__isnull=True) | ~Q(secret_by=F("agreed_by"))),
                name="endpoint_change_by_two",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def receiver(self) -> str:
        """Name and host, for people; never the whole address, whose query may hold a key."""
        return f"{self.name} ({self.host})"

    @property
    def host(self) -> str:
        """The host that it is at."""
        return parse(self.url).host

    def good_secrets(self) -> list[str]:
        """The secrets that are in force, newest first."""
        now = timezone.now()
        return [
            one["secret"]
            for one in self.secrets
            if one["until"] is None or datetime.fromisoformat(one["until"]) > now
        ]

    @property
    def waits(self) -> bool:
        """Whether its address or secret waits for a second person."""
        return self.agreed_by_id is None and (self.address_by_id is not None or self.secret_by_id is not None)

    @property
    def changed_by(self) -> frozenset[int]:
        """Who can't be the second person: the keys of whoever changed what waits."""
        return frozenset(key for key in (self.address_by_id, self.secret_by_id) if key is not None)

    @property
    def private_nets(self) -> tuple[Net, ...]:
        """The private networks that two people opened for this endpoint: one or none."""
        return (ipaddress.ip_network(self.private_net),) if self.net_approved_by_id else ()


def mask(address: str) -> str:
    """An e-mail address for people who don't need the whole: ``n…@ngo.example``."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}…@{host}"


@dataclass(frozen=True, slots=True)
class CaseRef:
    """A case by its public id: its model lies above."""

    public_id: uuid.UUID


class MessageQuerySet(models.QuerySet["Message"]):
    def for_user(self, user: User) -> Self:
        """The messages for whoever may read the outbox; those of restricted cases for the cleared only.

        The case model lies above and is known by its name (``LOG_CASE_MODEL``).
        """
        if not user.is_authenticated or not user.may(Perm.READ_OUTBOX):
            return self.none()
        if user.cleared:
            return self
        cases = apps.get_model(settings.LOG_CASE_MODEL)
        restricted = cases._base_manager.filter(restricted=True).values("public_id")
        return self.filter(Q(case_id__isnull=True) | ~Q(case_id__in=restricted))


class Message(models.Model):
    """One thing that leaves. ``public_id`` is its ``webhook-id``, and in e-mail its Message-ID: the same on every
    attempt, so that whoever received it twice does it once, or can see that it is the same."""

    class Form(models.TextChoices):
        WEBHOOK = "webhook", _("signed webhook")
        PLAIN = "plain", _("document to an API")
        MAIL = "mail", _("e-mail")

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DELIVERED = "delivered", _("delivered")
        DEAD = "dead", _("given up, waits for a person")
        CANCELLED = "cancelled", _("cancelled")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=60)
    form = models.CharField(max_length=10, choices=Form.choices, default=Form.WEBHOOK)
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.PROTECT, related_name="messages")
    #: Where an e-mail goes; everything else goes to an endpoint.
    mail_to = EncryptedTextField(blank=True)
    #: The public id of the case it speaks of, and of what in it asks for a result (effects).
    case_id = models.UUIDField(null=True, db_index=True)
    about = models.JSONField(default=list)
    #: The very text that is sent: RFC 8785 JSON, or a whole e-mail with its headers (RFC 5322).
    body = EncryptedTextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    #: Finished attempts; the next one has this number plus one.
    attempts = models.PositiveSmallIntegerField(default=0)
    #: Attempts when this round of tries began: a replay starts the back-off anew.
    round_began_at = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    give_up_at = models.DateTimeField(db_default=Now() + GIVE_UP_AFTER)
    settled_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["state", "-id"], name="outbox_state"),
            GinIndex(fields=["about"], name="outbox_about"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(form="mail", endpoint__isnull=True) & ~Q(mail_to="")
                | ~Q(form="mail") & Q(endpoint__isnull=False, mail_to=""),
                name="message_to_endpoint_or_mailbox",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.public_id}"

    @property
    def receiver(self) -> str:
        """Whom it goes to, for people: an endpoint's name and host, or a mailbox of which only the start is shown."""
        return self.endpoint.receiver if self.endpoint is not None else mask(self.mail_to)

    @property
    def case(self) -> CaseRef | None:
        """The case as the log wants it."""
        return CaseRef(self.case_id) if self.case_id else None


class Attempt(models.Model):
    """One try to hand a message over, stored before the first byte leaves. A worker that died in between leaves it
    without an end."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveSmallIntegerField()
    #: Which start of the job: a worker that was killed is followed by another under the same number.
    start = models.PositiveSmallIntegerField()
    #: Whom it went to, as it stood then.
    receiver = models.CharField(max_length=300)
    began_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    #: The HTTP status, None where nobody answered; and the code of what went wrong, empty for a delivery.
    status = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=40, blank=True)
    sentence = models.CharField(max_length=500, blank=True)
    #: The beginning of what was answered.
    answer = EncryptedTextField(blank=True)
    seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number", "start"], name="attempt_once_a_start"),
        ]

    def __str__(self) -> str:
        return f"{self.number}.{self.start} of {self.message_id}"


class Callback(models.Model):
    """Something an endpoint told us, once per ``webhook_id``: what comes again is answered and not done again."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="callbacks")
    webhook_id = models.CharField(max_length=255)
    received_at = models.DateTimeField(db_default=Now())
    #: How many results were taken over, and how many were not ours to hear or came too late.
    taken = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "webhook_id"], name="callback_once")]

    def __str__(self) -> str:
        return self.webhook_id


class UsedRequest(models.Model):
    """A signed request for a file that was answered: who reads it on the way can't make it again. Rows are kept for as
    long as the signature would be good (``actions.use_once``)."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="used")
    webhook_id = models.CharField(max_length=255)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["at"], name="used_request_at")]
        constraints = [models.UniqueConstraint(fields=["endpoint", "webhook_id"], name="used_request_once")]

    def __str__(self) -> str:
        return self.webhook_id
