"""Files arrive sealed, all of them, or the sender sees why not."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from casework.evidence.models import Blob
from casework.evidence.sealing import open_blob
from casework.evidence.storage import FileStore

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.evidence.urls")]

BOUNDARY = "xyzBOUNDARYzyx"


def file(data: bytes, name: str = "cat.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, "image/jpeg")


def body(*parts: tuple[str, str, bytes], end: bytes = b"--\r\n") -> bytes:
    """A multipart body as it goes over the wire: (field, file name, content) each."""
    lines = b""
    for field, name, content in parts:
        lines += (
            (
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                "Content-Type: image/png\r\n\r\n"
            ).encode()
            + content
            + b"\r\n"
        )
    return lines + f"--{BOUNDARY}".encode() + end


def send(raw: bytes, path: str = "/take/", **extra: Any) -> Any:
    return Client().generic(
        "POST", path, raw, content_type=f"multipart/form-data; boundary={BOUNDARY}", **extra
    )


def things_in(vault: FileStore) -> list[str]:
    return [each.name for each in vault.iterate()]


def test_every_file_of_every_field_arrives_in_order_and_opens_again(vault: FileStore) -> None:
    contents = [os.urandom(n) for n in (1, 70_000, 300_000, 5)]
    answer = Client().post(
        "/take/",
        {
            "files": [file(contents[0], "a"), file(contents[1], "b"), file(contents[2], "c")],
            "other": file(contents[3], "d"),
        },
    )
    files = answer.json()["files"]
    assert [each["name"] for each in files] == ["a", "b", "c", "d"]
    assert [each["sha256"] for each in files] == [hashlib.sha256(c).hexdigest() for c in contents]
    assert [each["md5"] for each in files] == [hashlib.md5(c).hexdigest() for c in contents]
    blobs = [Blob.objects.get(public_id=each["blob"]) for each in files]
    assert [open_blob(blob) for blob in blobs] == contents
    assert all(blob.staged_until is not None for blob in blobs)
    assert len(things_in(vault)) == 4


def test_the_api_parser_gets_the_same_files() -> None:
    answer = Client().post("/api-take/", {"files": [file(b"1", "a"), file(b"2", "b")]})
    assert answer.json()["files"] == ["a", "b"]


def test_a_file_is_kept_whatever_its_name() -> None:
    raw = body(
        ("f", "..", b"one"), ("f", "/", b"two"), ("f", "../../etc/passwd", b"three"), ("f", "a" * 800, b"4")
    )
    files = send(raw).json()["files"]
    assert [each["name"] for each in files][:3] == ["unnamed", "unnamed", "passwd"]
    assert len(files) == 4


def test_an_empty_file_field_of_a_browser_is_no_file() -> None:
    answer = send(body(("f", "", b"")))
    assert answer.status_code == 200
    assert answer.json()["files"] == []


def test_an_empty_file_is_refused_and_nothing_is_kept(vault: FileStore) -> None:
    answer = Client().post("/take/", {"files": [file(b"whole"), file(b"")]})
    assert answer.status_code == 422
    assert "empty" in answer.json()["message"]
    assert not Blob.objects.exists()


def test_a_file_over_the_limit_is_refused_in_words(settings: Any, vault: FileStore) -> None:
    settings.UPLOAD_MAX_FILE_BYTES = 1024 * 1024
    answer = Client().post(
        "/take/", {"a": file(b"small"), "files": file(b"x" * (1024 * 1024 + 1)), "reason": "kept"}
    )
    assert answer.status_code == 413
    assert "larger than 1 MB" in answer.json()["message"]
    assert not Blob.objects.exists()
    assert not [name for name in things_in(vault) if name.endswith(".part")]


def test_a_file_exactly_at_the_limit_is_taken(settings: Any) -> None:
    settings.UPLOAD_MAX_FILE_BYTES = 1024 * 1024
    assert Client().post("/take/", {"files": file(b"x" * 1024 * 1024)}).status_code == 200


def test_files_over_the_limit_of_a_report_are_refused(settings: Any) -> None:
    settings.UPLOAD_MAX_REPORT_BYTES = 1024 * 1024
    answer = Client().post("/take/", {"files": [file(b"x" * 600_000), file(b"y" * 600_000)]})
    assert answer.status_code == 413
    assert "of one report" in answer.json()["message"]
    assert not Blob.objects.exists()


def test_a_body_far_over_the_limit_is_not_even_read(settings: Any, vault: FileStore) -> None:
    settings.UPLOAD_MAX_REPORT_BYTES = 1000
    raw = body(("f", "a", b"x" * 10), ("f", "b", b"x" * 2_000_000))
    assert send(raw).status_code == 413
    assert things_in(vault) == []


def test_one_file_too_many_is_refused(settings: Any) -> None:
    settings.UPLOAD_MAX_FILES = 2
    assert Client().post("/take/", {"files": [file(b"1"), file(b"2")]}).status_code == 200
    before = Blob.objects.count()
    answer = Client().post("/take/", {"files": [file(b"1"), file(b"2"), file(b"3")]})
    assert answer.status_code == 413
    assert "at most 2 files" in answer.json()["message"]
    assert Blob.objects.count() == before


def test_a_body_cut_anywhere_is_an_error_and_keeps_nothing(vault: FileStore) -> None:
    whole = body(("f", "a.png", b"A" * 50), ("f", "b.png", b"B" * 60))
    for cut_at in range(1, len(whole) - 4, 5):
        lost = {"wsgi.input": io.BytesIO(whole[:cut_at])}
        answer = send(whole, **lost)
        assert answer.status_code == 400, cut_at
        assert "cut off" in answer.json()["message"], cut_at
        assert not Blob.objects.exists(), cut_at
        assert not [name for name in things_in(vault) if name.endswith(".part")], cut_at


def test_a_body_cut_before_a_lying_length_is_an_error_too() -> None:
    whole = body(("f", "a.png", b"A" * 50), ("f", "b.png", b"B" * 60))
    cut = whole.index(b'name="f"; filename="b.png"')
    assert send(whole[:cut]).status_code == 400
    assert not Blob.objects.exists()


def test_a_request_without_a_length_is_refused_and_not_read_as_empty() -> None:
    assert send(body(("f", "a.png", b"A")), CONTENT_LENGTH="").status_code == 411


def test_an_address_that_takes_no_files_writes_none(vault: FileStore) -> None:
    answer = Client().post("/take-none/", {"files": file(b"x" * 1000), "a": "1"})
    assert answer.status_code == 400
    assert things_in(vault) == []
    assert Client().post("/take-none/", {"a": "1"}).json() == {"fields": ["a"]}


def test_a_full_store_is_said_and_nothing_is_half_stored(
    monkeypatch: pytest.MonkeyPatch, vault: FileStore
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("casework.evidence.storage.os.fsync", full)
    answer = Client().post("/take/", {"files": file(b"x" * 1000)})
    assert answer.status_code == 503
    assert "Try again" in answer.json()["message"]
    assert things_in(vault) == []
    assert not Blob.objects.exists()


@pytest.mark.usefixtures("as_web")
def test_a_web_process_seals_without_the_vault_key() -> None:
    answer = Client().post("/take/", {"files": file(b"a benign picture")})
    assert len(answer.json()["files"]) == 1


def test_no_temporary_file_is_written_outside_the_store(
    tmp_path: Path, settings: Any, vault: FileStore
) -> None:
    canary = b"CANARY-" + os.urandom(16).hex().encode()
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "temp"
    (tmp_path / "temp").mkdir()
    assert Client().post("/take/", {"files": file(canary * 200_000)}).status_code == 200
    found = [path for path in tmp_path.rglob("*") if path.is_file() and canary in path.read_bytes()]
    assert found == []
    assert list((tmp_path / "temp").iterdir()) == []
