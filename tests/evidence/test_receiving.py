"""Staged uploads become evidence: whole, in order, once, in the transaction of the report."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from casework.cases.models import CaseTerm
from casework.evidence import actions
from casework.evidence.models import Blob, Item
from casework.evidence.sealing import open_blob
from casework.evidence.storage import FileStore
from casework.jobs.models import Job
from casework.privacy.blind import blind_index
from tests.cast import make_case
from tests.evidence.making import entries, picture, upload

pytestmark = pytest.mark.django_db


def test_three_uploads_become_three_items_with_entries_and_jobs() -> None:
    case = make_case()
    pictures = [picture(seed) for seed in (1, 2, 3)]
    items = actions.add_items(case, [upload(data, f"{n}.png") for n, data in enumerate(pictures)], actor=None)
    assert [item.position for item in items] == [1, 2, 3]
    assert [item.declared_name for item in Item.objects.filter(case=case)] == ["0.png", "1.png", "2.png"]
    assert [open_blob(Item.objects.get(pk=item.pk).original) for item in items] == pictures
    assert entries("evidence.received") == 3
    assert {job.args["item"] for job in Job.objects.filter(kind="evidence.examine")} == {
        str(item.public_id) for item in items
    }
    case.refresh_from_db()
    assert (case.item_count, case.items_unexamined) == (3, 3)
    assert CaseTerm.objects.filter(case=case, blind=blind_index("digest", items[0].sha256)).exists()


def test_a_second_report_to_the_case_goes_on_counting() -> None:
    case = make_case()
    actions.add_items(case, [upload(picture(1))], actor=None)
    [later] = actions.add_items(case, [upload(picture(2))], actor=None)
    assert later.position == 2


def test_no_upload_is_no_item_and_no_entry() -> None:
    assert actions.add_items(make_case(), [], actor=None) == []
    assert entries("evidence.received") == 0


def test_the_same_blob_cannot_become_evidence_twice() -> None:
    case, sent = make_case(), upload(picture())
    actions.add_items(case, [sent], actor=None)
    with pytest.raises(actions.UploadGone):
        actions.add_items(case, [sent], actor=None)
    assert entries("evidence.received") == 1


def test_a_report_that_rolls_back_leaves_the_upload_staged() -> None:
    sent = upload(picture())
    case = make_case()
    with transaction.atomic():
        actions.add_items(case, [sent], actor=None)
        transaction.set_rollback(True)
    assert Blob.objects.get(pk=sent.blob.pk).staged_until is not None
    assert not Item.objects.exists()
    assert entries("evidence.received") == 0


def test_a_draft_keeps_its_uploads_between_two_requests() -> None:
    owner, sent = uuid4(), upload(picture(), "kept.png")
    actions.keep_staged([sent], owner=owner, until=timezone.now() + timedelta(hours=2))
    assert actions.recall_staged([sent.remembered()], owner=owner) == [sent]
    with pytest.raises(actions.UploadGone):
        actions.recall_staged([sent.remembered()], owner=uuid4())


def test_quick_exit_removes_what_a_draft_has_staged(
    vault: FileStore, django_capture_on_commit_callbacks: object
) -> None:
    owner, sent = uuid4(), upload(picture())
    actions.keep_staged([sent], owner=owner, until=timezone.now() + timedelta(hours=2))
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        actions.discard_staged_of(owner)
    assert not Blob.objects.exists()
    assert list(vault.iterate()) == []
    assert entries("evidence.blob_reaped") == 1


def test_discarding_leaves_evidence_alone() -> None:
    sent = upload(picture())
    [item] = actions.add_items(make_case(), [sent], actor=None)
    actions.discard_staged([sent])
    assert Item.objects.filter(pk=item.pk, original=sent.blob).exists()
    assert entries("evidence.blob_reaped") == 0
