"""Regions: boxes as the NudeNet package finds them, in words that anybody can read, at their place in the picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection import asking, examine, models, opening, planes, regions
from detection.cards import REGIONS, REGISTRY, Card, read_cards
from detection.findings import Examination, Signal, Status
from tests.detection import tiny_models
from tests.detection.reference.answers import SEEDS, made_up
from tests.detection.reference.drawn import drawn
from tests.detection.test_models import resident

CHECKOUT = Path(__file__).resolve().parents[2]
WEIGHTS = CHECKOUT / "var" / "models"
DATA = CHECKOUT.parent / "shared" / "data"
CARD = read_cards()["nudenet"]
REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "reference" / "nudenet.json").read_text())

#: What the package calls the classes, in the model's order.
PACKAGE = [
    "FEMALE_GENITALIA_COVERED", "FACE_FEMALE", "BUTTOCKS_EXPOSED", "FEMALE_BREAST_EXPOSED",
    "FEMALE_GENITALIA_EXPOSED", "MALE_BREAST_EXPOSED", "ANUS_EXPOSED", "FEET_EXPOSED", "BELLY_COVERED",
    "FEET_COVERED", "ARMPITS_COVERED", "ARMPITS_EXPOSED", "FACE_MALE", "BELLY_EXPOSED",
    "MALE_GENITALIA_EXPOSED", "ANUS_COVERED", "FEMALE_BREAST_COVERED", "BUTTOCKS_COVERED",
]  # fmt: skip
OURS = dict(zip(PACKAGE, CARD.output.labels, strict=True))

#: Pixels differ by one in 255 between Pillow and OpenCV, and scores by so much in consequence.
SCORE = 0.02


@pytest.fixture(scope="module")
def shelf() -> models.Shelf:
    shelf = models.open_shelf(WEIGHTS)
    if "nudenet" not in shelf.loaded:
        pytest.skip(f"NO NUDENET: {shelf.absent['nudenet']}")
    return shelf


def pixels(box: regions.Box, size: tuple[int, int]) -> list[float]:
    width, height = size
    return [box.x * width, box.y * height, box.w * width, box.h * height]


def reference(found: list[list[Any]]) -> list[tuple[str, float, list[float]]]:
    return [(OURS[label], score, box) for label, score, *box in found]


def test_every_class_of_the_package_has_a_word_and_covered_stays_covered() -> None:
    for package, label in OURS.items():
        assert label in REGIONS
        assert ("EXPOSED" in package) == REGIONS[label][1]
        assert ("FACE" in package) == (label == "face")


@pytest.mark.parametrize("seed", SEEDS)
def test_made_up_answers_are_decoded_as_the_package_decodes_them(seed: int) -> None:
    answer, size = made_up(seed)
    ours = regions.decode(answer, CARD, size)
    theirs = reference(REFERENCE["decoded"][str(seed)])
    assert 15 < len(theirs) < regions.MAX_BOXES
    assert [box.label for box in ours] == [label for label, _, _ in theirs]
    assert [box.score for box in ours] == pytest.approx([score for _, score, _ in theirs], abs=1e-5)
    for box, (_, _, wanted) in zip(ours, theirs, strict=True):
        assert pixels(box, size) == pytest.approx(wanted, abs=1.01)  # the package cuts off to whole pixels


def test_pictures_get_the_boxes_that_the_package_gives_them(shelf: models.Shelf) -> None:
    """Where a score lies within a hair of the threshold, either may leave the box out."""
    sure = CARD.output.threshold + SCORE
    compared = 0
    for name in REFERENCE["asked"]:
        data = drawn(int(name.removeprefix("drawn/"))) if name.startswith("drawn/") else shared(name)
        if data is None:
            continue
        theirs = reference(REFERENCE["pictures"].get(name, {"found": []})["found"])
        ours, size = boxes_of(shelf, data)
        assert_all_in([(box.label, box.score, pixels(box, size)) for box in ours], theirs, sure)
        compared += assert_all_in(theirs, [(box.label, box.score, pixels(box, size)) for box in ours], sure)
    assert compared >= (12 if DATA.is_dir() else 2)


def shared(name: str) -> bytes | None:
    return (DATA / name).read_bytes() if DATA.is_dir() else None


def boxes_of(shelf: models.Shelf, data: bytes) -> tuple[tuple[regions.Box, ...], tuple[int, int]]:
    [frame] = opening.open_media(data).frames
    model = shelf.loaded["nudenet"]
    [plane] = planes.prepare([frame], [models.plane_spec(model.card)])["nudenet"]
    return regions.decode(model.answer(plane), model.card, frame.size), frame.size


def assert_all_in(some: list[Any], others: list[Any], sure: float) -> int:
    """Every sure box of *some* has its like in *others*; how many were sure."""
    for label, score, box in some:
        if score >= sure:
            assert any(
                label == other and abs(score - given) <= SCORE and box == pytest.approx(place, abs=4)
                for other, given, place in others
            ), (label, score, box, others)
    return sum(score >= sure for _, score, _ in some)


# --- with a detector built here: class 0 is a face, 1 an uncovered breast, 2 a covered belly, 3 an uncovered belly

LABELS = ["face", "breast, uncovered", "belly, covered", "belly, uncovered"]
FACE = [2.0, 2.0, 2.0, 2.0, 0.9, 0, 0, 0]
BREAST = [6.0, 6.0, 2.0, 2.0, 0, 0.7, 0, 0]
BELLY = [2.0, 6.0, 1.0, 1.0, 0, 0, 0.5, 0]


def write(directory: Path, *candidates: list[float], **changes: Any) -> Card:
    output = {
        "name": "scores",
        "kind": "detections-yolov8",
        "shape": [1, 8, len(candidates)],
        "labels": LABELS,
    }
    content = tiny_models.boxes(candidates)
    own = (REGISTRY / "nudenet.toml").read_text().replace('role = "active"', 'role = "shadow"')
    (directory / "nudenet.toml").write_text(own)
    tiny_models.write(
        directory, content=content, task="regions", output=output, input__fit="letterbox", **changes
    )
    return tiny_models.read(directory)


def asked(directory: Path, frames: int = 1, size: tuple[int, int] = (8, 8)) -> Signal:
    shelf = models.open_shelf(None, cards=(directory,))
    found = asking.ask(shelf, {"tiny": np.zeros((frames, 8, 8, 3), np.uint8)}, size=size)
    return found[1]


def test_boxes_are_shares_of_the_upright_picture(tmp_path: Path) -> None:
    write(tmp_path, FACE, BREAST, BELLY)
    signal = asked(tmp_path)
    assert signal.status is Status.FOUND
    assert signal.data["boxes"][0] == {
        "label": "face",
        "score": 0.9,
        "x": 0.125,
        "y": 0.125,
        "w": 0.25,
        "h": 0.25,
    }
    assert [box["label"] for box in signal.data["boxes"]] == ["face", "breast, uncovered", "belly, covered"]
    assert (signal.data["faces"], signal.data["exposed"]) == (1, 0.7)
    assert signal.data["counts"] == {"face": 1, "breast, uncovered": 1, "belly, covered": 1}


def test_a_letterbox_is_taken_off_again(tmp_path: Path) -> None:
    write(tmp_path, FACE)
    [wide] = asked(tmp_path, size=(400, 200)).data["boxes"]
    assert (wide["x"], wide["y"], wide["w"], wide["h"]) == (0.125, 0.25, 0.25, 0.5)


def test_a_box_is_cut_off_where_the_picture_ends(tmp_path: Path) -> None:
    write(tmp_path, [0.0, 3.0, 4.0, 6.0, 0.9, 0, 0, 0], [4.0, 7.5, 2.0, 1.0, 0.8, 0, 0, 0])
    [box] = asked(tmp_path, size=(400, 200)).data["boxes"]
    assert (box["x"], box["y"], box["w"], box["h"]) == (0.0, 0.0, 0.25, 1.0)


def test_of_boxes_that_overlap_the_strongest_stays(tmp_path: Path) -> None:
    write(tmp_path, BREAST, [6.0, 6.0, 2.0, 2.2, 0.8, 0, 0, 0], [6.0, 7.0, 2.0, 2.0, 0, 0, 0.6, 0])
    assert [box["label"] for box in asked(tmp_path).data["boxes"]] == ["face", "belly, covered"]


def test_what_is_below_the_threshold_is_left_out_and_nothing_is_said_to_be_clean(tmp_path: Path) -> None:
    write(tmp_path, [2.0, 2.0, 2.0, 2.0, 0.24, 0, 0, 0])
    signal = asked(tmp_path)
    assert (signal.status, signal.data["boxes"], signal.data["faces"]) == (Status.NOT_FOUND, [], 0)
    assert signal.sentence.endswith("which does not show that there is none.")


def test_the_sentence_counts_in_plain_words(tmp_path: Path) -> None:
    other = [6.0, 2.0, 2.0, 2.0, 0.8, 0, 0, 0]
    uncovered = [4.0, 4.0, 1.0, 1.0, 0, 0, 0, 0.6]
    write(tmp_path, FACE, other, BREAST, BELLY, uncovered)
    assert asked(tmp_path).sentence == (
        "2 faces, 1 uncovered intimate region, 1 other uncovered region, 1 covered region. "
        "A model's view: it misses and mistakes."
    )


def test_at_most_fifty_boxes_are_kept(tmp_path: Path) -> None:
    many = [
        [x + 0.5, y + 0.5, 0.8, 0.8, 0.9 - 0.001 * (8 * y + x), 0, 0, 0] for y in range(8) for x in range(8)
    ]
    write(tmp_path, *many)
    assert len(asked(tmp_path).data["boxes"]) == regions.MAX_BOXES


def test_of_a_film_the_frame_that_shows_most_gives_the_boxes() -> None:
    face, breast = regions.Box("face", 0.9, 0, 0, 1, 1), regions.Box("breast, uncovered", 0.5, 0, 0, 1, 1)
    signal = regions.tell(CARD, [(face, face), (), (face, breast), ()])
    assert (signal.data["frame"], signal.data["frames"], signal.data["frames_exposed"]) == (2, 4, 1)
    assert (signal.data["faces"], len(signal.data["boxes"])) == (2, 2)
    assert signal.sentence.startswith(
        "In the frame that shows most: 1 face, 1 uncovered intimate region; boxes in 2 of 4"
    )


def test_without_the_size_of_a_letterboxed_picture_no_box_is_placed(tmp_path: Path) -> None:
    write(tmp_path, FACE)
    signal = asked(tmp_path, size=(0, 0))
    assert (signal.status, "size is not known" in signal.reason) == (Status.FAILED, True)


def test_an_answer_that_is_no_number_gives_no_boxes(tmp_path: Path) -> None:
    write(tmp_path, [2.0, 2.0, 2.0, 2.0, float("nan"), 0, 0, 0])
    signal = asked(tmp_path)
    assert (signal.status, "boxes" in signal.data) == (Status.FAILED, False)


def test_an_upright_picture_of_any_shape_goes_the_whole_way(tmp_path: Path, shelf: models.Shelf) -> None:
    found = examine.examine_in_child(drawn(3), models=shelf)
    assert isinstance(found, Examination)
    [signal] = [one for one in found.signals if one.name == "regions"]
    assert signal.status in (Status.FOUND, Status.NOT_FOUND)
    assert all(0 <= box[side] <= 1 for box in signal.data["boxes"] for side in "xywh")


@pytest.mark.slow
def test_a_thousand_pictures_keep_no_memory(shelf: models.Shelf) -> None:
    model, plane = shelf.loaded["nudenet"], np.zeros((320, 320, 3), np.uint8)
    for _ in range(20):
        model.answer(plane)
    before = resident()
    for _ in range(1000):
        model.answer(plane)
    assert resident() - before <= 20 * 1024 * 1024
