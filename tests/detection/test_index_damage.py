"""A torn or changed file is refused with the advice to rebuild, and a rebuild makes it good."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detection import index
from detection.index import bands, base, files, journal, pages

VALUE = "5a" * 32
DAMAGED = r"is not used: .*Rebuild the index from them\."


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An index of 300 hashes, three more in its journal."""
    chance = np.random.default_rng(8)
    index.build(tmp_path, [(number, chance.bytes(32)) for number in range(300)])
    index.open_index(tmp_path).add([(1000, VALUE), (1001, VALUE), (1002, VALUE)])
    return tmp_path


def change_byte(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 0x10
    path.write_bytes(raw)


def refused_and_rebuilt(directory: Path) -> None:
    with pytest.raises(index.IndexDamaged, match=DAMAGED):
        index.open_index(directory)
    index.build(directory, [(5, VALUE)])
    assert index.open_index(directory).search(VALUE) == (index.Match(0, 5),)


@pytest.mark.parametrize("section", ["ids", "words", "rows", "starts"])
def test_one_changed_bit_in_any_section_is_refused(directory: Path, section: str) -> None:
    place = base._places(300, bands.width_for(300))[section]
    change_byte(files.base_path(directory, 1), place.at + place.size // 2)
    refused_and_rebuilt(directory)


@pytest.mark.parametrize("at", [3, 20, 60, 4000])
def test_a_changed_header_is_refused(directory: Path, at: int) -> None:
    change_byte(files.base_path(directory, 1), at)
    refused_and_rebuilt(directory)


@pytest.mark.parametrize("kept", [0, 100, 5000, -1])
def test_a_base_cut_short_is_refused(directory: Path, kept: int) -> None:
    path = files.base_path(directory, 1)
    path.write_bytes(path.read_bytes()[:kept])
    refused_and_rebuilt(directory)


def test_a_base_of_another_generation_is_refused(directory: Path) -> None:
    known = index.open_index(directory)
    old = files.base_path(directory, 1).read_bytes()
    known.merge()
    files.base_path(directory, 2).write_bytes(old)
    refused_and_rebuilt(directory)


@pytest.mark.parametrize("merges", [0, 1])
def test_a_journal_of_another_generation_is_refused(directory: Path, merges: int) -> None:
    """With records in it, and after a merge without any."""
    known = index.open_index(directory)
    for _merge in range(merges):
        known.merge()
    old = files.journal_path(directory, 1 + merges).read_bytes()
    known.merge()
    files.journal_path(directory, 2 + merges).write_bytes(old)
    refused_and_rebuilt(directory)


@pytest.mark.parametrize(
    "at", [2, 10, pages.SIZE, pages.SIZE + 60, pages.SIZE + 3 * journal.RECORD.itemsize - 1]
)
def test_one_changed_bit_in_the_journal_is_refused(directory: Path, at: int) -> None:
    change_byte(files.journal_path(directory, 1), at)
    refused_and_rebuilt(directory)


@pytest.mark.parametrize("kept", [0, 5, pages.SIZE, -1])
def test_a_journal_cut_short_is_refused(directory: Path, kept: int) -> None:
    path = files.journal_path(directory, 1)
    path.write_bytes(path.read_bytes()[:kept])
    refused_and_rebuilt(directory)


@pytest.mark.parametrize("name", ["base-1.pdq", "journal-1.pdq"])
def test_a_lost_file_is_refused(directory: Path, name: str) -> None:
    (directory / name).unlink()
    refused_and_rebuilt(directory)


@pytest.mark.parametrize("at", [2, 8, 14])
def test_a_changed_first_page_is_refused(directory: Path, at: int) -> None:
    change_byte(directory / "current", at)
    refused_and_rebuilt(directory)


def test_what_a_crash_left_behind_the_last_record_is_not_read(directory: Path) -> None:
    """It was never acknowledged; the next addition writes over it."""
    with files.journal_path(directory, 1).open("ab") as file:
        file.write(b"\xff" * 30)
    known = index.open_index(directory)
    known.add([(1003, VALUE)])
    assert [match.id for match in index.open_index(directory).search(VALUE)] == [1000, 1001, 1002, 1003]


def test_a_build_that_a_crash_ended_leaves_the_old_index_and_is_cleared_away(directory: Path) -> None:
    """Its base was done, but never put in force; another one was not even done."""
    base.write(files.base_path(directory, 2), index.Hashes.of([]), 2)
    (directory / "base-3.pdq.unfinished").write_bytes(b"half")
    known = index.open_index(directory)
    assert len(known) == 303
    known.merge()
    assert {path.name for path in directory.iterdir()} == {
        "base-3.pdq", "journal-3.pdq", "current", "writer.lock", "builder.lock"
    }  # fmt: skip


def test_a_merge_does_not_carry_damage_over(directory: Path) -> None:
    known = index.open_index(directory)
    place = base._places(300, bands.width_for(300))["words"]
    with files.base_path(directory, 1).open("r+b") as file:
        file.seek(place.at)
        was = file.read(1)[0]
        file.seek(place.at)
        file.write(bytes([was ^ 1]))
    with pytest.raises(index.IndexDamaged, match="section words"):
        known.merge()
    assert files.generations(directory) == {1}


def test_a_directory_without_an_index_says_so(tmp_path: Path) -> None:
    with pytest.raises(index.IndexMissing, match="There is no index in .* Build it"):
        index.open_index(tmp_path / "nowhere")
