"""``python -m detection match``: files against a list of known hashes, without the web application."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from detection import pdq
from detection.commands import fingerprints, hashlist
from detection.fields import Malformed
from detection.findings import Hash
from detection.limits import DEFAULT
from detection.video.drawing import pattern_film
from detection.wire import hash_to_wire
from tests.bench.pictures import drawn

CHECKOUT = Path(__file__).resolve().parents[2]
PHOTOS = CHECKOUT.parent / "shared" / "data" / "photos"
KEYS = ["file", "sha256", "md5", "verdict", "matches", "compared", "not_compared", "notes", "list"]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith(("DJANGO", "CASEWORK"))}
    return subprocess.run(
        [sys.executable, "-m", "detection", "match", *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=CHECKOUT, env=plain,
    )  # fmt: skip


def lines(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
    done = run("--json", *arguments)
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def pdq_of(path: Path) -> Hash:
    with Image.open(path) as opened:
        return pdq.hash_image(opened.convert("RGB"))


def far_from(value: str, bits: int) -> str:
    """The hash with its first *bits* bits turned over."""
    return f"{int(value, 16) ^ (((1 << bits) - 1) << (256 - bits)):064x}"


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    path = tmp_path / "harbour.jpg"
    path.write_bytes(drawn((640, 480), 1))
    return path


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    path = tmp_path / "letter.txt"
    path.write_text("Dear harbour master")
    return path


def listed(tmp_path: Path, *rows: str, header: str = "signal,value,quality") -> Path:
    path = tmp_path / "hashes.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_a_near_hash_is_a_match_with_its_distance_quality_and_line(harbour: Path, tmp_path: Path) -> None:
    own = pdq_of(harbour)
    known = listed(tmp_path, f"pdq,{'0' * 64},80", f"pdq,{far_from(own.value, 31).upper()},77")
    code, [said] = lines("--list", known, harbour)
    assert code == 0
    assert list(said) == KEYS
    assert said["verdict"] == "match"
    assert said["matches"] == [
        {
            "signal": "pdq", "distance": 31, "threshold": 31, "quality": own.quality, "listed_quality": 77,
            "turn": None, "at_seconds": None, "line": 3, "value": far_from(own.value, 31),
        }
    ]  # fmt: skip
    table = run("--list", known, harbour).stdout
    assert f"{harbour}: MATCH" in table
    assert f"distance 31 (threshold 31), quality {own.quality} (listed: 77), line 3 of the list" in table


def test_a_hash_just_beyond_the_radius_is_no_match(harbour: Path, tmp_path: Path) -> None:
    known = listed(tmp_path, f"pdq,{far_from(pdq_of(harbour).value, 11)},")
    assert lines("--list", known, "--radius", 10, harbour)[1][0]["verdict"] == "no_match"
    assert lines("--list", known, "--radius", 11, harbour)[1][0]["verdict"] == "match"


def test_a_radius_beyond_what_is_exact_is_refused_in_words(harbour: Path, tmp_path: Path) -> None:
    done = run("--list", listed(tmp_path, f"pdq,{'0' * 64},"), "--radius", 32, harbour)
    assert (done.returncode, done.stdout) == (2, "")
    assert "A radius of 32 bits is not possible: the index finds every match only up to 31." in done.stderr


def test_a_mirrored_picture_matches_only_when_turns_are_asked_for(harbour: Path, tmp_path: Path) -> None:
    mirrored = tmp_path / "mirrored.png"
    with Image.open(harbour) as opened:
        ImageOps.mirror(opened).save(mirrored)
    known = listed(tmp_path, f"pdq,{pdq_of(harbour).value},100")
    assert lines("--list", known, mirrored)[1][0]["verdict"] == "no_match"
    [match] = lines("--list", known, "--turns", mirrored)[1][0]["matches"]
    assert match["turn"] == "mirrored"
    assert "the picture mirrored" in run("--list", known, "--turns", mirrored).stdout


def test_digests_match_also_what_is_no_picture(letter: Path, tmp_path: Path) -> None:
    data = letter.read_bytes()
    known = listed(
        tmp_path, f"sha256,{hashlib.sha256(data).hexdigest()}", f"md5,{hashlib.md5(data).hexdigest()}",
        header="signal,value",
    )  # fmt: skip
    code, [said] = lines("--list", known, letter)
    assert (code, said["verdict"], said["not_compared"]) == (0, "match", {})
    assert [(one["signal"], one["distance"], one["threshold"], one["line"]) for one in said["matches"]] == [
        ("sha256", 0, 0, 2), ("md5", 0, 0, 3),
    ]  # fmt: skip


def test_what_cannot_be_opened_is_not_compared_and_never_no_match(letter: Path, tmp_path: Path) -> None:
    known = listed(tmp_path, f"pdq,{'0' * 64},80", f"md5,{'0' * 32},")
    code, [said] = lines("--list", known, letter)
    assert (code, said["verdict"], said["compared"]) == (1, "not_compared", ["md5"])
    assert "not a JPEG" in said["not_compared"]["pdq"]
    assert f"{letter}: NOT COMPARED" in run("--list", known, letter).stdout


def test_a_picture_with_too_little_detail_is_not_compared(tmp_path: Path) -> None:
    grey = tmp_path / "grey.png"
    Image.new("RGB", (300, 200), "grey").save(grey)
    known = listed(tmp_path, f"pdq,{pdq_of(grey).value},")
    code, [said] = lines("--list", known, grey)
    assert (code, said["verdict"]) == (1, "not_compared")
    assert "a quality of 0, and 50 is needed" in said["not_compared"]["pdq"]
    assert lines("--list", known, "--quality", 0, grey)[1][0]["verdict"] == "match"


def test_a_file_that_is_not_there_is_named_and_the_others_are_compared(harbour: Path, tmp_path: Path) -> None:
    known = listed(tmp_path, f"pdq,{pdq_of(harbour).value},100")
    code, [missing, found] = lines("--list", known, tmp_path / "none.jpg", harbour)
    assert code == 1
    assert (missing["verdict"], missing["sha256"]) == ("not_compared", None)
    assert "cannot be read: No such file" in missing["not_compared"]["pdq"]
    assert found["verdict"] == "match"


def test_bad_lines_are_named_and_good_ones_kept(harbour: Path, tmp_path: Path) -> None:
    own = pdq_of(harbour).value
    known = listed(
        tmp_path, "pdq,zz,80,active", f"phash,{'0' * 16},,active", f"pdq,{own},49,active", f"pdq,{own},,withdrawn",
        f"pdq,{own},120,active", "", "x" * 5000, f'pdq,"{own}', f"pdq,{own},80,active",
        header="\ufeffSignal,value,quality,status",
    )  # fmt: skip
    done = run("--list", known, "--json", harbour)
    said = json.loads(done.stdout)
    assert done.returncode == 0
    assert [one["line"] for one in said["matches"]] == [10]
    assert said["list"] == {"entries": 1, "left_out": 7}
    for line, reason in {
        2: "not 64 hexadecimal digits", 3: "'phash' is not compared", 4: "quality of 49 is below 50",
        5: "status is 'withdrawn'", 6: "'120' is not a whole number", 8: "too long", 9: "not comma-separated",
    }.items():  # fmt: skip
        assert any(f"line {line} " in row and reason in row for row in done.stderr.splitlines()), (
            line,
            reason,
        )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"hash\n0011\n", "does not name the columns"),
        (b"\xff\xd8\xff\xe0", "not UTF-8"),
        (b"signal,value\npdq,zz\n", "holds no hash that can be compared"),
    ],
)
def test_what_is_no_list_is_wrong_use(content: bytes, words: str, harbour: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    done = run("--list", path, harbour)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_film_is_compared_frame_by_frame(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(pattern_film(frames=20))
    seen = fingerprints.from_wire(fingerprints.work(film.read_bytes(), {}, DEFAULT)[0])
    at_seconds, own = seen.frames[0]
    known = listed(tmp_path, f"pdq,{own.value},")
    code, [said] = lines("--list", known, "--quality", own.quality, "--turns", film)
    assert code == 0
    assert (said["matches"][0]["distance"], said["matches"][0]["at_seconds"]) == (0, at_seconds)
    assert "not turned or mirrored" in said["notes"][-1]


def test_names_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[2Jb.txt"
    path.write_text("x")
    done = run("--list", listed(tmp_path, f"pdq,{'0' * 64},"), path, tmp_path / "c\x1b[2J")
    assert "\x1b" not in done.stdout + done.stderr


HASH = Hash("pdq", "0" * 64, "pdq-numpy 1", 80)
PICTURE: dict[str, Any] = {
    "frames": [{"at_seconds": None, "hash": hash_to_wire(HASH)}], "turns": [hash_to_wire(HASH)] * 8, "notes": [],
}  # fmt: skip


def test_a_childs_hashes_are_believed_only_in_their_form() -> None:
    assert fingerprints.from_wire(PICTURE).turns == (HASH,) * 8
    timed = {"at_seconds": 1.5, "hash": hash_to_wire(HASH)}
    for wrong in (
        {},
        {"frames": []},
        {"turns": []},
        {"frames": [timed]},
        {"frames": PICTURE["frames"] * 2, "turns": []},
        {"frames": [timed] * 33, "turns": []},
        {"frames": [{**timed, "at_seconds": -1}], "turns": []},
        {"frames": [{**timed, "hash": {**hash_to_wire(HASH), "quality": None}}], "turns": []},
        {"frames": [{**timed, "hash": {**hash_to_wire(HASH), "value": "zz"}}], "turns": []},
    ):
        with pytest.raises(Malformed):
            fingerprints.from_wire({**PICTURE, **wrong} if wrong else {})
    assert fingerprints.from_wire({**PICTURE, "frames": [timed], "turns": []}).frames == ((1.5, HASH),)


def test_the_same_digest_twice_is_two_entries() -> None:
    known = hashlist.read_list([b"signal,value\n", *[b"md5," + b"0" * 32] * 2], least_quality=50)
    assert [one.line for one in known.exact["md5", bytes(16)]] == [2, 3]


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="NO SHARED PICTURES: ../shared/data is not here")
def test_shared_photos_saved_again_smaller_match_themselves_and_no_other(tmp_path: Path) -> None:
    photos = [path for path in sorted(PHOTOS.iterdir()) if (pdq_of(path).quality or 0) >= 50][:12]
    known = listed(tmp_path, *(f"pdq,{pdq_of(path).value}," for path in photos[:8]))
    copies = []
    for path in photos:
        with Image.open(path) as opened:
            small = opened.convert("RGB").resize((opened.width * 3 // 4, opened.height * 3 // 4))
        copies.append(tmp_path / f"{path.stem}.jpg")
        small.save(copies[-1], quality=70)
    code, said = lines("--list", known, *copies)
    assert code == 0
    assert [[one["line"] for one in each["matches"]] for each in said] == [
        *([line] for line in range(2, 10)), *([[]] * 4),
    ]  # fmt: skip
