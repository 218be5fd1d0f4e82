"""Models of one's own in the product: answers are stored, a shadow moves nothing, a device must be there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from casework.evidence import tasks
from casework.evidence.models import Item, SignalRecord
from tests.cast import make_case
from tests.detection import tiny_models
from tests.evidence.making import entries, make_item, picture
from tests.evidence.test_working import start_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def cards(tmp_path: Path, settings: Any) -> Any:
    """The directory for cards of this installation; no model of the library is installed."""
    settings.MODELS_DIR = tmp_path / "models"
    settings.MODEL_CARDS = (tmp_path / "cards",)
    tasks._shelf.cache_clear()
    yield tmp_path / "cards"
    tasks._shelf.cache_clear()


def examined() -> dict[str, SignalRecord]:
    item = make_item(make_case(), picture())
    tasks.examine_item(str(item.public_id), start=start_of(item))
    assert Item.objects.get(pk=item.pk).state == Item.State.EXAMINED
    return {signal.name: signal for signal in item.signals.all()}


def test_a_model_of_ones_own_answers_and_the_record_says_which(cards: Path) -> None:
    tiny_models.write(cards)
    record = examined()["synthetic"]
    assert record.score == pytest.approx(record.data["raw"])
    assert (record.version, record.data["model"], record.data["licence"]) == ("tiny 1", "tiny", "CC0-1.0")
    assert record.data["providers"] == ["CPUExecutionProvider"]
    assert entries("evidence.examined") == 1


def test_a_shadow_is_recorded_and_moves_nothing(cards: Path) -> None:
    tiny_models.write(
        cards, "eager", role="shadow", task="explicit", bands={"unclear": 0.001, "likely": 0.002}
    )
    signals = examined()
    shadow = signals["shadow.eager"]
    assert (shadow.status, shadow.score is not None) == ("found", True)
    assert signals["explicit"].status == "not_checked"
    shadow.item.case.refresh_from_db()
    assert shadow.item.case.explicit_score is None
    assert not shadow.item.case.synthetic_found


def test_a_worker_does_not_start_without_the_device_that_models_are_to_run_on(settings: Any) -> None:
    settings.CASEWORK_ROLE = "worker"
    settings.MODEL_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
    with pytest.raises(
        CommandError, match="“CUDAExecutionProvider”, which the installed onnxruntime does not have"
    ):
        call_command("worker", skip_checks=True)
