"""Receiving beside the reaper: a blob is either evidence or removed, never both."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from casework.evidence import actions
from casework.evidence.actions.staging import lock_staged
from casework.evidence.models import Blob
from casework.evidence.sealing import open_blob
from tests.cast import make_case
from tests.evidence.making import entries, picture, upload

pytestmark = pytest.mark.usefixtures("committed_db")


def beside(act: Callable[[], object]) -> None:
    """Do *act* over a connection of its own, while the caller's transaction is open."""

    def do() -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        other.submit(do).result()


def test_an_upload_that_is_being_made_evidence_is_not_removed_meanwhile() -> None:
    sent, case = upload(picture()), make_case()
    with transaction.atomic():
        lock_staged([sent])  # the first thing that receiving does
        beside(lambda: actions.discard_staged([sent]))
        [item] = actions.add_items(case, [sent], actor=None)
    assert open_blob(Blob.objects.get(pk=item.original_id)) == picture()
    assert (entries("evidence.received"), entries("evidence.blob_reaped")) == (1, 0)
