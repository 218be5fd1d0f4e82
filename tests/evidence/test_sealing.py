"""What is sealed opens again, exactly, for who holds the key; anything else is refused by name."""

from __future__ import annotations

import os
import random
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyrage
import pytest

from casework.evidence.actions import stage_blob
from casework.evidence.models import Blob, Wrap
from casework.evidence.sealing import Doubt, Sealed, Sealer, check_blob, open_blob
from casework.evidence.storage import FileStore
from casework.privacy.keyring import KeyMissing, key_directory

pytestmark = pytest.mark.django_db

Seal = Callable[..., Sealed]


def doubt(blob: Blob) -> str:
    """The code of the doubt that opening raises."""
    with pytest.raises(Doubt) as raised:
        open_blob(Blob.objects.get(pk=blob.pk))
    with pytest.raises(Doubt):
        check_blob(Blob.objects.get(pk=blob.pk))
    return raised.value.code


def file_of(blob: Blob, vault: FileStore) -> Path:
    return vault._path(blob.storage_key)


@pytest.mark.parametrize("size", [1, 65_535, 65_536, 65_537, 3_000_001])
def test_bytes_come_back_exactly(sealed: Seal, size: int) -> None:
    data = os.urandom(size)
    blob = stage_blob(sealed(data))
    assert open_blob(blob) == data
    check_blob(blob)


@pytest.mark.parametrize("size", [500_000, 2_500_000])
def test_chunks_of_any_size_give_the_same_digest(vault: FileStore, size: int) -> None:
    data = os.urandom(size)
    sealer = Sealer("original", "vault")
    rest, dice = data, random.Random(7)
    while rest:
        n = dice.randint(1, 90_000)
        sealer.write(rest[:n])
        rest = rest[n:]
    assert open_blob(stage_blob(sealer.finish())) == data


def test_an_abandoned_upload_leaves_nothing(vault: FileStore) -> None:
    sealer = Sealer("original", "vault")
    sealer.write(b"x" * 100_000)
    sealer.abandon()
    sealer.abandon()
    assert list(vault.iterate()) == []


@pytest.mark.usefixtures("as_web")
def test_web_seals_originals_and_cannot_open_them(sealed: Seal) -> None:
    blob = stage_blob(sealed(b"a benign picture"))
    with pytest.raises(KeyMissing):
        open_blob(blob)
    assert open_blob(stage_blob(sealed(b"a preview", Blob.Kind.PREVIEW))) == b"a preview"


def test_any_flipped_byte_is_refused(sealed: Seal, vault: FileStore) -> None:
    blob = stage_blob(sealed(os.urandom(200)))
    path = file_of(blob, vault)
    whole = path.read_bytes()
    for position in range(0, len(whole), 3):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        assert doubt(blob) == "damaged", position


def test_any_cut_is_refused(sealed: Seal, vault: FileStore) -> None:
    blob = stage_blob(sealed(os.urandom(70_000)))
    path = file_of(blob, vault)
    whole = path.read_bytes()
    for length in (
        0,
        10,
        200,
        len(whole) - 65_600,
        len(whole) // 2,
        len(whole) - 17,
        len(whole) - 16,
        len(whole) - 1,
    ):
        path.write_bytes(whole[:length])
        assert doubt(blob) == "damaged", length


def test_a_missing_file_is_named(sealed: Seal, vault: FileStore) -> None:
    blob = stage_blob(sealed(b"x"))
    vault.delete(blob.storage_key)
    assert doubt(blob) == "missing"


def test_files_swapped_between_rows_are_refused(sealed: Seal, vault: FileStore) -> None:
    blobs = [stage_blob(sealed(os.urandom(50))) for _ in range(20)]
    dice = random.Random(3)
    for _ in range(20):
        one, two = dice.sample(blobs, 2)
        paths = [file_of(one, vault), file_of(two, vault)]
        contents = [path.read_bytes() for path in paths]
        for path, content in zip(paths, reversed(contents), strict=True):
            path.write_bytes(content)
        assert {doubt(one), doubt(two)} == {"damaged"}
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
    assert all(len(open_blob(blob)) == 50 for blob in blobs)


def test_wraps_swapped_between_rows_are_refused(sealed: Seal) -> None:
    one, two = (stage_blob(sealed(os.urandom(50))) for _ in range(2))
    first, second = bytes(one.wrap.sealed_secret), bytes(two.wrap.sealed_secret)
    Wrap.objects.filter(blob=one).update(sealed_secret=second)
    Wrap.objects.filter(blob=two).update(sealed_secret=first)
    assert {doubt(one), doubt(two)} == {"wrap_of_another"}


