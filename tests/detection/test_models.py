"""The list of models: what is loaded is what is listed, and an answer is usable or it is none."""

from __future__ import annotations

import re
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detection import models
from detection.artefacts import read_manifest

WEIGHTS = Path(__file__).resolve().parents[2] / "var" / "models"
NAME = "open-nsfw"


@pytest.fixture(scope="module")
def model() -> models.Model:
    try:
        return models.load(NAME, WEIGHTS)
    except models.ModelMissing as missing:
        pytest.skip(f"NO WEIGHTS: {missing}")


def plain(value: float = 0.0) -> Any:
    return np.full((1, 224, 224, 3), value, dtype=np.float32)


def test_every_listed_model_states_its_licences_and_limits() -> None:
    for card in models.read_cards().values():
        assert card.licences
        assert len(card.limits) > 100
        assert re.fullmatch(r"[0-9a-f]{64}", card.sha256)


def test_both_licences_of_open_nsfw_are_recorded() -> None:
    licences = " ".join(models.read_cards()[NAME].licences)
    assert "BSD-2-Clause" in licences
    assert "MIT" in licences


def test_every_listed_model_can_be_fetched_by_the_same_digest() -> None:
    fetched = {file.name: file.sha256 for file in read_manifest()["models"].files}
    assert {card.file: card.sha256 for card in models.read_cards().values()} == fetched


def test_the_card_describes_the_file(model: models.Model) -> None:
    [taken], [given] = model.session.get_inputs(), model.session.get_outputs()
    assert (taken.name, tuple(taken.shape[1:])) == (model.card.input.name, model.card.input.shape[1:])
    assert (given.name, tuple(given.shape[1:])) == (model.card.output.name, model.card.output.shape[1:])


def test_a_model_is_loaded_with_one_thread_on_the_cpu(model: models.Model) -> None:
    options = model.session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert model.session.get_providers() == ["CPUExecutionProvider"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(models.ModelMissing, match=r"open-nsfw\.onnx cannot be read"):
        models.load(NAME, tmp_path)


def test_a_file_with_one_flipped_byte_is_refused(model: models.Model, tmp_path: Path) -> None:
    content = bytearray((WEIGHTS / model.card.file).read_bytes())
    content[-1] ^= 1
    (tmp_path / model.card.file).write_bytes(content)
    with pytest.raises(models.WrongDigest, match="not loaded"):
        models.load(NAME, tmp_path)


def test_a_shelf_says_why_a_model_is_absent(tmp_path: Path) -> None:
    (tmp_path / "open-nsfw.onnx").write_bytes(b"something else")
    assert "SHA-256 differs" in models.open_shelf(tmp_path).absent[NAME]
    assert "no directory" in models.open_shelf(None).absent[NAME]
    assert not models.open_shelf(tmp_path).loaded


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


def _resident() -> int:
    """Resident memory of this process in bytes (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.slow
def test_a_thousand_runs_keep_no_memory(model: models.Model) -> None:
    for _ in range(20):
        model.run(plain())
    before = _resident()
    for _ in range(1000):
        model.run(plain())
    assert _resident() - before <= 20 * 1024 * 1024
