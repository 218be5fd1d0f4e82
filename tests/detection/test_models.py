"""Loading models: what is loaded is what its card says, and an answer is usable or it is none."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection import models, providers
from detection.cards import read_cards
from tests.detection import tiny_models

WEIGHTS = Path(__file__).resolve().parents[2] / "var" / "models"
NAME = "open-nsfw"
CARD = read_cards()[NAME]


@pytest.fixture(scope="module")
def model() -> models.Model:
    try:
        return models.load(CARD, WEIGHTS)
    except models.ModelMissing as missing:
        pytest.skip(f"NO WEIGHTS: {missing}")


def plain(value: float = 0.0) -> Any:
    return np.full((1, 224, 224, 3), value, dtype=np.float32)


def test_the_card_describes_the_file(model: models.Model) -> None:
    [taken], [given] = model.session.get_inputs(), model.session.get_outputs()
    assert (taken.name, tuple(taken.shape[1:])) == (model.card.input.name, model.card.input.shape[1:])
    assert (given.name, tuple(given.shape[1:])) == (model.card.output.name, model.card.output.shape[1:])


def test_a_model_is_loaded_with_one_thread_on_the_cpu(model: models.Model) -> None:
    options = model.session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert model.session.get_providers() == ["CPUExecutionProvider"]
    assert model.providers == ("CPUExecutionProvider",)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(models.ModelMissing, match="Yahoo OpenNSFW is not installed. Fetch it with"):
        models.load(CARD, tmp_path)


def test_a_file_with_one_flipped_byte_is_refused(model: models.Model, tmp_path: Path) -> None:
    content = bytearray((WEIGHTS / model.card.file).read_bytes())
    content[-1] ^= 1
    (tmp_path / model.card.file).write_bytes(content)
    with pytest.raises(models.WrongDigest, match="not loaded"):
        models.load(CARD, tmp_path)


def test_a_shelf_says_why_a_model_is_absent(tmp_path: Path) -> None:
    (tmp_path / "open-nsfw.onnx").write_bytes(b"something else")
    assert "its size differs" in models.open_shelf(tmp_path).absent[NAME]
    (tmp_path / "open-nsfw.onnx").write_bytes(bytes(CARD.size))
    assert "SHA-256 differs" in models.open_shelf(tmp_path).absent[NAME]
    assert "no directory" in models.open_shelf(None).absent[NAME]
    assert not models.open_shelf(tmp_path).loaded


def test_a_shelf_names_a_faulty_card_and_loads_the_others(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    (tmp_path / "faulty.toml").write_text("title = 1")
    shelf = models.open_shelf(None, cards=(tmp_path,))
    assert [str(one.file) for one in shelf.refused] == [str(tmp_path / "faulty.toml")]
    assert list(shelf.loaded) == ["tiny"]


def test_a_shelf_asks_for_the_planes_of_what_is_loaded(tmp_path: Path) -> None:
    tiny_models.write(
        tmp_path, input__fit="cover", input__resized=9, input__jpeg=80, input__resample="bicubic"
    )
    [spec] = models.open_shelf(None, cards=(tmp_path,)).plane_specs
    assert (spec.name, spec.width, spec.fit, spec.resized, spec.jpeg) == ("tiny", 8, "cover", 9, 80)
    assert spec.resample == "bicubic"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"content": b"no model at all"}, "cannot be run by onnxruntime"),
        ({"input__name": "image"}, "(field input.name)"),
        ({"output__name": "answer"}, "(field output.name)"),
        ({"input__dtype": "float16"}, "(field input.dtype)"),
        ({"input__width": 16}, "has the input [1, 3, 8, 8], not [1, 3, 8, 16]"),
        ({"input__layout": "NHWC"}, "has the input [1, 3, 8, 8], not [1, 8, 8, 3]"),
        ({"output__shape": [1, 3], "output__labels": ["a", "b", "c"]}, "has the output [1, 2], not [1, 3]"),
    ],
    ids=["no model", "input", "output", "dtype", "width", "layout", "answer"],
)
def test_a_model_that_is_not_what_its_card_says_is_not_loaded(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    tiny_models.write(tmp_path, **changes)
    shelf = models.open_shelf(None, cards=(tmp_path,))
    assert not shelf.loaded
    assert words in shelf.absent["tiny"]


def test_values_are_scaled_ordered_and_laid_out_as_the_card_says(tmp_path: Path) -> None:
    plane = np.zeros((8, 8, 3), np.uint8)
    plane[:, :, 0], plane[:, :, 2] = 51, 255
    tiny_models.write(tmp_path, input__channels="BGR", input__means=[0.5, 0, 0], input__stds=[0.5, 1, 0.1])
    values = models.values_of(plane, tiny_models.read(tmp_path))
    assert (values.shape, values.dtype) == ((1, 3, 8, 8), np.float32)
    assert values[0, :, 4, 4] == pytest.approx([1.0, 0.0, 2.0])


@pytest.mark.parametrize("kind", ["uint8", "float16"])
def test_values_have_the_kind_of_number_that_the_card_says(tmp_path: Path, kind: str) -> None:
    tiny_models.write(tmp_path, input__dtype=kind, input__layout="NHWC", input__scale=1.0)
    values = models.values_of(np.full((8, 8, 3), 7, np.uint8), tiny_models.read(tmp_path))
    assert (values.dtype, values.shape, values.max()) == (np.dtype(kind), (1, 8, 8, 3), 7)


def test_a_plane_of_another_shape_is_unscorable(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    with pytest.raises(models.Unscorable, match="the plane is"):
        models.values_of(np.zeros((8, 9, 3), np.uint8), tiny_models.read(tmp_path))


def test_scores_of_a_softmax_and_of_several_positive_labels(tmp_path: Path) -> None:
    output = {"name": "scores", "shape": [1, 3], "kind": "logits-softmax", "labels": ["a", "b", "c"]}
    tiny_models.write(tmp_path, output=output, output__positive=[1, 2])
    card = tiny_models.read(tmp_path)
    assert models.score_of(np.array([[0, 0, 0]], np.float32), card) == pytest.approx(2 / 3)
    assert models.score_of(np.array([[9000, 0, -9000]], np.float32), card) == 0.0
    assert models.score_of(np.array([[0, 9000, -9000]], np.float32), card) == 1.0


def test_the_score_of_a_logit(tmp_path: Path) -> None:
    output = {"name": "scores", "shape": [1, 1], "kind": "logits-sigmoid", "labels": ["a"], "positive": 0}
    tiny_models.write(tmp_path, content=tiny_models.logit(), output=output)
    card = tiny_models.read(tmp_path)
    assert models.score_of(np.array([[0]], np.float32), card) == 0.5
    assert models.score_of(np.array([[-9000]], np.float32), card) == 0.0
    assert models.score_of(np.array([[9000]], np.float32), card) == 1.0


def test_a_device_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(
        providers.ProviderMissing, match="“CUDAExecutionProvider”.*it has .*CPUExecutionProvider"
    ):
        models.open_shelf(None, providers=("CUDAExecutionProvider", "CPUExecutionProvider"))


@pytest.mark.parametrize("wanted", [(), ("CPUExecutionProvider", "CPUExecutionProvider")])
def test_devices_are_named_once_and_at_least_one(wanted: tuple[str, ...]) -> None:
    with pytest.raises(providers.ProviderMissing, match="each provider once"):
        models.open_shelf(None, providers=wanted)


def test_a_device_is_asked_for_in_another_process_before_forks() -> None:
    providers.check_apart(("CPUExecutionProvider",))
    with pytest.raises(providers.ProviderMissing, match="does not have; it has"):
        providers.check_apart(("CUDAExecutionProvider",))


def test_without_the_processor_as_a_way_out_a_model_of_another_device_is_not_loaded(tmp_path: Path) -> None:
    """“Azure” is the one other provider in the ordinary build, and can run nothing of a picture model."""
    tiny_models.write(tmp_path)
    shelf = models.open_shelf(None, cards=(tmp_path,), providers=("AzureExecutionProvider",))
    assert "cannot be run by onnxruntime" in shelf.absent["tiny"]


def test_with_the_processor_as_a_stated_way_out_the_model_is_loaded_and_both_are_recorded(
    tmp_path: Path,
) -> None:
    tiny_models.write(tmp_path)
    wanted = ("AzureExecutionProvider", "CPUExecutionProvider")
    shelf = models.open_shelf(None, cards=(tmp_path,), providers=wanted)
    assert shelf.loaded["tiny"].providers == wanted


def test_loading_models_opens_no_way_out() -> None:
    """What fetches files is not even imported where pictures are examined."""
    check = (
        "import sys, detection.asking, detection.examine; print({'detection.downloads'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (np.zeros((2, 224, 224, 3), np.float32), "takes"),
        (np.zeros((1, 224, 224, 4), np.float32), "takes"),
        (np.zeros((1, 0, 224, 3), np.float32), "takes"),
        (np.zeros((1, 224, 224, 3), np.float64), "takes"),
        (plain(float("nan")), "not finite"),
        (plain(float("inf")), "not finite"),
    ],
)
def test_an_input_of_another_kind_is_unscorable(model: models.Model, values: Any, why: str) -> None:
    with pytest.raises(models.Unscorable, match=why):
        model.run(values)


def test_values_that_overflow_inside_the_model_are_unscorable(model: models.Model) -> None:
    with pytest.raises(models.Unscorable):
        model.run(plain(3e38))


def test_a_model_that_takes_too_long_is_stopped_and_unscorable(model: models.Model) -> None:
    class Slow:
        def run(self, names: Any, values: Any, options: Any) -> Any:
            while not options.terminate:
                time.sleep(0.001)
            return model.session.run(names, values, options)

    with pytest.raises(models.Unscorable, match="longer than"):
        models.Model(model.card, Slow()).run(plain(), seconds=0.01)


def test_a_stopped_run_leaves_the_model_usable(model: models.Model) -> None:
    with pytest.raises(models.Unscorable):
        model.run(plain(), seconds=0.0)
    assert np.isfinite(model.run(plain())).all()


def resident() -> int:
    """Resident memory of this process in bytes (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.slow
def test_a_thousand_runs_keep_no_memory(model: models.Model) -> None:
    for _ in range(20):
        model.run(plain())
    before = resident()
    for _ in range(1000):
        model.run(plain())
    assert resident() - before <= 20 * 1024 * 1024
