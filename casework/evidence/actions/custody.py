"""Taking evidence in, and checking that it is still what was taken in."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from casework.accounts.models import User
from casework.audit.log import Verb, record
from casework.cases.actions import index_terms, note_items
from casework.cases.models import Case, CaseTerm
from casework.evidence.models import Blob, Item
from casework.evidence.sealing import Doubt
from casework.jobs.actions import add_job

from .staging import SealedUpload, lock_staged


@transaction.atomic
def add_items(case: Case, uploads: Sequence[SealedUpload], *, actor: User | None) -> list[Item]:
    """Make staged uploads evidence of *case*, in their order, each with its entry and its examination.

    Part of the caller's transaction: if that rolls back, the blobs are staged again and nothing has been received.
    Raises UploadGone when a blob was reaped or used already.
    """
    if not uploads:
        return []
    held = lock_staged(uploads)
    Blob.objects.filter(pk__in=[blob.pk for blob in held]).update(staged_until=None, staged_for=None)
    Case.objects.select_for_update().get(pk=case.pk)
    last = Item.objects.filter(case=case).aggregate(last=Max("position"))["last"] or 0
    items = [
        _add_item(case, upload, last + number, actor=actor) for number, upload in enumerate(uploads, start=1)
    ]
    index_terms(case, CaseTerm.Kind.DIGEST, {d for upload in uploads for d in (upload.sha256, upload.md5)})
    note_items(case, actor=actor, added=len(items))
    return items


def _add_item(case: Case, upload: SealedUpload, position: int, *, actor: User | None) -> Item:
    item = Item.objects.create(
        case=case,
        position=position,
        original=upload.blob,
        declared_name=upload.name[:500],
        declared_type=upload.content_type[:100],
        sha256=upload.sha256,
        md5=upload.md5,
    )
    record(
        Verb.EVIDENCE_RECEIVED, actor=actor, subject=item, case=case, item=item.public_id, position=position,
        sha256=upload.sha256, md5=upload.md5, size=upload.size, blob=upload.blob.public_id,
        personal={"declared_name": upload.name[:500]},
    )  # fmt: skip
    add_job("evidence.examine", key=f"examine:{item.public_id}", args={"item": str(item.public_id)})
    return item


@transaction.atomic
def ask_to_verify(item: Item, *, actor: User) -> None:
    """Have the original hashed again by a worker, who alone can open it. The answer is an entry with *actor*."""
    minute = int(time.time()) // 60  # a button pressed twice asks once
    add_job(
        "evidence.verify",
        key=f"verify:{item.public_id}:{minute}",
        args={"item": str(item.public_id), "actor": str(actor.public_id)},
    )


@transaction.atomic
def record_verified(item: Item, *, actor: User | None) -> None:
    """Write down that the original was opened and has the digest that was recorded at receipt."""
    Item.objects.filter(pk=item.pk).update(verified_at=Now())
    record(
        Verb.EVIDENCE_VERIFIED,
        actor=actor,
        subject=item,
        case=item.case,
        item=item.public_id,
        sha256=item.sha256,
    )


@transaction.atomic
def record_doubted(item: Item, doubt: Doubt, *, actor: User | None) -> None:
    """Write down that the original is not what was recorded."""
    record(
        Verb.EVIDENCE_DOUBTED, actor=actor, subject=item, case=item.case, item=item.public_id, code=doubt.code,
        sha256=item.sha256, personal={"sentence": doubt.sentence},
    )  # fmt: skip
