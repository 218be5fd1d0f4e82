"""A canary in a file's bytes and in its name is nowhere afterwards: not in the home, the database, its WAL or temp."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from casework.evidence import actions
from casework.evidence.models import Blob, Item
from casework.evidence.sealing import open_blob
from casework.runtime import cluster
from tests.cast import make_case

pytestmark = pytest.mark.urls("tests.evidence.urls")


def hits(root: Path, needles: list[bytes]) -> list[str]:
    """Files under *root* that hold one of *needles*, in contents or name."""
    found = []
    for folder, _folders, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            try:
                data = path.read_bytes() + name.encode()
            except OSError:
                continue
            found += [f"{path}: {needle!r}" for needle in needles if needle in data]
    return found


def test_no_canary_is_found_after_an_upload(
    superuser: psycopg.Connection[Any], tmp_path: Path, settings: Any
) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    marks = [secrets.token_hex(12) for _ in range(3)]
    content = (marks[0].encode() + os.urandom(5000)) * 700 + marks[1].encode()
    sent = Client().post("/take/", {"files": SimpleUploadedFile(f"{marks[2]}.png", content)}).json()["files"]
    blob = Blob.objects.get(public_id=sent[0]["blob"])
    upload = actions.SealedUpload(sent[0]["name"], "image/png", blob.size, blob.sha256, sent[0]["md5"], blob)
    [item] = actions.add_items(make_case(), [upload], actor=None)
    assert open_blob(Item.objects.get(pk=item.pk).original) == content
    superuser.execute("CHECKPOINT")
    needles = [mark.encode() for mark in marks]
    assert hits(database_directory(), needles) == []
    assert hits(Path(settings.CASEWORK_HOME), needles) == []
    assert hits(tmp_path, needles) == []
    # the scan itself works: what is written in clear is found
    (tmp_path / "planted").write_text(marks[0])
    assert len(hits(tmp_path, needles)) == 1


def database_directory() -> Path:
    """Where the server of this test keeps its files, WAL included."""
    known = cluster.describe(settings.CASEWORK_HOME / "postgres.json")
    assert known is not None
    return Path(known["directory"])
