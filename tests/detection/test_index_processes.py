"""Processes share an index: what one changes the others see, and one that is killed leaves it whole."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from detection import index
from detection.index import files

CHECKOUT = Path(__file__).resolve().parents[2]
A, B = "aa" * 32, "0f" * 32

READER = """
import sys
from pathlib import Path
from detection.index import open_index
known = open_index(Path(sys.argv[1]))
print("open", flush=True)
for line in sys.stdin:
    print(*(match.id for match in known.search(line.strip())), flush=True)
"""

WRITER = """
import hashlib, itertools, sys
from pathlib import Path
from detection.index import open_index
known = open_index(Path(sys.argv[1]))
for number in itertools.count():
    known.add([(number, hashlib.sha256(b"%d" % number).digest())])
    if number % 3 == 0:
        known.remove([number])
    print(number, flush=True)
    if number % 20 == 19:
        known.merge()
"""


@contextmanager
def running(program: str, directory: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(directory)], cwd=CHECKOUT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    read = process.stdout.readline()
    assert read, "the process ended"
    return read.strip()


def asked(process: subprocess.Popen[str], value: str) -> str:
    assert process.stdin is not None
    process.stdin.write(value + "\n")
    process.stdin.flush()
    return line(process)


def test_a_reader_in_another_process_sees_each_change_at_its_next_question(tmp_path: Path) -> None:
    index.build(tmp_path, [(1, A)])
    known = index.open_index(tmp_path)
    with running(READER, tmp_path) as reader:
        assert line(reader) == "open"
        assert asked(reader, A) == "1"
        known.add([(2, A), (3, B)])
        assert asked(reader, A) == "1 2"
        known.remove([1])
        assert asked(reader, A) == "2"
        known.merge()
        known.remove([2])
        assert asked(reader, A) == ""
        index.build(tmp_path, [(9, A)])
        assert asked(reader, A) == "9"
        assert asked(reader, B) == ""


@pytest.mark.parametrize("changes", [7, 19, 46])
def test_a_killed_writer_leaves_all_that_it_was_told_is_stored(tmp_path: Path, changes: int) -> None:
    """It is killed in the middle of whatever it does after so many changes, a merge perhaps."""
    import hashlib

    index.build(tmp_path, [])
    with running(WRITER, tmp_path) as writer:
        acknowledged = [int(line(writer)) for _change in range(changes)]
    known = index.open_index(tmp_path)
    known.verify()
    for number in acknowledged:
        found = [match.id for match in known.search(hashlib.sha256(b"%d" % number).digest())]
        assert found == ([] if number % 3 == 0 else [number])
    known.merge()
    left = {path.name for path in tmp_path.iterdir() if path.suffix == ".unfinished"}
    assert (left, len(files.generations(tmp_path))) == (set(), 1)
