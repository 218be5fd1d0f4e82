"""casework-verify-log: an entry that the log does not prove is named, and so is a custody row that says otherwise."""

from __future__ import annotations

import ast
import io
import json
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casework.audit import merkle
from casework.audit.notes import Signer, TreeHead, proof_file
from casework.escalations import casework_verify_log

PROGRAM = Path(casework_verify_log.__file__)
LOG = Signer("desk.example/log", b"\x05" * 32)
KEY = LOG.verifier.vkey
ITEM = uuid.UUID(int=7)
#: Which of the entries below are opened; the others of the case are only hashes.
OPENED = (2, 5)
Files = dict[str, bytes]


def leaf(number: int) -> bytes:
    body = {
        "v": 1,
        "id": str(uuid.UUID(int=number)),
        "at": f"2026-11-0{number + 1}T10:00:00.123456+00:00",
        "verb": "evidence.received",
        "actor": None,
        "data": {"item": str(ITEM), "sha256": f"{number:064x}"},
    }
    return bytes([number]) * 16 + json.dumps(body).encode()


def package(leaves: int = 9, signer: Signer = LOG) -> Files:
    """What a package holds of a log of *leaves* entries, as ``contents.log_files`` and its neighbours write it."""
    hashes = [merkle.leaf_hash(leaf(number)) for number in range(leaves)]
    note = signer.sign(TreeHead(signer.name, leaves, merkle.root(hashes)).text)
    ranges = merkle.ranges_of(hashes)
    proofs = [proof_file(n, merkle.inclusion_proof(ranges, n, leaves), note) for n in range(leaves)]
    files = {"log/checkpoint.txt": note.encode(), "log/key.txt": signer.verifier.vkey.encode()}
    for number in OPENED:
        files[f"{named(number)}.leaf"] = leaf(number)
        files[f"{named(number)}.tlog-proof"] = proofs[number].encode()
    closed = [n for n in range(leaves) if n not in OPENED]
    files["log/withheld.json"] = json.dumps(
        [{"index": n, "leaf_hash": hashes[n].hex(), "proof": proofs[n]} for n in closed]
    ).encode()
    rows = [custody_row(2, 2), custody_row(5, 5), custody_row(8, None)]
    files["custody.json"] = json.dumps(rows).encode()
    return files


def named(number: int) -> str:
    return f"log/{number:010d}-{uuid.UUID(int=number)}"


