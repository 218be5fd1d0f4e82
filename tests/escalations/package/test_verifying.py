"""casework-verify: one flipped byte anywhere is found and named; so is whatever is missing, extra or out of place."""

from __future__ import annotations

import ast
import base64
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.audit.notes import Signer
from casework.escalations import casework_verify
from casework.escalations.package import archive, assembling, bag, manifest
from casework.escalations.package.archive import BLOCK, Member, of_bytes

from .making import APPROVED, SIGNER, STRANGER, make_facts, make_picture

PROGRAM = Path(casework_verify.__file__)
KEY = SIGNER.verifier.vkey
Check = Callable[..., tuple[int, str]]


def small(signer: Signer = SIGNER, root: str = "bag") -> bytes:
    """A signed archive of three small files, the middle one empty, the last a whole block."""
    files = [of_bytes("a.txt", b"garden"), of_bytes("data/b", b""), of_bytes("data/c", b"\x01" * BLOCK)]
    return archive_of(files, signer=signer, root=root)


def archive_of(
    files: list[Member], *, listed: list[Member] | None = None, signer: Signer = SIGNER, root: str = "bag"
) -> bytes:
    """An archive of *files* whose signed list names *listed* (by default the same)."""
    digests = [(one, sha256(one)) for one in (files if listed is None else listed)]
    note = manifest.signed(make_facts().package, root, digests, signer)
    return raw([of_bytes(manifest.NAME, note), *files], root)


def raw(members: list[Member], root: str = "bag") -> bytes:
    """Members in the order given, as they are; what a forger would write."""
    parts = [
        (archive.header(f"{root}/{one.name}", one.size), b"".join(one.read()), archive.padding(one.size))
        for one in members
    ]
    return b"".join(b"".join(part) for part in parts) + archive.END


