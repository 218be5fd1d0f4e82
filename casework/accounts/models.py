"""People and organisations."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from .permissions import GRANTS, ROLE_LABELS, Perm, Role


class Organisation(models.Model):
    """Whoever somebody works for: ourselves, a platform, an NGO, a hotline, a law firm, a police force."""

    class Kind(models.TextChoices):
        OWN = "own", _("this desk")
        PLATFORM = "platform", _("platform")
        NGO = "ngo", _("non-governmental organisation")
        HOTLINE = "hotline", _("hotline")
        LEGAL = "legal", _("legal counsel")
        LAW_ENFORCEMENT = "law_enforcement", _("law enforcement")
        HOST = "host", _("hosting company")
        TRUSTED_FLAGGER = "trusted_flagger", _("trusted flagger")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def for_user(self, user: User) -> models.QuerySet[User]:
        """The people that exist for this person: everybody for who may read people, else only themselves."""
        return self.all() if user.may(Perm.READ_PEOPLE) else self.filter(pk=user.pk)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Store a person; the caller (``staff.actions``) writes the audit entry."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person who signs in. What they may do follows from ``role``; which rows they see also from ``cleared``."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    role = models.CharField(
        max_length=20,
        blank=True,
        default=Role.NONE,
        choices=[(role.value, label) for role, label in ROLE_LABELS.items()],
    )
    organisation = models.ForeignKey(
        Organisation, null=True, blank=True, on_delete=models.PROTECT, related_name="people"
    )
    cleared = models.BooleanField(_("cleared for restricted cases"), default=False)
    is_active = models.BooleanField(default=True)
    timezone = models.CharField(max_length=64, default="UTC")
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique_any_case")]

    def __str__(self) -> str:
        return self.name

    @property
    def role_label(self) -> str:
        return str(ROLE_LABELS[Role(self.role)])

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]

    def get_session_auth_hash(self) -> str:
        """Ties every session to password, role, clearance and standing: a change of one ends them all at once."""
        standing = f"{self.password}|{self.role}|{self.cleared}|{self.is_active}"
        return salted_hmac("casework.accounts.session", standing, algorithm="sha256").hexdigest()

    def may(self, perm: Perm | str) -> bool:
        """Whether this person's role grants *perm*; a deactivated person may nothing."""
        return self.is_active and Perm(perm) in GRANTS[Role(self.role)]
