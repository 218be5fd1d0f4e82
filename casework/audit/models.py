"""The log: append-only entries, their erasable personal side, seals and signed checkpoints.

Nobody outside this app imports these models (an import contract): rows are written by ``audit.log.record`` and
read through ``audit.log.entries_for``. Triggers (migration 0002) refuse UPDATE, DELETE and TRUNCATE.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from casework.accounts.permissions import Perm
from casework.privacy.fields import EncryptedJSONField

from .verbs import Verb

if TYPE_CHECKING:
    from casework.accounts.models import User


class AppendOnly(Exception):
    """Somebody tried to change or delete what is only ever added to."""


class AppendOnlyQuerySet(models.QuerySet[Any]):
    def update(self, **kwargs: Any) -> int:
        raise AppendOnly("Entries of the log are never changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly("Entries of the log are never deleted.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise AppendOnly("Entries of the log are never changed.")


class LogQuerySet(AppendOnlyQuerySet):
    def for_user(self, user: User) -> Self:
        """All entries for those who may read the log; what each shows of itself is decided in ``reading``."""
        return self.all() if user.is_authenticated and user.may(Perm.READ_LOG) else self.none()


class AppendOnlyModel(models.Model):
    objects: ClassVar[models.Manager[Any]] = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("Entries of the log are never changed.")
        super().save(*args, force_insert=True, **{k: v for k, v in kwargs.items() if k != "force_insert"})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly("Entries of the log are never deleted.")


def verb_choices() -> list[tuple[str, str]]:
    """A callable, so that a new verb needs no migration."""
    return [(verb.value, verb.value) for verb in Verb]


class Entry(AppendOnlyModel):
    """One thing that happened. ``body`` is the exact RFC 8785 text that was hashed; the columns beside it are
    copies for searching and are checked against it by ``audit_verify``. No personal data: ids and codes only."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField()
    verb = models.CharField(max_length=40, choices=verb_choices)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    case_id = models.UUIDField(null=True)
    subject = models.CharField(max_length=100)
    body = models.BinaryField()
    salt = models.BinaryField()
    leaf_hash = models.BinaryField()

    objects: ClassVar[models.Manager[Any]] = LogQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["case_id", "-id"], name="entry_case"),
            models.Index(fields=["verb", "-id"], name="entry_verb"),
            models.Index(fields=["actor", "-id"], name="entry_actor"),
            models.Index(fields=["subject", "-id"], name="entry_subject"),
            models.Index(fields=["at"], name="entry_at"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.public_id}"


class EntryDetail(models.Model):
    """Labels, reasons and addresses that may name somebody: encrypted, erasable, not part of the hash.

    The body carries a commitment to it under a salt of its own, so that erasing the row (salt included) leaves
    the entry verifiable and its personal side beyond guessing."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="detail")
    salt = models.BinaryField()
    personal = EncryptedJSONField()

    def __str__(self) -> str:
        return f"personal side of {self.entry_id}"


class Seal(AppendOnlyModel):
    """The place of an entry in the tree, given by the one active sealer."""

    seq = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="seal")
    sealed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"entry {self.entry_id} as number {self.seq}"


class Checkpoint(AppendOnlyModel):
    """A signed C2SP checkpoint over the first ``size`` entries; also appended to a file outside the database."""

    size = models.BigIntegerField(unique=True)
    root = models.BinaryField()
    note = models.TextField()
    signed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"checkpoint over {self.size}"
