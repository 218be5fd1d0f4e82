"""The slot for a model that knows AI-made pictures: from a card and a file to a signal, and every way it can fail."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from detection import __main__ as command_line
from detection import artefacts, examine, models
from detection.findings import Examination, Signal, Status
from tests.detection import tiny_models


def picture(level: int, size: tuple[int, int] = (64, 40)) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, (level, level, level)).save(written, "PNG")
    return written.getvalue()


def synthetic(data: bytes, directory: Path) -> Signal:
    """The signal of a picture that went the whole way through the sandbox."""
    found = examine.examine_in_child(data, models=models.open_shelf(None, cards=(directory,)))
    assert isinstance(found, Examination)
    [signal] = [one for one in found.signals if one.name == "synthetic"]
    return signal


def test_a_card_and_a_file_are_enough_for_an_answer(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    signal = synthetic(picture(255), tmp_path)
    assert (signal.status, signal.score, signal.data["ai"]) == (Status.FOUND, pytest.approx(1.0), True)
    assert signal.sentence == "Looks AI-made (1.00). A lead and no proof: such models are often wrong."


def test_an_unlikely_score_never_reads_as_proof_that_a_picture_is_real(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    signal = synthetic(picture(0), tmp_path)
    assert (signal.status, signal.data["ai"]) == (Status.NOT_FOUND, False)
    assert signal.sentence.endswith("That does not show that it is real.")


def test_an_unclear_score_is_found_but_not_called_machine_made(tmp_path: Path) -> None:
    tiny_models.write(tmp_path)
    signal = synthetic(picture(128), tmp_path)
    assert (signal.status, signal.data["ai"], signal.data["band"]) == (Status.FOUND, False, "unclear")


def test_a_logit_becomes_a_score(tmp_path: Path) -> None:
    output = {
        "name": "scores",
        "shape": [1, 1],
        "kind": "logits-sigmoid",
        "labels": ["machine"],
        "positive": 0,
    }
    tiny_models.write(tmp_path, content=tiny_models.logit(gain=4.0), output=output)
    assert synthetic(picture(255), tmp_path).score == pytest.approx(0.8808, abs=1e-4)


def test_a_file_with_another_digest_is_not_loaded_and_the_question_stays_open(tmp_path: Path) -> None:
    card = tiny_models.write(tmp_path)
    weights = card.with_suffix(".onnx")
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    signal = synthetic(picture(255), tmp_path)
    assert (signal.status, signal.score) == (Status.NOT_CHECKED, None)
    assert "its SHA-256 differs" in signal.reason


def test_a_file_of_another_shape_is_not_loaded_and_the_question_stays_open(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, content=tiny_models.brightness(labels=3))
    signal = synthetic(picture(255), tmp_path)
    assert (signal.status, signal.score) == (Status.NOT_CHECKED, None)
    assert "not [1, 2] as its card says" in signal.reason


def test_an_answer_that_is_no_number_is_a_failure(tmp_path: Path) -> None:
    tiny_models.write(tmp_path, content=tiny_models.not_a_number())
    signal = synthetic(picture(255), tmp_path)
    assert (signal.status, signal.score) == (Status.FAILED, None)
    assert signal.sentence == "AI-made or not: not scored."


def test_a_model_of_ones_own_is_not_fetched_but_checked(tmp_path: Path) -> None:
    tiny_models.write(tmp_path / "cards")
    registry = artefacts.read_registry((tmp_path / "cards",))
    assert not artefacts.fetch_model(registry.cards["tiny"], tmp_path / "models")
    registry.cards["tiny"].source.path.unlink()
    with pytest.raises(artefacts.ArtefactError, match="is absent"):
        artefacts.fetch_model(registry.cards["tiny"], tmp_path / "models")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """What the command says: its exit code, standard output and standard error."""
    code = command_line.main(arguments)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_line_takes_cards_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_models.write(tmp_path / "cards")
    (tmp_path / "cards" / "faulty.toml").write_text("title = 1")
    (tmp_path / "white.png").write_bytes(picture(255))
    common = ["--models", str(tmp_path), "--cards", str(tmp_path / "cards")]
    code, out, err = told(capsys, "--json", *common, str(tmp_path / "white.png"))
    scores = {signal["name"]: signal["score"] for signal in json.loads(out)["signals"]}
    assert (code, scores["synthetic"], scores["explicit"]) == (0, pytest.approx(1.0), None)
    assert err.startswith(f"A model card is not used: {tmp_path / 'cards' / 'faulty.toml'}: ")


def test_the_command_line_names_a_device_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = told(capsys, "--provider", "CUDAExecutionProvider", "any.png")
    assert (code, out) == (2, "")
    assert "“CUDAExecutionProvider”, which the installed onnxruntime does not have" in err
