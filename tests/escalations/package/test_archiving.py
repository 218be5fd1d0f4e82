"""The archive: one form only, known before it is written, resumable at any byte, readable by everybody's tar."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.escalations.package.archive import (
    MTIME,
    BadName,
    Member,
    WrongSize,
    header,
    length,
    of_bytes,
    stream,
)

MEMBERS = [
    of_bytes("bag/b.txt", b"garden"),
    of_bytes("bag/a.txt", b""),
    of_bytes("bag/data/full-block", bytes(range(256)) * 2),
    of_bytes("bag/żaba", b"frog"),
]


def whole(members: list[Member], start: int = 0) -> bytes:
    return b"".join(stream(members, start))


def test_python_reads_what_was_written_in_the_order_of_the_names() -> None:
    with tarfile.open(fileobj=io.BytesIO(whole(MEMBERS)), mode="r:") as read:
        found = [(one.name, one.size, one.mode, one.uid, one.mtime, one.isreg()) for one in read]
        assert read.extractfile("bag/b.txt").read() == b"garden"  # type: ignore[union-attr]
    names = [name for name, *_rest in found]
    assert names == ["bag/a.txt", "bag/b.txt", "bag/data/full-block", "bag/żaba"]
    assert {rest for _name, _size, *more in found for rest in [tuple(more)]} == {(0o644, 0, MTIME, True)}


def test_gnu_tar_writes_the_same_bytes(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    for member in MEMBERS:
        path = tmp_path / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(member.read()))
        path.chmod(0o644)
    names = sorted((member.name for member in MEMBERS), key=str.encode)
    fixed = ["--format=ustar", "-b1", "--owner=0", "--group=0", "--numeric-owner", f"--mtime=@{MTIME}"]
    made = subprocess.run(
        [require_tool("tar"), "-C", str(tmp_path), *fixed, "-cf", "-", *names],
        check=True,
        capture_output=True,
    )
    assert made.stdout == whole(MEMBERS)


def test_the_length_is_known_before_a_byte_is_read() -> None:
    def never() -> list[bytes]:
        raise AssertionError("read")

    assert length([Member("a", 513, never)]) == 512 + 1024 + 1024
    assert length(MEMBERS) == len(whole(MEMBERS))


@given(st.lists(st.binary(max_size=1100), max_size=5), st.data())
def test_a_restart_goes_on_at_any_byte_property(files: list[bytes], data: st.DataObject) -> None:
    members = [of_bytes(f"bag/{at}", content) for at, content in enumerate(files)]
    expected = whole(members)
    start = data.draw(st.integers(0, len(expected)))
    assert whole(members, start) == expected[start:]


def test_a_restart_does_not_read_files_that_were_written_already() -> None:
    def never() -> list[bytes]:
        raise AssertionError("read")

    first, second = Member("a", 512, never), of_bytes("b", b"x")
    assert whole([first, second], 1024)[:512] == header("b", 1)


def test_a_file_that_gives_more_or_less_than_was_said_is_refused() -> None:
    for content in (b"12345", b"123"):
        with pytest.raises(WrongSize):
            whole([Member("a", 4, lambda content=content: (content,))])  # type: ignore[misc]


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a//b", "a/", "../a", "a/./b", "a\nb", "a\\b", "c:a", "50%", "a\u202eb", " a", "a\u0000b"],
)
def test_a_name_that_is_not_the_same_everywhere_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        header(name, 1)


def test_a_name_given_twice_is_refused() -> None:
    with pytest.raises(BadName, match="twice"):
        whole([of_bytes("a", b"1"), of_bytes("a", b"2")])


def test_a_long_name_is_split_at_a_slash_and_a_longer_one_is_refused() -> None:
    long = "x" * 90 + "/" + "y" * 50 + "/" + "z" * 60
    with tarfile.open(fileobj=io.BytesIO(whole([of_bytes(long, b"1")])), mode="r:") as read:
        assert read.getnames() == [long]
    for name in ("x" * 101, "x" * 156 + "/" + "y" * 100, "é" * 51):
        with pytest.raises(BadName):
            header(name, 1)


def test_a_file_that_tar_can_not_describe_is_refused() -> None:
    with pytest.raises(WrongSize):
        header("a", 8**11)
