"""Cards of models: read without code, refused in words that name file and field, one answer to each question."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection import calibration, cards, planes
from detection.modelcard import Input, Output
from tests.detection import tiny_models


def refusals(directory: Path) -> list[str]:
    return [str(one) for one in cards.read_registry((directory,)).refused]


def test_every_card_of_this_library_is_usable() -> None:
    registry = cards.read_registry()
    assert registry.refused == ()
    assert set(registry.cards) == {path.stem for path in cards.REGISTRY.glob("*.toml")}


def test_every_card_states_licences_training_and_limits() -> None:
    for card in cards.read_cards().values():
        assert card.licences
        assert min(len(card.purpose), len(card.training), len(card.limits)) > 100
        assert re.fullmatch(r"[0-9a-f]{64}", card.sha256)


def test_both_licences_of_open_nsfw_are_recorded() -> None:
    licences = " ".join(cards.read_cards()["open-nsfw"].licences)
    assert "BSD-2-Clause" in licences
    assert "MIT" in licences


def test_nudenet_is_fetched_only_by_name_and_says_why() -> None:
    card = cards.read_cards()["nudenet"]
    assert card.must_accept
    assert "AGPL-3.0" in card.licences[0]
    assert "Affero" in card.accepting
    assert card.how_to_get == "Fetch it with “make models MODELS=nudenet”."


def test_no_active_card_of_this_library_answers_the_synthetic_question() -> None:
    assert not [card for card in cards.read_cards().values() if card.task is cards.Task.SYNTHETIC]


def test_cards_are_read_with_the_standard_library_alone() -> None:
    check = "import sys, detection.cards; print({'numpy', 'PIL', 'onnxruntime', 'ssl'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_cards_know_the_words_of_the_planes() -> None:
    assert {one.value for one in cards._Fit} == {one.value for one in planes.Fit}
    assert {one.value for one in cards._Resample} == {one.value for one in planes.Resample}


def test_an_installation_adds_a_card(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    card = cards.read_cards((tmp_path,))["tiny"]
    assert (card.name, card.task, card.role) == ("tiny", "synthetic", "active")
    assert card.input.shape == (1, 3, 8, 8)
    assert card.source.path == tmp_path / "tiny.onnx"
    assert (card.unclear, card.likely) == (0.2, 0.8)
    assert set(cards.read_cards((tmp_path,))) == {*cards.read_cards(), "tiny"}


def test_a_card_of_the_same_name_in_a_later_directory_takes_the_place_of_the_earlier(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, "open-nsfw", task="explicit", role="shadow")
    assert cards.read_cards((tmp_path,))["open-nsfw"].title == "Tiny"


WRONG: list[tuple[str, Any, str]] = [
    ("title", None, "must be a text"),
    ("title", "", "must be a text"),
    ("title", "x" * 81, "at most 80"),
    ("version", 3, "must be a text"),
    ("task", "beauty", "“explicit”, “regions”, “synthetic”"),
    ("role", None, "“active”, “shadow”"),
    ("licences", [], "a list of texts"),
    ("licences", ["MIT", ""], "none of them empty"),
    ("must_accept", "yes", "true or false"),
    ("purpose", None, "must be a text"),
    ("training", " ", "must be a text"),
    ("limits", None, "must be a text"),
    ("colour", "red", "not a field"),
    ("file", None, "is missing"),
    ("file.name", "../secret.onnx", "plain file name"),
    ("file.size", 0, "whole number"),
    ("file.size", True, "whole number"),
    ("file.sha256", "AB" * 32, "64 hexadecimal"),
    ("file.colour", 1, "not a field"),
    ("source.kind", "ftp", "“wheel”, “file”, “https”"),
    ("source.path", None, "must be a text"),
    ("source.url", "https://example.org/a", "not a field"),
    ("input.width", 4, "from 8 to 2048"),
    ("input.height", 8.5, "whole number"),
    ("input.layout", "CHWN", "“NHWC”, “NCHW”"),
    ("input.channels", "XYZ", "“RGB”, “BGR”"),
    ("input.dtype", "int8", "“float32”"),
    ("input.scale", 0, "larger than 0"),
    ("input.stds", [1, 0, 1], "larger than 0"),
    ("input.means", [1, 2], "list of 3 numbers"),
    ("input.fit", "stretch", "“squeeze”"),
    ("input.resized", 16, "“centre”"),
    ("input.resample", "lanczos", "“bilinear”"),
    ("input.jpeg", 101, "from 0 to 100"),
    ("output.kind", "percent", "“probability”"),
    ("output.kind", "detections-yolov8", "does not answer"),
    ("output.shape", [2, 2], "start with 1"),
    ("output.shape", [1, 1 << 30], "at most"),
    ("output.labels", ["one", "two", "three"], "must be 2, one for each number"),
    ("output.positive", 2, "from 0 to 1"),
    ("output.positive", [1, 1], "from 0 to 1"),
    ("output.positive", True, "whole number"),
    ("output.high", -1.0, "larger than “low”"),
    ("output.threshold", 1.5, "between 0 and 1"),
    ("bands", {"unclear": 0.9, "likely": 0.8}, "larger than"),
    ("bands", {"certain": 0.9}, "not a field"),
    ("calibration", {"method": "guess"}, "“none”, “platt”, “isotonic”"),
    ("calibration", {"method": "platt", "a": 1.0, "b": 0.0}, "must be a text"),
    ("calibration", {"method": "platt", "a": -1.0, "b": 0.0, "data": "d"}, "larger than 0"),
    ("calibration", {"method": "isotonic", "points": [], "data": "d"}, "at least two"),
    (
        "calibration",
        {
            "method": "isotonic",
            "data": "d",
            "points": [{"score": 0, "probability": 0.5}, {"score": 1, "probability": 0.1}],
        },
        "never fall",
    ),
    ("measured", [{"what": "x", "figure": "1"}], "must be a text"),
    ("measured", "good", "list of tables"),
]


@pytest.mark.parametrize(("field", "value", "words"), WRONG, ids=lambda one: str(one)[:24])
def test_a_wrong_field_is_named_and_the_other_cards_stay(
    tmp_path: Path, field: str, value: Any, words: str
) -> None:
    tiny_models.write(tmp_path, "wrong", **{field.replace(".", "__"): value})
    tiny_models.write(tmp_path, "right")
    [said] = refusals(tmp_path)
    assert said.startswith(f"{tmp_path / 'wrong.toml'}: {field}")
    assert words in said
    assert "right" in cards.read_cards((tmp_path,))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/a.onnx",
        "file:///a.onnx",
        "https://",
        "https://me:secret@example.org/a",
        "https://a/b#c",
    ],
)
def test_only_a_plain_https_address_is_a_source(tmp_path: Path, url: str) -> None:
    source = {"kind": "https", "url": url}
    (tmp_path / "tiny.toml").write_text(tiny_models.as_toml(tiny_models.described(source=source)))
    assert "source.url: must be an https address" in refusals(tmp_path)[0]


def test_a_wheel_is_pinned_by_version_and_digest(tmp_path: Path) -> None:
    wheel = {
        "kind": "wheel",
        "requirement": "thing>=1",
        "wheels": {"any": "0" * 64},
        "member": "thing/a.onnx",
    }
    (tmp_path / "loose.toml").write_text(tiny_models.as_toml(tiny_models.described(source=wheel)))
    wheel = {**wheel, "requirement": "thing==1", "wheels": {}}
    (tmp_path / "unpinned.toml").write_text(tiny_models.as_toml(tiny_models.described(source=wheel)))
    loose, unpinned = refusals(tmp_path)
    assert "source.requirement: must name one version" in loose
    assert "source.wheels: must give the SHA-256" in unpinned


@pytest.mark.parametrize("name", ["Tiny", "tiny model", "-", "a" * 31])
def test_a_name_that_no_address_can_hold_is_refused(tmp_path: Path, name: str) -> None:
    tiny_models.write(tmp_path).rename(tmp_path / f"{name}.toml")
    assert "its name must be" in refusals(tmp_path)[0]


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("title = ")
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe")
    assert ["is not TOML" in said for said in refusals(tmp_path)] == [True, True]


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusals(tmp_path / "none") == [f"{tmp_path / 'none'}: is not a directory of model cards."]
    assert "open-nsfw" in cards.read_cards((tmp_path / "none",))


def test_a_second_active_model_for_one_question_is_refused_and_the_first_stays(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, "another", task="explicit")
    [said] = refusals(tmp_path)
    assert "role: “open-nsfw” already answers the question “explicit”" in said
    assert cards.read_cards((tmp_path,))["open-nsfw"].role == "active"


def test_an_installation_may_put_its_own_model_first(tmp_path: Path) -> None:
    own = (cards.REGISTRY / "open-nsfw.toml").read_text().replace('role = "active"', 'role = "shadow"')
    (tmp_path / "open-nsfw.toml").write_text(own)
    tiny_models.write(tmp_path, "another", task="explicit")
    found = cards.read_cards((tmp_path,))
    assert (found["another"].role, found["open-nsfw"].role) == ("active", "shadow")


def test_a_detector_maps_its_classes_to_the_words_there_are(tmp_path: Path) -> None:
    detector = {"name": "scores", "shape": [1, 6, 20], "kind": "detections-yolov8"}
    tiny_models.write(
        tmp_path, "good", task="regions", role="shadow", output=detector, output__labels=["face", "face"]
    )
    tiny_models.write(
        tmp_path, "words", task="regions", role="shadow", output=detector, output__labels=["face", "leg"]
    )
    tiny_models.write(
        tmp_path, "count", task="regions", role="shadow", output=detector, output__labels=["face"]
    )
    count, words = refusals(tmp_path)
    assert "output.shape: must be 1, four more than there are labels" in count
    assert "output.labels: holds “leg”, which is none of: face;" in words
    assert "good" in cards.read_cards((tmp_path,))


def test_a_card_says_why_its_model_is_absent(tmp_path: Path) -> None:
    card = cards.read_cards()["open-nsfw"]
    assert "no directory" in card.why_absent(None)
    assert "is not installed. Fetch it with “make models”." in card.why_absent(tmp_path)
    (tmp_path / card.file).write_bytes(b"something else")
    assert "its size differs" in card.why_absent(tmp_path)


def test_a_model_of_ones_own_lies_where_its_card_says(tmp_path: Path) -> None:
    tiny_models.write(tmp_path / "cards")
    card = tiny_models.read(tmp_path / "cards")
    assert card.why_absent(None) == ""
    card.source.path.unlink()
    assert f"Put its file at {card.source.path}." in card.why_absent(tmp_path)


def test_a_score_without_a_calibration_has_no_probability() -> None:
    assert calibration.Calibration().apply(0.7) is None


def test_platt_with_one_and_nothing_changes_nothing() -> None:
    assert calibration.Calibration("platt").apply(0.7) == pytest.approx(0.7)


def test_platt_scales_the_log_odds() -> None:
    assert calibration.Calibration("platt", a=2.0, b=0.0).apply(0.8) == pytest.approx(16 / 17)
    assert calibration.Calibration("platt", a=1.0, b=-1000.0).apply(1.0) == pytest.approx(0.0)


def test_isotonic_goes_straight_from_point_to_point() -> None:
    curve = calibration.Calibration("isotonic", points=((0.2, 0.1), (0.6, 0.5), (0.8, 0.9)))
    said = [curve.apply(score) for score in (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 1.0)]
    assert said == pytest.approx([0.1, 0.1, 0.3, 0.5, 0.7, 0.9, 0.9])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 50), st.floats(-50, 50))
def test_property_a_higher_score_never_means_less(one: float, other: float, a: float, b: float) -> None:
    curve = calibration.Calibration("platt", a=a, b=b)
    low, high = (curve.apply(score) for score in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert 0 <= low <= high <= 1


def test_the_example_of_the_documentation_is_a_usable_card(tmp_path: Path) -> None:
    page = (cards.REGISTRY.parents[1] / "docs" / "models.md").read_text(encoding="utf-8")
    [example] = [
        part for part in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "example-detector" in part
    ]
    (tmp_path / "example-detector.toml").write_text(textwrap.dedent(f"   {example}"), encoding="utf-8")
    card = tiny_models.read(tmp_path, "example-detector")
    assert (card.task, card.role, card.source.kind) == ("synthetic", "shadow", "https")


def test_the_documentation_names_every_field_of_a_card() -> None:
    page = (cards.REGISTRY.parents[1] / "docs" / "models.md").read_text(encoding="utf-8")
    fields = {field.name for kind in (cards.Card, Input, Output) for field in dataclasses.fields(kind)}
    written_otherwise = {"name", "file", "size", "sha256", "source", "card_file", "input", "output"}
    said = {name for name in fields if f"`{name}`" in page or f"[{name}]" in page}
    assert fields - said - written_otherwise == set()
