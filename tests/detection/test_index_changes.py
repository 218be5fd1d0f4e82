"""Additions and removals hold at once, and survive a merge or a rebuild that they overtake."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from detection import index
from detection.index import directory, files

A, B, C = ("aa" * 32, "0f" * 32, "33" * 32)
"""128 bits from each other."""


@pytest.fixture
def known(tmp_path: Path) -> index.PdqIndex:
    index.build(tmp_path, [(1, A), (2, B)])
    return index.open_index(tmp_path)


def ids(known: index.PdqIndex, value: str) -> list[int]:
    return [match.id for match in known.search(value)]


def test_an_added_hash_is_found(known: index.PdqIndex) -> None:
    known.add([(3, C)])
    assert ids(known, C) == [3]
    assert len(known) == 3


def test_a_removed_hash_is_not_found(known: index.PdqIndex) -> None:
    known.remove([1])
    assert ids(known, A) == []
    assert ids(known, B) == [2]
    assert len(known) == 1


def test_an_id_that_was_removed_can_come_back(known: index.PdqIndex) -> None:
    known.remove([1])
    known.add([(1, C)])
    assert (ids(known, A), ids(known, C)) == ([], [1])
    known.remove([1])
    assert ids(known, C) == []


def test_a_reader_that_comes_later_replays_removals_in_their_order(known: index.PdqIndex) -> None:
    """It sees all records at once: of two additions around a removal only the later one stands."""
    for step in range(6):
        known.add([(7, C)])
        if step != 5:
            known.remove([7, 2])
    known.add([(8, B)])
    late = index.open_index(known.directory)
    assert (ids(late, C), ids(late, B), len(late)) == ([7], [8], 3)


def test_adding_twice_gives_one_answer(known: index.PdqIndex) -> None:
    known.add([(1, A)])
    assert known.search(A) == (index.Match(0, 1),)
    known.remove([1])
    assert known.search(A) == ()


def test_removing_an_unknown_id_or_nothing_changes_nothing(known: index.PdqIndex) -> None:
    known.remove([99])
    known.remove([])
    known.add([])
    assert (ids(known, A), known.waiting()) == ([1], 1)


def test_ids_at_the_ends_of_64_bits_are_kept(tmp_path: Path) -> None:
    ends = [-(2**63), 2**63 - 1]
    index.build(tmp_path, [(ends[1], A), (ends[0], A)])
    known = index.open_index(tmp_path)
    assert ids(known, A) == ends
    known.remove(ends)
    assert ids(known, A) == []


def test_a_merge_works_the_journal_in(known: index.PdqIndex) -> None:
    known.add([(3, C), (4, C)])
    known.remove([1, 4])
    known.merge()
    assert (ids(known, A), ids(known, B), ids(known, C)) == ([], [2], [3])
    assert (known.waiting(), len(known)) == (0, 2)
    assert sorted(path.name for path in known.directory.glob("*.pdq")) == ["base-2.pdq", "journal-2.pdq"]


def test_a_reader_moves_to_the_merged_generation_at_its_next_question(known: index.PdqIndex) -> None:
    other = index.open_index(known.directory)
    known.merge()
    known.remove([2])
    assert (ids(other, A), ids(other, B)) == ([1], [])


def test_what_changes_during_a_merge_is_kept(known: index.PdqIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another reader adds and removes while the new base is being written."""
    other, write = index.open_index(known.directory), directory.base.write

    def slowly(path: Path, hashes: index.Hashes, generation: int) -> None:
        write(path, hashes, generation)
        other.add([(3, C)])
        other.remove([1])

    monkeypatch.setattr(directory.base, "write", slowly)
    known.merge()
    assert (ids(known, A), ids(known, C)) == ([], [3])
    assert (ids(other, A), ids(other, C)) == ([], [3])


def test_what_changes_during_a_rebuild_is_kept(known: index.PdqIndex) -> None:
    """Hash 1 is read from the database and then withdrawn, hash 3 comes too late to be read."""

    def from_the_database() -> Iterator[tuple[int, str]]:
        yield 1, A
        known.remove([1])
        known.add([(3, C)])
        yield 2, B

    index.build(known.directory, from_the_database())
    assert (ids(known, A), ids(known, B), ids(known, C)) == ([], [2], [3])


def test_a_rebuild_forgets_what_is_no_longer_stored(known: index.PdqIndex) -> None:
    known.add([(3, C)])
    index.build(known.directory, [(1, A)])
    assert (ids(known, A), ids(known, B), ids(known, C)) == ([1], [], [])


def test_a_full_disk_leaves_the_index_as_it_was(
    known: index.PdqIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _data: bytes, _at: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "pwrite", full)
        for change in (known.merge, lambda: known.add([(3, C)]), lambda: known.remove([1])):
            with pytest.raises(OSError, match="No space left"):
                change()
    assert (ids(known, A), ids(known, C)) == ([1], [])
    assert not list(known.directory.glob("*.unfinished"))
    known.add([(3, C)])
    known.merge()
    assert ids(index.open_index(known.directory), C) == [3]


def test_hashes_are_readable_by_their_owner_only(known: index.PdqIndex) -> None:
    known.merge()
    assert {path.stat().st_mode & 0o777 for path in known.directory.iterdir()} == {0o600}


def test_threads_change_ask_and_merge_at_once(known: index.PdqIndex) -> None:
    """Four threads add 25 hashes each and remove every second one, while a fifth merges."""
    chance = np.random.default_rng(3)
    hashes = [chance.bytes(32) for _hash in range(100)]

    def change(first: int) -> None:
        for number in range(first, 100, 4):
            known.add([(100 + number, hashes[number])])
            assert [match.id for match in known.search(hashes[number])] == [100 + number]
            if number // 4 % 2:
                known.remove([100 + number])
                assert known.search(hashes[number]) == ()

    failed: list[BaseException] = []

    def watched(first: int) -> None:
        try:
            change(first)
        except AssertionError as error:
            failed.append(error)

    threads = [threading.Thread(target=watched, args=(first,)) for first in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        known.merge()
    known.merge()
    assert not failed
    found = [bool(known.search(value)) for value in hashes]
    assert found == [number // 4 % 2 == 0 for number in range(100)]
