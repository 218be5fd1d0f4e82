"""What the demo's list says of its pictures is true."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from casework.evidence.models import Blob
from casework.evidence.sealing import open_blob
from casework.hashbanks.lists import Fault, read_list
from casework.hashbanks.models import Bank, ListImport
from casework.reports.management.demo_pictures import pattern
from casework.staff.management.demo_banks import NEAR_PDQ, NEAR_PHASH, make_banks
from detection.pdq import hamming, hash_image
from detection.perceptual import phash
from tests.cast import person
from tests.evidence.making import entries


def test_the_near_hashes_are_near_the_picture_that_is_reported() -> None:
    image = Image.open(io.BytesIO(pattern(11, generated=True).data)).convert("RGB")
    assert hamming(hash_image(image).value, NEAR_PDQ) == 7
    assert hamming(phash(image).value, NEAR_PHASH) == 2


@pytest.mark.django_db
def test_both_banks_are_made_once_and_the_list_has_one_bad_line(tmp_path: Path, settings: object) -> None:
    settings.EVIDENCE_DIR = tmp_path / "evidence"  # type: ignore[attr-defined]
    for _ in range(2):
        make_banks(person("lena"), tmp_path, lambda folder: pattern(1))
    assert set(Bank.objects.values_list("name", flat=True)) == {"Own removals", "Hotline list (demo)"}
    handed = ListImport.objects.get()
    lines = list(read_list(open_blob(Blob.objects.get(public_id=handed.blob))))
    assert [line.number for line in lines if isinstance(line.said, Fault)] == [len(lines) + 1]
    assert (entries("bank.created"), entries("bank.list_offered")) == (2, 1)
