"""Asking the models by their cards: every question gets an answer or a reason, and a shadow changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection import asking, models
from detection.findings import Signal, Status
from tests.detection import tiny_models

NOBODY = models.Shelf({}, {"open-nsfw": "Not here.", "nudenet": "Not here either."})


def shelf_of(directory: Path) -> models.Shelf:
    return models.open_shelf(None, cards=(directory,))


def grey(*levels: int) -> Any:
    """One plane for each level of brightness."""
    return np.stack([np.full((8, 8, 3), level, np.uint8) for level in levels])


def asked(shelf: models.Shelf, *levels: int, **more: Any) -> dict[str, Signal]:
    planes = dict.fromkeys(shelf.loaded, grey(*levels)) if levels else {}
    return {signal.name: signal for signal in asking.ask(shelf, planes, size=(8, 8), **more)}


def test_the_three_questions_come_first_and_in_order() -> None:
    assert [signal.name for signal in asking.ask(NOBODY, {})] == ["explicit", "regions", "synthetic"]


def test_what_no_model_could_answer_is_not_checked_and_says_why() -> None:
    found = asked(NOBODY)
    assert {signal.status for signal in found.values()} == {Status.NOT_CHECKED}
    assert {signal.score for signal in found.values()} == {None}
    reasons = [found[name].reason for name in ("explicit", "regions", "synthetic")]
    assert reasons == ["Not here.", "Not here either.", "no model for AI-made pictures is installed"]


def test_a_missing_opt_in_model_is_not_checked_and_says_how_to_get_it(tmp_path: Path) -> None:
    regions = asked(models.open_shelf(tmp_path))["regions"]
    assert regions.status is Status.NOT_CHECKED
    assert "MODELS=nudenet" in regions.reason


def test_without_planes_the_reason_is_the_callers(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    found = asked(shelf_of(tmp_path), why_not="The file is damaged.")["synthetic"]
    assert (found.status, found.reason) == (Status.NOT_CHECKED, "The file is damaged.")
    assert asked(shelf_of(tmp_path))["synthetic"].reason == "no picture was opened"


def test_a_signal_names_its_model_digest_licence_and_device(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    found = asked(shelf_of(tmp_path), 255)["synthetic"]
    assert found.version == "tiny 1"
    assert found.data["model"] == "tiny"
    assert found.data["sha256"] == tiny_models.read(tmp_path).sha256
    assert found.data["licence"] == "CC0-1.0"
    assert found.data["providers"] == ["CPUExecutionProvider"]


def test_the_highest_frame_counts_and_the_share_is_said(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    found = asked(shelf_of(tmp_path), 0, 51, 255, 230)["synthetic"]
    assert found.score == pytest.approx(1.0)
    assert (found.data["frames"], found.data["frames_likely"], found.data["share_likely"]) == (4, 2, 0.5)
    assert found.data["scores"] == pytest.approx([0.0, 0.2, 1.0, 0.902])
    assert "2 of 4 frames likely" in found.sentence


def test_a_calibrated_score_stands_beside_the_raw_one(tmp_path: Path) -> None:
    points = [{"score": 0, "probability": 0.0}, {"score": 1, "probability": 0.5}]
    tiny_models.write(
        tmp_path, calibration={"method": "isotonic", "points": points, "data": "twelve of ours"}
    )
    found = asked(shelf_of(tmp_path), 255)["synthetic"]
    assert (found.data["raw"], found.data["calibrated"]) == (pytest.approx(1.0), pytest.approx(0.5))
    assert found.score == pytest.approx(0.5)
    assert (found.data["band"], found.data["calibration"]) == ("unclear", "isotonic")


def test_without_a_calibration_the_record_says_so(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    data = asked(shelf_of(tmp_path), 255)["synthetic"].data
    assert (data["calibrated"], data["calibration"]) == (None, "none")


def test_the_bands_are_the_cards(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, bands={"unclear": 0.4, "likely": 0.6})
    said = [asked(shelf_of(tmp_path), level)["synthetic"].data["band"] for level in (51, 128, 204)]
    assert said == ["unlikely", "unclear", "likely"]


def test_a_shadow_model_scores_beside_the_others_without_effect(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, "tiny")
    alone = asked(shelf_of(tmp_path), 51)
    tiny_models.write(tmp_path, "other", role="shadow", title="Other", output__positive=0)
    beside = asked(shelf_of(tmp_path), 51)
    assert list(beside) == ["explicit", "regions", "synthetic", "shadow.other"]
    assert {name: beside[name] for name in alone} == alone
    shadow = beside["shadow.other"]
    assert shadow.score == pytest.approx(0.8)
    assert (shadow.data["task"], shadow.data["model"]) == ("synthetic", "other")
    assert shadow.sentence.startswith("Other, on trial without effect: Looks AI-made (0.80).")


def test_a_shadow_alone_leaves_its_question_unanswered(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, role="shadow")
    found = asked(shelf_of(tmp_path), 255)
    assert found["synthetic"].status is Status.NOT_CHECKED
    assert found["shadow.tiny"].score == pytest.approx(1.0)


def test_a_shadow_of_the_explicit_question_speaks_of_explicitness(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, role="shadow", task="explicit")
    found = asked(shelf_of(tmp_path), 255)
    assert "Explicit content likely (1.00)" in found["shadow.tiny"].sentence
    assert found["explicit"].status is Status.NOT_CHECKED


@pytest.mark.parametrize(
    ("content", "seconds", "why"),
    [
        (tiny_models.not_a_number, 10.0, "not a finite number"),
        (tiny_models.endless, 0.2, "longer than 0.2 s"),
    ],
)
def test_an_unusable_answer_fails_and_leaves_the_other_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Callable[[], bytes], seconds: float, why: str
) -> None:
    monkeypatch.setattr(asking, "RUN_SECONDS", seconds)
    tiny_models.write(tmp_path, "bad", content=content())
    tiny_models.write(tmp_path, "good", role="shadow")
    found = asked(shelf_of(tmp_path), 255)
    assert (found["synthetic"].status, found["synthetic"].score) == (Status.FAILED, None)
    assert why in found["synthetic"].reason
    assert (found["synthetic"].version, found["synthetic"].data["model"]) == ("tiny 1", "bad")
    assert found["shadow.good"].score == pytest.approx(1.0)


def test_one_unusable_frame_leaves_a_whole_film_unscored(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, output__high=0.9)
    found = asked(shelf_of(tmp_path), 51, 255)["synthetic"]
    assert (found.status, found.score) == (Status.FAILED, None)
    assert "outside" in found.reason


def test_all_frames_of_a_film_share_one_span_of_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "ALL_SECONDS", 0.0)
    tiny_models.write(tmp_path)
    found = asked(shelf_of(tmp_path), 51)["synthetic"]
    assert (found.status, found.score) == (Status.FAILED, None)
    assert "for all frames" in found.reason
