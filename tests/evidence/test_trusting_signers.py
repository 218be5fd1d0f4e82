"""Trust lists in the product: workers read them before they take work, and each item's record names the list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from casework.evidence import tasks
from casework.evidence.models import SignalRecord
from tests.cast import make_case
from tests.detection.studio import Studio, picture
from tests.evidence.making import entries, make_item
from tests.evidence.test_working import start_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _anew(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.MODELS_DIR = tmp_path / "models"
    for remembered in (tasks._trust, tasks._shelf):
        remembered.cache_clear()
    yield
    for remembered in (tasks._trust, tasks._shelf):
        remembered.cache_clear()


def credentials(data: bytes) -> SignalRecord:
    item = make_item(make_case(), data)
    tasks.examine_item(str(item.public_id), start=start_of(item))
    assert entries("evidence.examined") == 1
    return item.signals.get(name="c2pa")


def test_a_signer_on_the_list_of_this_desk_is_trusted_and_the_record_says_by_which_list(
    settings: Any, tmp_path: Path
) -> None:
    studio = Studio()
    path = tmp_path / "desk.pem"
    path.write_text(f"# dated 2026-09-24\n{studio.root}")
    settings.C2PA_TRUST_ANCHORS = (path,)
    record = credentials(studio.signed(picture()))
    assert (record.data["integrity"], record.data["trust"]) == ("valid", "trusted")
    assert record.data["trust_list"] == {"name": "desk", "dated": "2026-09-24"}
    assert record.strength == "definitive"


def test_without_a_list_the_same_signer_is_unknown() -> None:
    record = credentials(Studio().signed(picture()))
    assert (record.data["trust"], record.data["trust_reason"]) == ("untrusted", "no_list")
    assert record.strength == "strong"


def test_a_worker_does_not_start_with_a_list_that_cannot_be_used(settings: Any, tmp_path: Path) -> None:
    settings.CASEWORK_ROLE = "worker"
    settings.C2PA_TRUST_ANCHORS = (tmp_path / "none.pem",)
    with pytest.raises(CommandError, match=r"none\.pem cannot be read.*No work was begun"):
        call_command("worker", skip_checks=True)
