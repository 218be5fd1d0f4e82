"""Blobs that are sealed and not yet anybody's: of an upload in flight, or of a report draft."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from casework.audit.log import Verb, record
from casework.evidence.models import Blob
from casework.evidence.sealing import Sealed
from casework.evidence.storage import evidence_store

#: An upload that nobody filed is removed this long after it arrived.
STAGED_FOR = timedelta(hours=1)


class UploadGone(Exception):
    """A staged upload was reaped or used already. Nothing was stored now; the sender has to send the file again."""


@dataclass(frozen=True, slots=True)
class SealedUpload:
    """One uploaded file, sealed: what ``request.FILES`` holds. ``size`` in bytes, digests in lower-case hex."""

    name: str
    content_type: str
    size: int
    sha256: str
    md5: str
    blob: Blob

    def remembered(self) -> dict[str, Any]:
        """Everything as JSON, to be kept in an encrypted column between two requests (``recall_staged``)."""
        return {
            "blob": str(self.blob.public_id),
            "name": self.name,
            "content_type": self.content_type,
            "size": self.size,
            "sha256": self.sha256,
            "md5": self.md5,
        }

    def close(self) -> None:
        """Django closes uploaded files at the end of a request; here nothing is open."""


def stage_blob(sealed: Sealed) -> Blob:
    """Write down a blob that now lies in the store. It is reaped unless somebody adopts it in time.

    No audit entry: nothing has been received yet (EVIDENCE_RECEIVED comes with the report, or BLOB_REAPED without).
    """
    return _insert(sealed, seconds=STAGED_FOR.total_seconds())


def insert_blob(sealed: Sealed) -> Blob:
    """The row and wrap of a derivative, as part of the caller's transaction and entry."""
    return _insert(sealed, seconds=None)


#: Row and wrap in one statement: every upload and every derivative passes here.
_INSERT = """
    WITH blob AS (
        INSERT INTO evidence_blob (public_id, kind, storage_key, size, sealed_size, sha256, staged_until)
        VALUES (%s, %s, %s, %s, %s, %s, statement_timestamp() + make_interval(secs => %s)) RETURNING *),
    wrap AS (INSERT INTO evidence_wrap (blob_id, recipient, sealed_secret) SELECT id, %s, %s FROM blob)
    SELECT * FROM blob
"""


def _insert(sealed: Sealed, *, seconds: float | None) -> Blob:
    """The row, staged for so many *seconds*; None: it is somebody's at once."""
    values = [
        sealed.public_id, sealed.kind, sealed.storage_key, sealed.size, sealed.sealed_size, sealed.sha256, seconds,
        sealed.recipient, sealed.sealed_secret,
    ]  # fmt: skip
    [blob] = Blob.objects.raw(_INSERT, values)
    return blob


@transaction.atomic
def keep_staged(uploads: Sequence[SealedUpload], *, owner: uuid.UUID, until: datetime) -> None:
    """Let staged uploads live until *until* under *owner* (a report draft's public id). Raises UploadGone."""
    held = lock_staged(uploads)
    Blob.objects.filter(pk__in=[blob.pk for blob in held]).update(staged_for=owner, staged_until=until)


def recall_staged(remembered: Iterable[Mapping[str, Any]], *, owner: uuid.UUID) -> list[SealedUpload]:
    """The uploads that *owner* kept, from what ``SealedUpload.remembered`` gave. Raises UploadGone."""
    wanted = list(remembered)
    blobs = {
        str(blob.public_id): blob
        for blob in Blob.objects.filter(
            public_id__in=[each["blob"] for each in wanted], staged_for=owner, staged_until__gt=Now()
        )
    }
    if len(blobs) != len({each["blob"] for each in wanted}):
        raise UploadGone
    return [
        SealedUpload(
            name=each["name"],
            content_type=each["content_type"],
            size=each["size"],
            sha256=each["sha256"],
            md5=each["md5"],
            blob=blobs[each["blob"]],
        )
        for each in wanted
    ]


def lock_staged(uploads: Sequence[SealedUpload]) -> list[Blob]:
    """The staged rows of *uploads*, locked against the reaper. Raises UploadGone when one is missing or used."""
    wanted = {upload.blob.pk for upload in uploads}
    held = list(
        Blob.objects.select_for_update().filter(pk__in=wanted, staged_until__isnull=False).order_by("pk")
    )
    if len(held) != len(uploads):
        raise UploadGone
    return held


@transaction.atomic
def discard_staged(uploads: Iterable[SealedUpload], *, why: str = "refused") -> None:
    """Remove staged uploads now; those that became evidence meanwhile are left alone."""
    remove_blobs(Blob.objects.filter(pk__in=[upload.blob.pk for upload in uploads]), why=why)


@transaction.atomic
def discard_staged_of(owner: uuid.UUID, *, why: str = "withdrawn") -> None:
    """Remove everything staged for *owner*: quick exit, an expired draft."""
    remove_blobs(Blob.objects.filter(staged_for=owner), why=why)


def remove_blobs(blobs: Any, *, why: str) -> int:
    """Delete the staged ones of *blobs*, row first, bytes once that is committed; returns how many.

    A crash in between leaves a file without a row, which the reaper finds.
    """
    count = 0
    for blob in blobs.select_for_update(skip_locked=True).filter(staged_until__isnull=False):
        record(Verb.EVIDENCE_BLOB_REAPED, actor=None, subject=blob, why=why, size=blob.size, kind=blob.kind)
        key = blob.storage_key
        blob.delete()
        transaction.on_commit(lambda key=key: evidence_store().delete(key))  # type: ignore[misc]
        count += 1
    return count