def sha256(member: Member) -> str:
    return bag.digested(member).sha256


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Exit code and words of the program for an archive."""

    def run(data: bytes, key: str = KEY) -> tuple[int, str]:
        path = tmp_path / "package.tar"
        path.write_bytes(data)
        code = casework_verify.main([str(path), "--key", key])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def flipped(data: bytes, at: int, bit: int = 0) -> bytes:
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


def regions(data: bytes) -> list[str]:
    """For each byte what the program has to name: a file of the list, the note, or the structure."""
    named: list[str] = []
    at = 0
    while data[at : at + BLOCK] != bytes(BLOCK):
        path = data[at + 345 : at + 500].rstrip(b"\0") + b"/" + data[at : at + 100].rstrip(b"\0")
        name = path.decode().lstrip("/").partition("/")[2]
        size = int(data[at + 124 : at + 135], 8)
        named += [casework_verify.STRUCTURE] * BLOCK + [name] * size
        named += [casework_verify.STRUCTURE] * (-size % BLOCK)
        at += BLOCK + size + (-size % BLOCK)
    return named + [casework_verify.STRUCTURE] * (len(data) - at)


def test_an_untouched_package_is_valid_and_the_signer_is_named(verify: Check) -> None:
    code, words = verify(small())
    assert code == 0
    assert "VALID against the key given" in words
    assert SIGNER.name in words
    assert assembling.fingerprint(SIGNER.verifier.public_key) in words


def test_a_whole_package_with_a_picture_is_valid(verify: Check) -> None:
    package = assembling.prepared(make_facts(pictures=(make_picture(),), imagery=APPROVED), SIGNER)
    data = b"".join(package.stream())
    assert len(data) == package.size
    assert verify(data)[0] == 0


def test_every_single_byte_flipped_is_found_and_its_region_named(verify: Check) -> None:
    data = small()
    expected = regions(data)
    assert len(expected) == len(data)
    for at, name in enumerate(expected):
        code, words = verify(flipped(data, at, at % 8))
        assert code == 1, f"byte {at} ({name}) was not missed"
        assert f"NOT VALID  {name}: " in words, f"byte {at}: expected {name}, found {words}"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_flip_anywhere_in_a_whole_package_is_named_property(verify: Check, data: st.DataObject) -> None:
    whole = b"".join(assembling.prepared(make_facts(), SIGNER).stream()) if not _WHOLE else _WHOLE[0]
    _WHOLE[:] = [whole]
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    code, words = verify(flipped(whole, at, bit))
    assert code == 1
    assert f"NOT VALID  {_named(whole)[at]}: " in words


_WHOLE: list[bytes] = []
_NAMED: list[list[str]] = []


def _named(whole: bytes) -> list[str]:
    if not _NAMED:
        _NAMED.append(regions(whole))
    return _NAMED[0]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=60))
def test_every_name_that_the_writer_takes_the_program_takes_property(verify: Check, name: str) -> None:
    try:
        archive.header(f"bag/{name}", 1)
    except archive.BadName:
        return
    if name.encode() > manifest.NAME.encode():
        assert verify(archive_of([of_bytes(name, b"1")]))[0] == 0


def test_every_damaged_file_is_named_not_only_the_first(verify: Check) -> None:
    data = small()
    both = flipped(flipped(data, data.index(b"garden")), data.index(b"\x01" * BLOCK) + 9)
    assert verify(both) == (
        1,
        "NOT VALID  a.txt: the content is not the one that was signed\n"
        "NOT VALID  data/c: the content is not the one that was signed\n",
    )


def test_a_file_that_grew_is_named_beside_the_structure_that_it_broke(verify: Check) -> None:
    data = small()
    at = data.index(b"garden")
    code, words = verify(data[:at] + b"!" + data[at:])
    assert code == 1
    assert words.startswith(
        "NOT VALID  a.txt: the content is not the one that was signed\nNOT VALID  archive structure: "
    )


ONE, TWO, THREE = of_bytes("a", b"1"), of_bytes("b", b"2"), of_bytes("c", b"3")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([ONE, THREE], "bag/b: is missing"),
        ([ONE, TWO], "bag/c: is missing"),
        ([], "bag/a: is missing"),
        ([ONE, TWO, THREE, of_bytes("d", b"4")], "bag/d: is not in the signed list"),
        ([ONE, of_bytes("aa", b"4"), TWO, THREE], "bag/aa: is not in the signed list"),
        ([TWO, ONE, THREE], "bag/a: is missing, or not in its place"),
        ([ONE, ONE, TWO, THREE], "bag/a: comes twice"),
        ([ONE, TWO, THREE, THREE], "bag/c: comes twice"),
        ([ONE, TWO, of_bytes("c", b"33")], "archive structure: the header of bag/c"),
    ],
)
def test_what_is_missing_extra_or_out_of_place_is_named(
    files: list[Member], words: str, verify: Check
) -> None:
    code, said = verify(archive_of(files, listed=[ONE, TWO, THREE]))
    assert (code, words in said) == (1, True), said


def test_the_names_of_a_forger_do_not_steer_the_terminal(verify: Check) -> None:
    files = [of_bytes("a", b"1"), of_bytes("b", b"2")]
    data = archive_of(files)
    name = b"bag/b".ljust(100, b"\0")
    evil = b"bag/\x1b[2Jb".ljust(100, b"\0")
    at = data.index(name)
    block = evil + data[at + 100 : at + BLOCK]
    block = block[:148] + b"%06o\0 " % (sum(block[:148]) + 256 + sum(block[156:])) + block[156:]
    code, words = verify(data[:at] + block + data[at + BLOCK :])
    assert (code, words) == (1, "NOT VALID  bag/?[2Jb: is not in the signed list\n")


def test_a_list_that_is_not_text_is_not_valid_even_if_it_reads_like_the_signed_one(verify: Check) -> None:
    files = [of_bytes("a\ufffd", b"1")]
    note = manifest.signed(make_facts().package, "bag", [(files[0], sha256(files[0]))], SIGNER)
    assert verify(raw([of_bytes(manifest.NAME, note), *files]))[0] == 0
    twin = note.replace("\ufffd".encode(), b"\xff")
    code, words = verify(raw([of_bytes(manifest.NAME, twin), *files]))
    assert (code, "MANIFEST.note: is not text" in words) == (1, True)


@pytest.mark.parametrize("more", [b"\0", b"x", bytes(512), bytes(10240)])
def test_bytes_after_the_end_are_found_even_if_they_are_zeros(more: bytes, verify: Check) -> None:
    code, words = verify(small() + more)
    assert code == 1
    assert "archive structure: there are bytes after the end" in words


def test_an_archive_that_was_cut_anywhere_is_not_valid(verify: Check) -> None:
    data = small()
    for end in [*range(0, len(data), 101), len(data) - 1]:
        assert verify(data[:end])[0] == 1, end


def test_another_signer_is_not_believed(verify: Check) -> None:
    code, words = verify(small(STRANGER))
    assert code == 1
    assert "MANIFEST.note: is signed by another key" in words


def test_a_signature_over_another_list_does_not_fit(verify: Check) -> None:
    files = [of_bytes("a.txt", b"garden")]
    note = manifest.signed(make_facts().package, "bag", [(files[0], sha256(files[0]))], SIGNER)
    other = manifest.signed(make_facts().package, "bag", [], SIGNER)
    mixed = note.partition(b"\n\n")[0] + b"\n\n" + other.partition(b"\n\n")[2]
    code, words = verify(raw([of_bytes(manifest.NAME, mixed), *files]))
    assert (code, "the signature does not fit" in words) == (1, True)


def test_a_signature_written_in_another_form_is_not_valid(verify: Check) -> None:
    """Two bits of the last letter of the base64 mean nothing, so a decoder alone would let them pass."""
    note = manifest.signed(make_facts().package, "bag", [], SIGNER)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = note.decode()[-3]
    twin = note.decode()[:-3] + letters[letters.index(last) ^ 1] + note.decode()[-2:]
    assert base64.b64decode(twin.split(" ")[-1]) == base64.b64decode(note.decode().split(" ")[-1])
    assert verify(raw([of_bytes(manifest.NAME, note)]))[0] == 0
    code, words = verify(raw([of_bytes(manifest.NAME, twin.encode())]))
    assert (code, "no signature of the form" in words) == (1, True)


@pytest.mark.parametrize(
    "text",
    [
        "casework-package/v2\npackage 1\nroot bag\nfiles 0\n",
        "casework-package/v1\npackage 1\nroot a/b\nfiles 0\n",
        "casework-package/v1\npackage 1\nroot bag\nfiles 1\n",
        "casework-package/v1\npackage 1\nroot bag\n",
        "casework-package/v1\npackage 1\nroot bag\nfiles 1\nxyz\n",
        f"casework-package/v1\npackage 1\nroot bag\nfiles 1\n{'0' * 64} 1 ../a\n",
        f"casework-package/v1\npackage 1\nroot bag\nfiles 2\n{'0' * 64} 1 b\n{'0' * 64} 1 a\n",
        f"casework-package/v1\npackage 1\nroot bag\nfiles 2\n{'0' * 64} 1 a\n{'0' * 64} 1 a\n",
        f"casework-package/v1\npackage 1\nroot bag\nfiles 1\n{'0' * 64} -1 a\n",
    ],
)
def test_even_a_signed_list_must_have_its_one_form(text: str, verify: Check) -> None:
    code, words = verify(raw([of_bytes(manifest.NAME, SIGNER.sign(text).encode())]))
    assert code == 1
    assert "MANIFEST.note: " in words


@pytest.mark.parametrize("data", [b"", b"age-encryption.org/v1\n" + b"x" * 900, bytes(2048), b"\xff" * 4096])
def test_what_is_no_package_is_said_to_be_none(data: bytes, verify: Check) -> None:
    code, words = verify(data)
    assert code == 1
    assert "no package" in words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("nonsense", "neither a file nor a line"),
        ("", "neither a file nor a line"),
        (KEY.replace("+", "+0", 1), "copied wrongly"),
        (KEY.replace("desk", "disk"), "copied wrongly"),
    ],
)
def test_a_key_that_is_none_checks_nothing(key: str, words: str, verify: Check) -> None:
    code, said = verify(small(), key)
    assert code == 2
    assert words in said


def test_a_package_that_is_not_there_is_not_checked(tmp_path: Path) -> None:
    assert casework_verify.main([str(tmp_path / "none.tar"), "--key", KEY]) == 2


def test_the_program_runs_alone_and_reads_the_key_from_a_file(tmp_path: Path) -> None:
    package, key = tmp_path / "package.tar", tmp_path / "signer.vkey"
    package.write_bytes(small())
    key.write_text(KEY + "\n")
    alone = tmp_path / "casework_verify.py"
    alone.write_bytes(PROGRAM.read_bytes())
    command = [sys.executable, "-I", str(alone), str(package), "--key", str(key)]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "VALID against the key given" in ran.stdout


def test_the_program_is_short_and_needs_only_python_and_cryptography() -> None:
    source = PROGRAM.read_text()
    assert len(source.splitlines()) <= 250
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or ".").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}


def test_the_program_and_the_writer_agree_on_every_header() -> None:
    for name in ("a", "bag/żaba", "x" * 90 + "/" + "y" * 60, "a/" * 60 + "b"):
        for size in (0, 1, 511, 512, 8**11 - 1):
            assert casework_verify.header(name, size) == archive.header(name, size)
            assert casework_verify.header_name(archive.header(name, size)) == name
