"""``python -m detection mark`` and ``trace``: a mark goes into a picture and is read in a leaked copy of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from detection import watermark
from tests.bench.pictures import drawn

CHECKOUT = Path(__file__).resolve().parents[2]
PHOTOS = CHECKOUT.parent / "shared" / "data" / "photos"
MINE = 0xC0FFEE123456
needs_photos = pytest.mark.skipif(
    not PHOTOS.is_dir(), reason="NO SHARED PICTURES: ../shared/data is not here"
)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "CASEWORK"))}
    return subprocess.run(
        [sys.executable, "-m", "detection", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=CHECKOUT, env=plain,
    )  # fmt: skip


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(bytes(range(32)))
    return path


@pytest.fixture
def ids(tmp_path: Path) -> Path:
    path = tmp_path / "ids.txt"
    path.write_text(f"# to whom\n17\n\n{MINE:#x}  # mona\n17\n")
    return path


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.jpg"
    path.write_bytes(drawn((640, 480), 1))
    return path


@pytest.fixture
def shown(tmp_path: Path, key: Path, harbour: Path) -> Path:
    """The harbour with the mark in it."""
    path = tmp_path / "shown.jpg"
    done = run("mark", "--key", key, "--id", MINE, harbour, path)
    assert (done.returncode, done.stderr) == (0, "")
    return path


def traced(key: Path, rendition: Path, ids: Path, leaked: Path) -> dict[str, Any]:
    done = run("trace", "--json", "--key", key, "--rendition", rendition, "--issued", ids, leaked)
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_mark_is_named_with_its_confidence_and_bound(
    key: Path, harbour: Path, ids: Path, shown: Path
) -> None:
    said = traced(key, harbour, ids, shown)
    assert (said["verdict"], said["id"], said["with_picture"], said["compared"]) == ("named", MINE, True, 2)
    assert said["chance"] <= said["bound"] == watermark.CHANCE
    assert said["confidence"] == 1 - said["chance"]
    table = run("trace", "--key", key, "--rendition", harbour, "--issued", ids, shown).stdout
    assert f"mark {MINE}" in table
    assert "by accident at most" in table
    assert "at most 1 in 1,000,000 names anyone (2 issued ids compared)" in table


def test_a_marked_picture_is_a_plain_jpeg_of_the_same_size(shown: Path, harbour: Path) -> None:
    with Image.open(shown) as marked, Image.open(harbour) as plain:
        assert (marked.format, marked.size) == ("JPEG", plain.size)
        assert not marked.getexif()


def test_the_picture_without_a_mark_is_the_same_picture(key: Path, harbour: Path, ids: Path) -> None:
    said = traced(key, harbour, ids, harbour)
    assert (said["verdict"], said["id"], said["confidence"]) == ("same_picture", None, None)
    done = run("trace", "--key", key, "--rendition", harbour, "--issued", ids, harbour)
    assert "the same picture, no mark readable" in done.stdout


def test_another_picture_has_no_mark(key: Path, harbour: Path, ids: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(drawn((500, 500), 2))
    assert traced(key, harbour, ids, other)["verdict"] == "no_mark"
    assert "no mark" in run("trace", "--key", key, "--rendition", harbour, "--issued", ids, other).stdout


def test_another_key_reads_nothing(harbour: Path, ids: Path, shown: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.key"
    other.write_bytes(b"\x00" * 32)
    assert traced(other, harbour, ids, shown)["verdict"] == "same_picture"


def test_a_mark_that_was_not_issued_is_told_apart(
    key: Path, harbour: Path, shown: Path, tmp_path: Path
) -> None:
    others = tmp_path / "others.txt"
    others.write_text("1\n2\n")
    said = traced(key, harbour, others, shown)
    assert (said["verdict"], said["id"]) == ("unlisted", MINE)


def test_a_whole_copy_is_read_beside_the_wrong_picture(
    key: Path, ids: Path, shown: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.jpg"
    other.write_bytes(drawn((500, 500), 2))
    said = traced(key, other, ids, shown)
    assert (said["verdict"], said["id"], said["with_picture"]) == ("named", MINE, False)
    assert said["chance"] < 1e-17


@pytest.mark.parametrize("size", [(1, 1), (3000, 1), (300, 300)], ids=str)
def test_an_even_picture_names_nobody(
    size: tuple[int, int], key: Path, harbour: Path, ids: Path, tmp_path: Path
) -> None:
    even = tmp_path / "even.png"
    Image.new("RGB", size, "grey").save(even)
    assert traced(key, harbour, ids, even)["verdict"] == "no_mark"
    assert traced(key, even, ids, even)["id"] is None


def test_a_file_is_not_written_over_without_force(key: Path, harbour: Path, shown: Path) -> None:
    before = shown.read_bytes()
    refused = run("mark", "--key", key, "--id", 5, harbour, shown)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "is there already and was left as it is. Use --force" in refused.stderr
    assert shown.read_bytes() == before
    assert run("mark", "--force", "--key", key, "--id", 5, harbour, shown).returncode == 0
    assert shown.read_bytes() != before


def test_the_picture_itself_is_never_written_over(key: Path, harbour: Path) -> None:
    before = harbour.read_bytes()
    done = run("mark", "--force", "--key", key, "--id", 5, harbour, harbour)
    assert done.returncode == 2
    assert "is the picture itself" in done.stderr
    assert harbour.read_bytes() == before


def test_what_cannot_be_opened_is_said_and_nothing_is_written(
    key: Path, harbour: Path, ids: Path, tmp_path: Path
) -> None:
    letter, out = tmp_path / "letter.jpg", tmp_path / "out.jpg"
    letter.write_text("Dear harbour master")
    for done in (
        run("mark", "--key", key, "--id", 5, letter, out),
        run("trace", "--key", key, "--rendition", harbour, "--issued", ids, letter),
        run("trace", "--key", key, "--rendition", letter, "--issued", ids, harbour),
    ):
        assert (done.returncode, done.stdout) == (1, "")
        assert "letter.jpg was not opened. This is not a JPEG" in done.stderr
    missing = run("mark", "--key", key, "--id", 5, tmp_path / "none.jpg", out)
    assert (missing.returncode, "cannot be read: No such file" in missing.stderr) == (1, True)
    assert not out.exists()


def test_a_picture_without_room_for_a_mark_is_refused(key: Path, tmp_path: Path) -> None:
    tiny, out = tmp_path / "tiny.png", tmp_path / "out.jpg"
    Image.new("RGB", (63, 40), "grey").save(tiny)
    done = run("mark", "--key", key, "--id", 5, tiny, out)
    assert done.returncode == 1
    assert "is too small: a mark needs 64 pixels" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize("number", ["-1", "1.5", "0x", str(2**48), "12345678901234567890", "mona"])
def test_an_id_that_is_none_is_wrong_use(number: str, key: Path, harbour: Path, tmp_path: Path) -> None:
    done = run("mark", "--key", key, f"--id={number}", harbour, tmp_path / "out.jpg")
    assert (done.returncode, done.stdout) == (2, "")
    assert "an id" in done.stderr


def test_bad_lines_of_ids_are_named_and_nothing_is_traced(key: Path, harbour: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text("1\nmona\n3\n-4\n")
    done = run("trace", "--key", key, "--rendition", harbour, "--issued", bad, harbour)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Line 2: " in done.stderr
    assert "Line 4: " in done.stderr


def test_keys_and_lists_that_are_not_there_or_empty_are_wrong_use(
    key: Path, harbour: Path, ids: Path, tmp_path: Path
) -> None:
    empty, none = tmp_path / "empty", tmp_path / "none"
    empty.touch()
    for key_file, issued, words in (
        (none, ids, "The key"), (empty, ids, "is empty"), (key, none, "The list of ids"), (key, empty, "is empty"),
    ):  # fmt: skip
        done = run("trace", "--key", key_file, "--rendition", harbour, "--issued", issued, harbour)
        assert (done.returncode, words in done.stderr) == (2, True)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["match", "mark", "trace"])
def test_each_command_explains_itself(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert "Exit code: 0" in done.stdout
    assert command in run("--help").stdout


@needs_photos
def test_shared_photos_name_their_mark_after_a_crop_and_a_mirror(
    key: Path, ids: Path, tmp_path: Path
) -> None:
    large = sorted(PHOTOS.iterdir(), key=lambda path: -path.stat().st_size)[:3]
    for photo in large:
        out, leaked = tmp_path / f"{photo.stem}.jpg", tmp_path / "leaked.jpg"
        assert run("mark", "--key", key, "--id", MINE, photo, out).returncode == 0
        with Image.open(out) as opened:
            part = opened.crop((opened.width // 12, 0, opened.width, opened.height * 11 // 12))
        ImageOps.mirror(part.resize((part.width * 3 // 4, part.height * 3 // 4))).save(leaked, quality=75)
        said = traced(key, photo, ids, leaked)
        assert (said["verdict"], said["id"], said["mirrored"]) == ("named", MINE, True), photo.name
        assert traced(key, photo, ids, photo)["verdict"] == "same_picture"
