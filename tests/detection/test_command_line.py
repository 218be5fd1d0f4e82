"""``python -m detection``: for people and for programs, without the web application."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from detection.video.drawing import pattern_film
from tests.detection.studio import Studio, picture

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = [
    "file", "sha256", "md5", "media", "hashes", "turns", "signals", "film", "assessment", "errors",
]  # fmt: skip
SIGNALS = [
    "c2pa", "generator_metadata", "source_type", "ai_fields", "camera_metadata", "embedded_thumbnail",
    "stealth_metadata", "watermark", "ela",
    "jpeg_history", "noise", "spectrum", "cfa", "grid", "explicit", "regions", "synthetic",
]  # fmt: skip
PROMPT = "Jane Doe on a beach"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    plain = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("DJANGO", "CASEWORK", "DATABASE"))
    }
    return subprocess.run(
        [sys.executable, "-m", "detection", *arguments],
        capture_output=True, text=True, check=False, cwd=CHECKOUT, env=plain,
    )  # fmt: skip


def lines(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    done = run("--json", *arguments)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def cat(tmp_path: Path) -> str:
    """A picture with a prompt in it."""
    info = PngInfo()
    info.add_text("parameters", f"{PROMPT}\nSteps: 20, Sampler: Euler, Seed: 1")
    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, "PNG", pnginfo=info)
    path = tmp_path / "cat.png"
    path.write_bytes(out.getvalue())
    return str(path)


@pytest.fixture
def letter(tmp_path: Path) -> str:
    path = tmp_path / "letter.txt"
    path.write_text("Dear Sir or Madam")
    return str(path)


def test_one_json_object_is_printed_for_each_file(cat: str) -> None:
    code, [first, second] = lines(cat, cat)
    assert code == 0
    assert list(first) == KEYS
    assert first == second
    assert first["sha256"] == hashlib.sha256(Path(cat).read_bytes()).hexdigest()
    assert (first["media"]["format"], first["errors"]) == ("PNG", [])
    assert {one["algorithm"] for one in first["hashes"]} == {"pdq", "phash"}


def test_every_signal_the_turns_and_the_assessment_are_printed(cat: str) -> None:
    _code, [line] = lines(cat)
    assert [one["name"] for one in line["signals"]] == SIGNALS
    assert line["turns"]["original"] == line["hashes"][0]["value"]
    assert len(line["turns"]) == 8
    assert line["film"] is None
    assert set(line["assessment"]["questions"]) == {"explicit", "ai_made", "known", "manipulated"}
    assert line["assessment"]["questions"]["known"]["state"] == "not_checked"


def test_a_films_frames_are_printed_without_their_pictures(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(pattern_film(frames=20))
    code, [line] = lines(str(path))
    assert (code, line["media"]["mime"], line["film"]["container"]) == (0, "video/mp4", "MP4")
    first = line["film"]["frames"][0]
    assert set(first) == {"at_seconds", "scene_start", "hashes"}
    assert {one["algorithm"] for one in first["hashes"]} == {"pdq", "phash"}
    assert "MP4, H.264, 1.0 s, without sound" in run(str(path)).stdout


def test_a_signer_on_a_given_trust_list_is_trusted(tmp_path: Path) -> None:
    studio = Studio()
    (tmp_path / "mine.pem").write_text(studio.root)
    (tmp_path / "signed.jpg").write_bytes(studio.signed(picture()))
    done = run("--trust", str(tmp_path / "mine.pem"), "--json", str(tmp_path / "signed.jpg"))
    [credentials] = [one for one in json.loads(done.stdout)["signals"] if one["name"] == "c2pa"]
    assert (credentials["data"]["trust"], credentials["data"]["trust_list"]["name"]) == ("trusted", "mine")


def test_a_trust_list_that_is_not_there_is_an_error_in_words(cat: str, tmp_path: Path) -> None:
    done = run("--trust", str(tmp_path / "none.pem"), cat)
    assert done.returncode == 2
    assert "none.pem cannot be read: No such file" in done.stderr
    assert done.stdout == ""


def test_prompts_are_printed_only_on_request(cat: str) -> None:
    assert PROMPT not in run("--json", cat).stdout
    assert PROMPT not in run(cat).stdout
    assert PROMPT in run("--json", "--show-prompts", cat).stdout
    assert PROMPT in run("--show-prompts", cat).stdout


def test_a_file_that_is_not_there_fails_and_the_others_are_examined(cat: str) -> None:
    code, [missing, found] = lines("/nonexistent/file.jpg", cat)
    assert code == 1
    assert list(missing) == KEYS
    assert (missing["sha256"], missing["errors"][0]["code"]) == (None, "unreadable")
    assert found["hashes"]


def test_a_directory_is_an_error_in_words(tmp_path: Path) -> None:
    code, [line] = lines(str(tmp_path))
    assert code == 1
    assert "cannot be read" in line["errors"][0]["sentence"]


def test_a_file_that_is_no_picture_has_digests_and_a_reason(letter: str) -> None:
    code, [line] = lines(letter)
    assert code == 1
    assert line["md5"] == hashlib.md5(b"Dear Sir or Madam").hexdigest()
    assert (line["media"], line["hashes"], line["errors"][0]["code"]) == (None, [], "unrecognised")


def test_without_models_a_picture_is_not_scored_and_says_so(cat: str, tmp_path: Path) -> None:
    code, [line] = lines("--models", str(tmp_path), cat)
    [explicit] = [one for one in line["signals"] if one["name"] == "explicit"]
    assert code == 0
    assert (explicit["status"], explicit["score"]) == ("not_checked", None)
    assert "is not installed" in explicit["reason"]


def test_people_get_a_table(cat: str, letter: str) -> None:
    done = run(cat, letter)
    assert done.returncode == 1
    assert "generator_metadata   found" in done.stdout
    assert "sensitive: hidden" in done.stdout
    assert "NOT CHECKED" in done.stdout
    assert "not a JPEG" in done.stdout
    assert "assessment           AI-made: likely" in done.stdout
    assert "Order in the queue" in done.stdout


def test_a_name_with_control_characters_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2Jb.txt"
    path.write_text("x")
    assert "\x1b" not in run(str(path)).stdout


def test_no_web_framework_is_loaded(cat: str) -> None:
    check = (
        "import sys; from detection.__main__ import main; code = main(['--json', sys.argv[1]]);"
        "sys.exit(code or any(name.partition('.')[0] in ('django', 'casework') for name in sys.modules))"
    )
    plain = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-c", check, cat], cwd=CHECKOUT, env=plain, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
