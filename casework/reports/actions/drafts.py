"""What somebody has typed on the public form and not sent: encrypted, for two hours, found by their cookie alone."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from casework.audit.log import Verb, record
from casework.evidence.actions import discard_staged_of, keep_staged, recall_staged
from casework.evidence.uploads import SealedUpload
from casework.reports.facts import ReportFacts
from casework.reports.models import IdempotentAnswer, Report, ReportDraft

from .filing import ANSWERS_KEPT, DraftGone, Filed, file_report

DRAFT_FOR = timedelta(hours=2)


def _key_hash(key: str) -> str:
    # The key has 256 random bits: a fast hash is enough to make the stored one useless to whoever reads the table.
    return hashlib.sha256(key.encode()).hexdigest()


@transaction.atomic
def begin_draft() -> tuple[ReportDraft, str]:
    """A new empty draft, and the key for its cookie, which is stored nowhere.

    Drafts have no audit entries: nothing has been reported yet, and a report begun and left must leave no trace.
    """
    key = secrets.token_urlsafe(32)
    draft = ReportDraft.objects.create(key_hash=_key_hash(key), answers={}, expires_at=Now() + DRAFT_FOR)
    draft.refresh_from_db()
    return draft, key


def draft_of(key: str | None) -> ReportDraft | None:
    """The living draft that a cookie's key leads to."""
    if not key:
        return None
    found = ReportDraft.objects.select_related("filed_as").filter(
        key_hash=_key_hash(key), expires_at__gt=Now()
    )
    return found.first()


@transaction.atomic
def keep_answers(draft: ReportDraft, step: str, answers: Mapping[str, Any]) -> None:
    """Keep what was typed on one page, as it was typed, for another two hours. Raises ``DraftGone``."""
    kept = _locked(draft)
    kept.answers = {**kept.answers, step: dict(answers)}
    kept.expires_at = Now() + DRAFT_FOR
    kept.save(update_fields=["answers", "expires_at"])
    kept.refresh_from_db()
    _keep_files_as_long(kept)
    draft.answers, draft.expires_at = kept.answers, kept.expires_at


@transaction.atomic
def keep_files(draft: ReportDraft, uploads: Sequence[SealedUpload]) -> None:
    """Add sealed uploads to a draft; they live and go with it. Raises ``DraftGone``, ``UploadGone``."""
    kept = _locked(draft)
    keep_staged(uploads, owner=kept.public_id, until=kept.expires_at)
    kept.answers = {
        **kept.answers,
        "files": [*kept.answers.get("files", []), *(u.remembered() for u in uploads)],
    }
    kept.save(update_fields=["answers"])
    draft.answers = kept.answers


@transaction.atomic
def drop_files(draft: ReportDraft) -> None:
    """Remove every file of a draft, at once. Raises ``DraftGone``."""
    kept = _locked(draft)
    discard_staged_of(kept.public_id)
    kept.answers = {name: value for name, value in kept.answers.items() if name != "files"}
    kept.save(update_fields=["answers"])
    draft.answers = kept.answers


@transaction.atomic
def file_draft(draft: ReportDraft, facts: ReportFacts) -> Filed:
    """File what a draft says. Twice is once. Raises ``DraftGone``, ``UploadGone``, ``FilesNotAllowed``."""
    kept = ReportDraft.objects.select_for_update().filter(pk=draft.pk).first()
    if kept is None:
        raise DraftGone
    uploads = [] if kept.filed_as_id else recall_staged(kept.answers.get("files", []), owner=kept.public_id)
    return file_report(channel=Report.Channel.FORM, facts=facts, uploads=uploads, draft=kept)


@transaction.atomic
def show_receipt(draft: ReportDraft) -> Filed:
    """Reference and access code of a filed draft, once: the draft is gone afterwards. Raises ``DraftGone``."""
    kept = ReportDraft.objects.select_for_update().filter(pk=draft.pk, filed_as__isnull=False).first()
    if kept is None or kept.filed_as is None:
        raise DraftGone
    filed = Filed(kept.filed_as, kept.answers["access_code"], repeated=True)
    kept.delete()
    return filed


@transaction.atomic
def drop_draft(draft: ReportDraft) -> None:
    """Delete a draft with its files, because somebody left or started again."""
    discard_staged_of(draft.public_id)
    ReportDraft.objects.filter(pk=draft.pk).delete()


@transaction.atomic
def reap_drafts() -> tuple[int, int]:
    """Delete drafts whose time is over, with their files, and answers to repeats that are a day old.

    Returns how many drafts and answers went; writes one entry when any did.
    """
    over = list(ReportDraft.objects.select_for_update(skip_locked=True).filter(expires_at__lte=Now()))
    for draft in over:
        discard_staged_of(draft.public_id, why="draft_expired")
    ReportDraft.objects.filter(pk__in=[draft.pk for draft in over]).delete()
    answers, _ = IdempotentAnswer.objects.filter(made_at__lte=Now() - ANSWERS_KEPT).delete()
    if over:
        record(Verb.REPORT_DRAFT_REAPED, actor=None, subject=over[0], drafts=len(over), answers=answers)
    return len(over), answers


def _locked(draft: ReportDraft) -> ReportDraft:
    kept = (
        ReportDraft.objects.select_for_update()
        .filter(pk=draft.pk, filed_as__isnull=True, expires_at__gt=Now())
        .first()
    )
    if kept is None:
        raise DraftGone
    return kept


def _keep_files_as_long(draft: ReportDraft) -> None:
    files = draft.answers.get("files")
    if files:
        keep_staged(
            recall_staged(files, owner=draft.public_id), owner=draft.public_id, until=draft.expires_at
        )
