"""An original that leaves in pieces is the original, or its last piece does not leave."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from casework.evidence.actions import stage_blob
from casework.evidence.models import Blob
from casework.evidence.sealing import Doubt, Sealed, stream_blob
from casework.evidence.storage import FileStore

pytestmark = pytest.mark.django_db

Seal = Callable[..., Sealed]
PIECE = 1 << 20


def arrived_before_doubt(blob: Blob) -> bytes:
    """What came of *blob* until it was found to be something else, which has to happen."""
    arrived = bytearray()
    try:
        for piece in stream_blob(blob):
            arrived += piece
    except Doubt:
        return bytes(arrived)
    raise AssertionError("nothing was found to be wrong")


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3_000_001])
def test_the_pieces_are_the_original(sealed: Seal, size: int) -> None:
    data = os.urandom(size)
    pieces = list(stream_blob(stage_blob(sealed(data))))
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= PIECE for piece in pieces)


@pytest.mark.parametrize("wrong", ["size", "digest"])
def test_an_original_that_is_not_what_was_recorded_never_arrives_whole(sealed: Seal, wrong: str) -> None:
    data = os.urandom(2_500_000)
    blob = stage_blob(sealed(data))
    if wrong == "size":
        blob.size += 1
    else:
        Blob.objects.filter(pk=blob.pk).update(sha256="0" * 64)
        blob = Blob.objects.get(pk=blob.pk)
    assert len(arrived_before_doubt(blob)) < len(data)


def test_a_file_that_was_changed_in_the_store_never_arrives_whole(sealed: Seal, vault: FileStore) -> None:
    data = os.urandom(2_500_000)
    blob = stage_blob(sealed(data))
    path = vault._path(blob.storage_key)
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"another end")
    assert len(arrived_before_doubt(blob)) < len(data)


def test_whoever_stops_reading_leaves_no_thread_behind(sealed: Seal) -> None:
    before = threading.active_count()
    pieces = stream_blob(stage_blob(sealed(os.urandom(5_000_000))))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate()[before:]:
        thread.join(5)
    assert threading.active_count() == before
