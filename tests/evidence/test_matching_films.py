"""A film that was removed is found again when it comes in another container and codec; another film is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from casework.cases.models import Case
from casework.evidence import actions, tasks
from casework.evidence.models import BankMatch, Item
from casework.evidence.wording_matches import bank_row
from casework.hashbanks import indexing
from casework.hashbanks.models import Entry
from casework.jobs.actions import claim
from casework.jobs.models import Job
from detection.video.drawing import film_of, pattern_film
from tests.cast import make_case, person
from tests.evidence import films
from tests.evidence.making import make_item
from tests.evidence.test_offering_hashes import decided
from tests.hashbanks.making import make_bank

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def index(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.HASH_INDEX_DIR, settings.MODELS_DIR = tmp_path / "index", tmp_path / "models"
    tasks._shelf.cache_clear()
    indexing._open.clear()
    yield
    tasks._shelf.cache_clear()
    indexing._open.clear()


def examined(case: Case, data: bytes) -> Item:
    item = make_item(case, data)
    start = claim(Job.objects.get(key=f"examine:{item.public_id}").public_id)
    assert start is not None
    tasks.examine_item(str(item.public_id), start=start)
    return Item.objects.get(pk=item.pk)


def offered() -> Item:
    """A film that mona removed and put into a bank."""
    item = films.make_film(make_case())
    actions.offer_hashes(decided(item.case), make_bank(), actor=person("mona"))
    return item


def test_the_same_film_in_another_codec_is_found_by_its_frames() -> None:
    first = offered()
    item = examined(make_case(), pattern_film(container="webm", codec="libvpx"))
    match = BankMatch.objects.get(item=item)
    assert (match.algorithm, match.entry.clip) == ("video_pdq", first.public_id)
    assert (match.query_share, match.clip_share) == (1.0, 1.0)
    assert match.frame is not None
    row = bank_row(item, person("mona"))
    assert (row["state"], row["estimate"]) == ("found", "near copy")
    item.case.refresh_from_db()
    assert item.case.known_matches == 2, "the bank, and the case in which it was removed"


def test_the_very_file_is_found_by_its_digests_too() -> None:
    offered()
    item = examined(make_case(), films.film(3))
    found = set(BankMatch.objects.filter(item=item).values_list("algorithm", flat=True))
    assert found == {"sha256", "video_md5", "video_pdq"}


def test_another_film_is_not_found() -> None:
    offered()
    random = np.random.default_rng(7)
    blocks = [
        random.integers(0, 255, (12, 16, 3), dtype=np.uint8).repeat(20, 0).repeat(20, 1) for _ in range(6)
    ]
    item = examined(make_case(), film_of((block for block in blocks for _ in range(10)), size=(320, 240)))
    assert bank_row(item, person("mona"))["state"] == "not_found"


def test_no_frame_of_a_film_is_kept_as_a_picture() -> None:
    offered()
    assert not Entry.objects.filter(signal="pdq", clip__isnull=True).exists()
