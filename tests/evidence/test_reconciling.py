"""The reaper removes what belongs to nobody; the reconciler names what does not belong together."""

from __future__ import annotations

import io
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from casework.evidence import actions
from casework.evidence.models import Blob, Item, Wrap
from casework.evidence.sealing import Sealer, seal
from casework.evidence.storage import FileStore
from tests.cast import make_case
from tests.evidence.films import make_film
from tests.evidence.making import entries, make_examined, make_item, picture, upload

pytestmark = pytest.mark.django_db


def verify() -> tuple[int, str]:
    """Exit code and everything that `evidence_verify` prints."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("evidence_verify", stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue() + err.getvalue() + str(error)
    return 0, out.getvalue() + err.getvalue()


def file_of(blob: Blob, vault: FileStore) -> Path:
    return vault._path(blob.storage_key)


def make_old(path: Path, seconds: int = 4000) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


@pytest.fixture
def item() -> Item:
    make_item(make_case(), b"another one")
    return make_examined(make_case())


def test_sound_evidence_is_found_sound(item: Item) -> None:
    code, said = verify()
    assert code == 0
    assert "2 items and 4 blobs looked at, 4 opened" in said
    assert "No doubt found" in said


def test_the_frames_of_a_film_belong_to_it() -> None:
    film = make_film(make_case())
    code, said = verify()
    assert code == 0, said
    blobs = 3 + 2 * film.film_frames.count()
    assert f"1 items and {blobs} blobs looked at, {blobs} opened" in said


def test_a_flipped_byte_in_a_frame_is_red_and_names_the_film(vault: FileStore) -> None:
    film = make_film(make_case())
    path = file_of(film.film_frames.get(position=2).preview, vault)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(damaged)
    code, said = verify()
    assert code == 1
    assert f"preview of {film.case.number} item" in said


@pytest.mark.parametrize("role", ["original", "preview", "rendition"])
def test_one_flipped_byte_is_red_and_names_the_item(item: Item, vault: FileStore, role: str) -> None:
    path = file_of(getattr(item, role), vault)
    damaged = bytearray(path.read_bytes())
    damaged[-1] ^= 1
    path.write_bytes(damaged)
    code, said = verify()
    assert code == 1
    assert f"DOUBT damaged: {role} of {item.case.number} item 1 ({item.public_id})" in said


def test_each_way_of_not_belonging_together_is_named(item: Item, vault: FileStore) -> None:
    others = [make_examined(make_case(), seed) for seed in range(2, 7)]
    vault.delete(others[0].original.storage_key)
    Wrap.objects.filter(blob=others[1].original).delete()
    Item.objects.filter(pk=others[2].pk).update(sha256="0" * 64)
    Wrap.objects.filter(blob=others[3].original).update(sealed_secret=bytes(item.original.wrap.sealed_secret))
    Item.objects.filter(pk=others[4].pk).update(preview=None)
    (vault.root / "plain.jpg").write_bytes(b"a stranger")
    sealer = Sealer("original", "vault")
    sealer.write(b"x")
    orphan = sealer.finish()
    make_old(vault._path(orphan.storage_key))
    code, said = verify()
    assert code == 1
    for expected in (
        f"DOUBT missing: original of {others[0].case.number}",
        f"DOUBT no_wrap: original of {others[1].case.number}",
        f"DOUBT item_digest: {others[2].case.number}",
        f"DOUBT wrap_of_another: original of {others[3].case.number}",
        "DOUBT orphan_row: preview blob",
        "DOUBT stranger: plain.jpg",
        f"DOUBT orphan_file: {orphan.storage_key.hex[:2]}",
        "7 doubts",
    ):
        assert expected in said


def test_an_original_that_the_web_could_open_is_named(item: Item) -> None:
    wrong = actions.stage_blob(seal(b"meant for the vault", Blob.Kind.ORIGINAL, Wrap.Recipient.VIEW))
    code, said = verify()
    assert code == 1
    assert f"DOUBT recipient: original blob {wrong.public_id}, staged" in said
    assert "1 doubt" in said


@pytest.mark.usefixtures("item", "as_web")
def test_without_the_vault_key_it_says_what_it_did_not_check() -> None:
    code, said = verify()
    assert code == 0
    assert "Not checked: the contents of 2 files" in said


def test_the_reaper_removes_what_nobody_filed(
    vault: FileStore, django_capture_on_commit_callbacks: object
) -> None:
    kept, late = upload(picture(1)), upload(picture(2))
    Blob.objects.filter(pk=late.blob.pk).update(staged_until=timezone.now() - timedelta(seconds=1))
    evidence = make_item(make_case())
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert actions.reap_blobs().staged == 1
    assert set(Blob.objects.values_list("pk", flat=True)) == {kept.blob.pk, evidence.original.pk}
    assert vault.size(late.blob.storage_key) is None
    assert entries("evidence.blob_reaped") == 1
    assert verify()[0] == 0


def test_the_reaper_removes_leftovers_of_a_crash_after_an_hour(vault: FileStore) -> None:
    sealer = Sealer("original", "vault")
    sealer.write(b"cut off by a crash")
    [part] = [vault.root / found.name for found in vault.iterate()]
    whole = Sealer("original", "vault")
    whole.write(b"its row was never written")
    orphan = vault._path(whole.finish().storage_key)
    assert actions.reap_blobs() == actions.Reaped(0, 0, 0)
    make_old(part)
    make_old(orphan)
    assert actions.reap_blobs() == actions.Reaped(0, 1, 1)
    assert list(vault.iterate()) == []
    assert entries("evidence.blob_reaped") == 1
    sealer.abandon()


def test_the_reaper_leaves_evidence_alone_however_old(item: Item, vault: FileStore) -> None:
    for found in vault.iterate():
        make_old(vault.root / found.name, 10**7)
    assert actions.reap_blobs() == actions.Reaped(0, 0, 0)
    assert verify()[0] == 0