def custody_row(number: int, index: int | None) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=number)),
        "at": f"2026-11-0{number + 1}T10:00:00.123Z",
        "item": str(ITEM),
        "hash_before": "",
        "hash_after": f"{number:064x}",
        "log_index": index,
    }


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run the program on files as an archive, with options; the exit code and everything it said."""

    def run(files: Files, *options: str, key: str = KEY) -> tuple[int, str]:
        path = tmp_path / "package.tar"
        with tarfile.open(path, "w") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(f"casework-1/data/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        code = casework_verify_log.main([str(path), "--key", key, *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_all_entries_and_hashes_of_a_true_package_are_proven(verify: Callable[..., tuple[int, str]]) -> None:
    for leaves in (6, 7, 8, 9, 64):  # trees of every shape: the last entry alone, a whole power of two
        if leaves < 9:
            files = package(leaves)
            files["custody.json"] = json.dumps([custody_row(2, 2), custody_row(5, 5)]).encode()
        else:
            files = package(9)
        code, said = verify(files)
        assert code == 0, said
        assert said.count("PROVEN  entry") == 2
    assert "7 entries of which only the hash is here" in said
    assert "2 rows are as the log has them, 1 name no entry" in said


def test_the_folder_it_was_unpacked_to_reads_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, data in package().items():
        path = tmp_path / "casework-1" / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert casework_verify_log.main([str(tmp_path / "casework-1"), "--key", KEY]) == 0
    assert "ALL PROVEN" in capsys.readouterr().out


def test_any_flipped_bit_of_an_entry_is_named(verify: Callable[..., tuple[int, str]]) -> None:
    name = f"{named(5)}.leaf"
    for at in range(0, len(leaf(5)), 11):
        files = package()
        changed = bytearray(files[name])
        changed[at] ^= 1 << at % 8
        code, said = verify(files | {name: bytes(changed)})
        assert code == 1
        assert f"NOT PROVEN  data/{name}: " in said


@pytest.mark.parametrize("field", ["index", "leaf_hash", "proof"])
def test_a_withheld_hash_that_does_not_lead_to_the_root_is_named(
    verify: Callable[..., tuple[int, str]], field: str
) -> None:
    files = package()
    rows = json.loads(files["log/withheld.json"])
    rows[1][field] = rows[2][field]
    code, said = verify(files | {"log/withheld.json": json.dumps(rows).encode()})
    assert code == 1
    assert f"withheld.json, number {rows[1]['index']}: " in said


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", "2026-11-03T10:00:00.124Z"),
        ("hash_after", "0" * 64),
        ("hash_before", "0" * 64),
        ("item", str(uuid.UUID(int=8))),
        ("id", str(uuid.UUID(int=3))),
        ("log_index", 5),
        ("log_index", 3),
    ],
)
def test_a_custody_row_that_says_otherwise_than_the_log_is_named(
    verify: Callable[..., tuple[int, str]], field: str, value: Any
) -> None:
    rows = [custody_row(2, 2) | {field: value}]
    code, said = verify(package() | {"custody.json": json.dumps(rows).encode()})
    assert code == 1
    assert "NOT PROVEN  data/custody.json: row" in said


@pytest.mark.parametrize("rows", [None, [], [custody_row(2, 2)], [custody_row(2, 2), custody_row(5, None)]])
def test_an_entry_about_an_item_that_the_custody_history_leaves_out_is_named(
    verify: Callable[..., tuple[int, str]], rows: list[dict[str, Any]] | None
) -> None:
    files = package()
    del files["custody.json"]
    code, said = verify(files if rows is None else files | {"custody.json": json.dumps(rows).encode()})
    assert code == 1
    missing = 5 if rows else 2
    assert f"NOT PROVEN  data/custody.json: no row names entry {missing}, evidence.received" in said


def test_a_custody_row_that_stands_there_twice_is_named(verify: Callable[..., tuple[int, str]]) -> None:
    rows = [custody_row(2, 2), custody_row(5, 5), custody_row(2, 2)]
    code, said = verify(package() | {"custody.json": json.dumps(rows).encode()})
    assert (code, "stands in it twice" in said) == (1, True)


def test_a_checkpoint_that_somebody_else_signed_proves_nothing(
    verify: Callable[..., tuple[int, str]],
) -> None:
    forger = Signer(LOG.name, b"\x06" * 32)
    code, said = verify(package(signer=forger))
    assert (code, "has not signed it" in said) == (1, True)
    assert "PROVEN  entry" not in said
    other = Signer("elsewhere.example/log", LOG.seed)
    text = TreeHead(other.name, 9, b"\x01" * 32).text
    code, said = verify(package() | {"log/checkpoint.txt": LOG.sign(text).encode()})
    assert (code, "is no checkpoint of this log" in said) == (1, True)


def test_a_checkpoint_that_was_changed_after_signing_is_named(verify: Callable[..., tuple[int, str]]) -> None:
    note = package()["log/checkpoint.txt"]
    code, said = verify(package() | {"log/checkpoint.txt": note.replace(b"\n9\n", b"\n8\n")})
    assert (code, "the signature does not fit" in said) == (1, True)


def test_an_entry_without_its_proof_and_a_proof_without_its_entry_are_named(
    verify: Callable[..., tuple[int, str]],
) -> None:
    files = package()
    del files[f"{named(2)}.tlog-proof"], files[f"{named(5)}.leaf"]
    code, said = verify(files)
    assert code == 1
    assert f"data/{named(2)}.leaf: has no proof" in said
    assert f"data/{named(5)}.tlog-proof: proves an entry that is not here" in said


def test_an_entry_under_the_name_of_another_is_named(verify: Callable[..., tuple[int, str]]) -> None:
    files = package()
    for end in (".leaf", ".tlog-proof"):
        files[f"{named(3)}{end}"] = files.pop(f"{named(2)}{end}")
    code, said = verify(files)
    assert (code, "is named otherwise" in said) == (1, True)


def test_a_checkpoint_kept_elsewhere_shows_a_second_log(
    verify: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_bytes(package()["log/checkpoint.txt"])
    code, said = verify(package(), "--checkpoint", str(kept))
    assert (code, "The checkpoint is the one you kept." in said) == (0, True)
    kept.write_text(LOG.sign(TreeHead(LOG.name, 9, b"\x01" * 32).text))
    code, said = verify(package(), "--checkpoint", str(kept))
    assert (code, "there are two logs" in said) == (1, True)
    kept.write_text(LOG.sign(TreeHead(LOG.name, 8, b"\x01" * 32).text))
    code, said = verify(package(), "--checkpoint", str(kept))
    assert (code, "says nothing of this one" in said) == (0, True)


def test_nothing_to_check_is_not_said_to_be_proven(
    verify: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    assert verify({"README.txt": b"no log"})[0] == 2
    only = {name: package()[name] for name in ("log/checkpoint.txt", "custody.json")}
    assert verify(only | {"custody.json": json.dumps([custody_row(8, None)]).encode()})[0] == 2
    assert casework_verify_log.main([str(tmp_path / "none.tar"), "--key", KEY]) == 2
    assert verify(package(), key="no key")[0] == 2
    assert verify(package(), key=KEY.replace("+", "+0", 1))[0] == 2


@pytest.mark.parametrize(
    "name", ["log/withheld.json", "custody.json", f"{named(2)}.leaf", f"{named(2)}.tlog-proof"]
)
def test_hostile_contents_end_in_words(verify: Callable[..., tuple[int, str]], name: str) -> None:
    for data in (
        b"",
        b"\xff\xfe",
        b"[1]",
        b'{"index": 0}',
        b"[" * 100_000,
        b"\x1b[2J",
        b"null",
        b'[{"index": "0"}]',
    ):
        code, said = verify(package() | {name: data})
        assert code == 1, data[:20]
        assert "\x1b" not in said


def test_the_program_runs_alone_and_needs_only_python_and_cryptography(tmp_path: Path) -> None:
    source = PROGRAM.read_text()
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or ".").partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"cryptography"}
    alone = tmp_path / "casework_verify_log.py"
    alone.write_text(source)
    ran = subprocess.run(
        [sys.executable, "-I", str(alone), str(tmp_path), "--key", KEY],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr[:11]) == (2, "NOT CHECKED")
