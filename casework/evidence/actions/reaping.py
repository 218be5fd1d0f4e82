"""Removing what belongs to nobody: uploads that were never filed, and files that a crash left behind."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from casework.audit.log import Verb, record
from casework.evidence.models import Blob
from casework.evidence.storage import also_kept, evidence_store

from .staging import remove_blobs

#: A file without a row is left alone for this long (seconds): its row may be about to be written.
LEFT_ALONE = 3600


@dataclass(frozen=True, slots=True)
class Reaped:
    """How many of each were removed."""

    staged: int
    parts: int
    orphans: int


def reap_blobs() -> Reaped:
    """Remove staged blobs whose time is over, ``.part`` files, and files without a row, an hour old or older."""
    with transaction.atomic():
        staged = remove_blobs(Blob.objects.filter(staged_until__lte=Now()), why="expired")
    old = [found for found in evidence_store().iterate() if found.age > LEFT_ALONE]
    # after the walk: rows only follow their files
    known = set(Blob.objects.values_list("storage_key", flat=True)) | also_kept()
    parts = orphans = 0
    for found in old:
        if found.key is None or (not found.part and found.key in known):
            continue
        if found.part:
            evidence_store().discard_part(found.key)
            parts += 1
        elif not Blob.objects.filter(storage_key=found.key).exists():
            _remove_orphan(found.key, found.size)
            orphans += 1
    return Reaped(staged, parts, orphans)


@transaction.atomic
def _remove_orphan(key: uuid.UUID, size: int) -> None:
    record(
        Verb.EVIDENCE_BLOB_REAPED, actor=None, subject=Blob(storage_key=key), why="orphan", size=size,
        storage_key=key,
    )  # fmt: skip
    evidence_store().delete(key)