def test_a_blob_moved_whole_under_another_row_is_refused(sealed: Seal) -> None:
    one, two = (stage_blob(sealed(os.urandom(50))) for _ in range(2))
    Wrap.objects.filter(blob=two).update(sealed_secret=bytes(one.wrap.sealed_secret))
    Blob.objects.filter(pk=one.pk).update(storage_key="00000000-0000-4000-8000-000000000000")
    Blob.objects.filter(pk=two.pk).update(storage_key=one.storage_key, sha256=one.sha256, size=one.size)
    assert doubt(two) == "wrap_of_another"


def test_other_bytes_under_the_blobs_own_key_are_refused(sealed: Seal, vault: FileStore) -> None:
    """Whoever holds the vault key can encrypt to a blob's identity; the recorded digest still tells."""
    blob = stage_blob(sealed(b"what was received"))
    holder = pyrage.x25519.Identity.from_str((key_directory() / "vault.key").read_text().strip())
    secret = pyrage.decrypt(bytes(blob.wrap.sealed_secret), [holder]).decode().strip().splitlines()[-1]
    own = pyrage.x25519.Identity.from_str(secret)
    file_of(blob, vault).write_bytes(pyrage.encrypt(b"what was forged!!", [own.to_public()]))
    assert doubt(blob) == "digest"


def test_bytes_are_durable_before_they_have_a_name_and_the_name_before_it_is_told(
    vault: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(handle: int) -> None:
        what = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        done.append(f"{what} synced")
        sync(handle)

    def renamed(path: Path, target: Path) -> Path:
        done.append("renamed")
        return rename(path, target)

    part = vault.open_part(uuid4())
    part.stream.write(b"x" * 1000)
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    part.commit()
    assert done == ["file synced", "renamed", "folder synced"]


def test_a_blob_that_is_being_written_is_not_begun_twice(vault: FileStore) -> None:
    key = uuid4()
    part = vault.open_part(key)
    with pytest.raises(FileExistsError):
        vault.open_part(key)
    part.discard()


def test_a_changed_record_is_refused(sealed: Seal) -> None:
    blob = stage_blob(sealed(b"abc"))
    Blob.objects.filter(pk=blob.pk).update(sha256="0" * 64)
    assert doubt(blob) == "wrap_of_another"
    other = stage_blob(sealed(b"abc"))
    Blob.objects.filter(pk=other.pk).update(size=4)
    assert doubt(other) == "digest"


def test_a_lost_or_damaged_wrap_is_named(sealed: Seal) -> None:
    blob, other = stage_blob(sealed(b"abc")), stage_blob(sealed(b"def"))
    Wrap.objects.filter(blob=blob).delete()
    Wrap.objects.filter(blob=other).update(sealed_secret=bytes(other.wrap.sealed_secret)[:-1])
    assert (doubt(blob), doubt(other)) == ("no_wrap", "wrap_damaged")


def test_files_and_folders_are_private(sealed: Seal, vault: FileStore) -> None:
    blob = stage_blob(sealed(b"abc"))
    path = file_of(blob, vault)
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (path.parent, path.parent.parent, vault.root):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_the_age_tool_opens_an_original(
    sealed: Seal, vault: FileStore, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    age = require_tool("age")
    data = os.urandom(100_000)
    blob = stage_blob(sealed(data))
    (tmp_path / "wrap.age").write_bytes(bytes(blob.wrap.sealed_secret))
    identity = tmp_path / "blob.key"
    vault_key = key_directory() / "vault.key"
    subprocess.run(
        [age, "-d", "-i", vault_key, "-o", identity, tmp_path / "wrap.age"], check=True, timeout=60
    )
    opened = subprocess.run(
        [age, "-d", "-i", identity, file_of(blob, vault)], capture_output=True, check=True, timeout=60
    )
    assert opened.stdout == data


def test_the_store_tells_parts_and_strangers_apart(vault: FileStore, sealed: Seal) -> None:
    stage_blob(sealed(b"abc"))
    Sealer("original", "vault")._part.stream.close()
    (vault.root / "notes.txt").write_text("a stranger")
    found: Any = sorted((each.key is None, each.part) for each in vault.iterate())
    assert found == [(False, False), (False, True), (True, False)]
