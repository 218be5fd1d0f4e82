"""The explicitness score equals the reference, and a picture that was not scored never gets a number."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from detection import asking, models, opening, planes
from detection.cards import read_cards
from detection.findings import Signal, Status
from tests.detection.reference.drawn import SEEDS, drawn

CHECKOUT = Path(__file__).resolve().parents[2]
WEIGHTS = CHECKOUT / "var" / "models"
DATA = CHECKOUT.parent / "shared" / "data"
REFERENCE = json.loads((Path(__file__).parent / "reference" / "open_nsfw.json").read_text())
SCORES: dict[str, float] = REFERENCE["scores"]
CARD = read_cards()["open-nsfw"]
SIDE = CARD.input.width
NONE = models.Shelf({}, {CARD.name: "Yahoo OpenNSFW is not installed."})


@pytest.fixture(scope="module")
def shelf() -> models.Shelf:
    shelf = models.open_shelf(WEIGHTS)
    if CARD.name not in shelf.loaded:
        pytest.skip(f"NO WEIGHTS: {shelf.absent[CARD.name]}")
    return shelf


def assess(shelf: models.Shelf, planes_of: Any) -> Signal:
    """The signal of these planes."""
    signal = asking.ask(shelf, {CARD.name: planes_of}, size=(9, 9))[0]
    assert signal.name == "explicit"
    return signal


def prepare(pictures: Sequence[Image.Image]) -> Any:
    return planes.prepare(pictures, [models.plane_spec(CARD)])[CARD.name]


def planes_of(data: bytes) -> Any:
    return prepare(opening.open_media(data).frames)


def answering(*answers: Any) -> models.Shelf:
    """A shelf whose model gives these answers, one after the other."""

    class Session:
        def __init__(self) -> None:
            self.answers: Iterator[Any] = iter(answers)

        def run(self, *arguments: Any) -> list[Any]:
            return [np.array([next(self.answers)], dtype=np.float32)]

    return models.Shelf({CARD.name: models.Model(CARD, Session())}, {})


def frames(count: int) -> Any:
    return np.zeros((count, SIDE, SIDE, 3), dtype=np.uint8)


def band(score: float) -> str:
    return "likely" if score >= CARD.likely else "unclear" if score >= CARD.unclear else "unlikely"


@pytest.mark.parametrize("seed", SEEDS)
def test_drawn_pictures_score_as_the_reference_says(shelf: models.Shelf, seed: int) -> None:
    signal = assess(shelf, planes_of(drawn(seed)))
    assert signal.score == pytest.approx(SCORES[f"drawn/{seed}"], abs=1e-3)


def test_the_drawn_references_reach_all_three_bands() -> None:
    bands = {band(SCORES[f"drawn/{seed}"]) for seed in SEEDS}
    photos = {band(value) for name, value in SCORES.items() if name.startswith("photos/")}
    assert bands | photos == {"likely", "unclear", "unlikely"}


@pytest.mark.skipif(not DATA.is_dir(), reason="NO SHARED PICTURES: ../shared/data is not here")
def test_shared_photos_and_odd_modes_score_as_the_reference_says(shelf: models.Shelf) -> None:
    names = [name for name in SCORES if not name.startswith("drawn/")]
    ours = {name: assess(shelf, planes_of((DATA / name).read_bytes())).score for name in names}
    assert sum(name.startswith("pdq/mode-") for name in names) >= 10
    assert sum(name.startswith("photos/") for name in names) == len(list((DATA / "photos").iterdir()))
    assert ours == {name: pytest.approx(SCORES[name], abs=1e-3) for name in names}


def test_a_transparent_picture_is_scored_as_people_see_it(shelf: models.Shelf) -> None:
    hidden = Image.open(io.BytesIO(drawn(50))).convert("RGBA")
    hidden.putalpha(Image.linear_gradient("L").resize(hidden.size).point(lambda value: 255 * (value > 250)))
    seen = opening.drawn(hidden)
    assert assess(shelf, prepare([seen])).score != pytest.approx(SCORES["drawn/50"], abs=0.05)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1)])
def test_extreme_shapes_get_a_score(shelf: models.Shelf, size: tuple[int, int]) -> None:
    signal = assess(shelf, prepare([Image.new("RGB", size)]))
    assert signal.score is not None
    assert 0 <= signal.score <= 1


@pytest.mark.parametrize(
    ("score", "status", "words"),
    [
        (0.94, Status.FOUND, "Explicit content likely (0.94). Triage only: a model score never decides."),
        (0.8, Status.FOUND, "Explicit content likely (0.80). Triage only: a model score never decides."),
        (0.5, Status.FOUND, "Explicit content unclear (0.50). Triage only: a model score never decides."),
        (
            0.1,
            Status.NOT_FOUND,
            "Explicit content unlikely (0.10). Triage only: a model score never decides.",
        ),
    ],
)
def test_a_score_is_said_in_words_with_its_caveat(score: float, status: Status, words: str) -> None:
    signal = assess(answering([1 - score, score]), frames(1))
    assert (signal.status, signal.sentence) == (status, words)


def test_an_animation_counts_by_its_highest_frame_and_says_the_share() -> None:
    signal = assess(answering([0.9, 0.1], [0.1, 0.9], [0.2, 0.8], [0.7, 0.3]), frames(4))
    assert signal.score == pytest.approx(0.9)
    assert signal.data["share_likely"] == pytest.approx(0.5)
    assert "2 of 4 frames" in signal.sentence


@pytest.mark.parametrize(
    "answer", [[float("nan")] * 2, [float("inf"), 0.0], [0.0, 1.5], [1.0, -0.5], [0.1, 0.2, 0.7]]
)
def test_an_unusable_answer_is_not_scored_rather_than_zero(answer: list[float]) -> None:
    signal = assess(answering(answer), frames(1))
    assert (signal.status, signal.score) == (Status.FAILED, None)
    assert "not scored" in signal.sentence
    assert signal.reason


def test_one_unusable_frame_leaves_the_whole_animation_unscored() -> None:
    signal = assess(answering([0.9, 0.1], [float("nan")] * 2), frames(2))
    assert (signal.status, signal.score) == (Status.FAILED, None)


def test_without_the_model_a_picture_is_not_checked_and_says_why() -> None:
    signal = assess(NONE, frames(1))
    assert (signal.status, signal.score) == (Status.NOT_CHECKED, None)
    assert signal.reason == "Yahoo OpenNSFW is not installed."
