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

CHECKOUT = Path(__file__).resolve().parents[2]
KEYS = ["file", "sha256", "md5", "media", "hashes", "signals", "errors"]
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
