"""Receiving beside the reaper: a blob is either evidence or removed, never both."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from casework.evidence import actions
from casework.evidence.models import Blob
from casework.evidence.sealing import open_blob
from tests.cast import make_case
from tests.evidence.making import entries, picture, upload

pytestmark = pytest.mark.usefixtures("committed_db")


def test_an_upload_that_is_being_made_evidence_is_not_removed_meanwhile() -> None:
    sent, case = upload(picture()), make_case()

    def discard() -> None:
        try:
            actions.discard_staged([sent])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other, transaction.atomic():
        [item] = actions.add_items(case, [sent], actor=None)
        other.submit(discard).result()
    assert open_blob(Blob.objects.get(pk=item.original_id)) == picture()
    assert (entries("evidence.received"), entries("evidence.blob_reaped")) == (1, 0)
