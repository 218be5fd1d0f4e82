"""A package made from rows, as its recipient opens it: foreign tools agree, and one flipped byte is named."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from casework.audit import identity as log_identity
from casework.audit import inclusion, merkle
from casework.audit.models import Entry
from casework.audit.notes import Verifier, verified_checkpoint
from casework.audit.reading import newest_checkpoint
from casework.audit.sealer import configured
from casework.cases.models import Case
from casework.escalations import casework_verify, casework_verify_log
from casework.escalations.models import Package
from casework.escalations.package import identity as signing
from casework.evidence.storage import evidence_store
from tests.cases.test_decide import decide
from tests.cast import make_case, person
from tests.evidence.making import make_examined

from .rows import approved, archive, files, garden, identity, made, police
from .test_verifying import flipped, regions

BESIDE_PYTHON = Path(sys.executable).parent


def sealed() -> None:
    """Everything in the log gets its place, under a signed checkpoint."""
    sealer = configured()
    sealer.open()
    sealer.seal()


@pytest.fixture
def package(committed_db: str, tmp_path: Path, settings: Any) -> Iterator[Package]:
    """A decided case with two pictures, handed to the police with everything that belongs to it."""
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.log"
    case = garden(2)
    decide(case)
    waiting = approved(case, police(), pictures=True)
    sealed()
    yield made(waiting)
    connections.close_all()


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def check(path: Path, key: str = "") -> subprocess.CompletedProcess[str]:
    """``casework-verify`` as a recipient runs it: a program of its own."""
    return run(sys.executable, casework_verify.__file__, path, "--key", key or signing.verifier().vkey)


def test_debian_age_decrypts_and_every_tool_agrees(
    package: Package, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    assert package.storage_key is not None
    whole, plain, key = tmp_path / "p.tar.age", tmp_path / "p.tar", tmp_path / "key.txt"
    whole.write_bytes(evidence_store().read(package.storage_key).read())
    key.write_text(f"{identity()}\n")
    ran = run(require_tool("age"), "--decrypt", "-i", key, "-o", plain, whole)
    assert ran.returncode == 0, ran.stderr
    assert plain.read_bytes() == archive(package)
    said = check(plain)
    assert (said.returncode, said.stderr) == (0, "")
    assert "VALID against the key given" in said.stdout
    assert package.signer_fingerprint in said.stdout
    assert run("tar", "-xf", plain, "-C", tmp_path).returncode == 0
    bag = tmp_path / f"casework-{package.public_id}"
    ran = run(BESIDE_PYTHON / "bagit.py", "--validate", bag)
    assert ran.returncode == 0, ran.stderr
    ran = run(BESIDE_PYTHON / "case_validate", "--built-version", "case-1.4.0", bag / "data/case-uco.jsonld")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    # the tool would say otherwise
    (bag / "data/README.txt").write_text("changed")
    assert run(BESIDE_PYTHON / "bagit.py", "--validate", bag).returncode != 0
    damaged = bytearray(whole.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    whole.write_bytes(damaged)
    assert run(require_tool("age"), "--decrypt", "-i", key, "-o", tmp_path / "no.tar", whole).returncode != 0


def test_one_flipped_byte_in_every_region_is_named(
    package: Package, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of every file's header, content and padding and of the end: first byte, last byte, and some between."""
    data, path, key = archive(package), tmp_path / "flipped.tar", signing.verifier().vkey
    path.write_bytes(data)
    assert casework_verify.main([str(path), "--key", key]) == 0
    named = regions(data)
    borders = [at for at in range(len(data)) if at == 0 or named[at] != named[at - 1]] + [len(data)]
    assert len(borders) > 2 * len(files(package))
    assert {"data/pictures/exhibit-1.jpg", "MANIFEST.note", casework_verify.STRUCTURE} <= set(named)
    chance = random.Random(7)
    capsys.readouterr()
    for first, end in zip(borders, borders[1:], strict=False):
        for at in sorted({first, end - 1, chance.randrange(first, end), chance.randrange(first, end)}):
            path.write_bytes(flipped(data, at, chance.randrange(8)))
            assert casework_verify.main([str(path), "--key", key]) == 1, f"byte {at} ({named[at]}) was missed"
            assert f"NOT VALID  {named[at]}: " in capsys.readouterr().err, f"byte {at}"


def test_another_signers_key_is_not_enough(package: Package, tmp_path: Path) -> None:
    path = tmp_path / "p.tar"
    path.write_bytes(archive(package))
    other = Verifier(signing.verifier().name, b"\x07" * 32)
    assert check(path, other.vkey).returncode == 1


def test_the_log_s_entries_are_proven_without_us(package: Package) -> None:
    found = files(package)
    verifier = log_identity.verifier(newest_checkpoint())
    head = verified_checkpoint(found["data/log/checkpoint.txt"].decode(), verifier)
    assert found["data/log/key.txt"].decode().strip() == verifier.vkey
    leaves = [name for name in found if name.endswith(".leaf")]
    told = json.loads(found["data/custody.json"])
    proven: dict[int, str] = {}
    for name in leaves:
        proof = found[name.removesuffix(".leaf") + ".tlog-proof"].decode()
        index, tree = inclusion.verified(proof, found[name], verifier)
        assert tree == head
        proven[index] = json.loads(found[name][16:])["verb"]
    assert {event["log_index"] for event in told} < set(proven)
    assert {"evidence.received", "decision.made", "effect.opened"} <= set(proven.values())
    assert not [verb for verb in proven.values() if verb.startswith("escalation.")]


def test_the_recipient_s_program_follows_every_proof_and_compares_the_custody_history(
    package: Package, tmp_path: Path
) -> None:
    path, verifier = tmp_path / "p.tar", log_identity.verifier(newest_checkpoint())
    path.write_bytes(archive(package))
    ran = run(sys.executable, casework_verify_log.__file__, path, "--key", verifier.vkey)
    assert (ran.returncode, ran.stderr) == (0, "")
    found = files(package)
    leaves = [name for name in found if name.endswith(".leaf")]
    assert ran.stdout.count("PROVEN  entry ") == len(leaves)
    closed = len(json.loads(found["data/log/withheld.json"]))
    assert f"PROVEN  {closed} entries of which only the hash is here" in ran.stdout
    rows = len(json.loads(found["data/custody.json"]))
    assert rows
    assert f"Custody history: {rows} rows are as the log has them, 0 name no entry" in ran.stdout
    # the key of packages is another one
    ran = run(sys.executable, casework_verify_log.__file__, path, "--key", signing.verifier().vkey)
    assert ran.returncode == 1


def test_every_other_entry_of_the_case_is_there_as_a_hash_that_is_proven(package: Package) -> None:
    found = files(package)
    verifier = log_identity.verifier(newest_checkpoint())
    told = json.loads(found["data/log/withheld.json"])
    of_case = Entry.objects.filter(case_id=package.escalation.case.public_id, seal__isnull=False)
    rows = {row.seal.seq: row for row in of_case.select_related("seal")}
    for each in told:
        way, _blank, checkpoint = each["proof"].partition("\n\n")
        _first, number, *siblings = way.split("\n")
        head = verified_checkpoint(checkpoint, verifier)
        path = [base64.b64decode(line) for line in siblings]
        leaf = bytes.fromhex(each["leaf_hash"])
        assert number == f"index {each['index']}"
        assert merkle.verify_inclusion(leaf, each["index"], head.size, path, head.root)
        row = rows[each["index"]]
        assert leaf == merkle.leaf_hash(bytes(row.salt) + bytes(row.body))
    opened = {int(name.split("/")[-1][:10]) for name in found if name.endswith(".leaf")}
    withheld = {each["index"] for each in told}
    assert opened.isdisjoint(withheld)
    approved_at = package.escalation.approved_at
    assert opened | withheld == {place for place, row in rows.items() if row.at <= approved_at}
    assert {rows[place].verb for place in withheld} >= {"escalation.drafted", "escalation.previewed"}


def test_no_verb_or_person_of_a_withheld_entry_is_told(package: Package) -> None:
    text = files(package)["data/log/withheld.json"].decode()
    assert set(json.loads(text)[0]) == {"index", "leaf_hash", "proof"}
    assert "escalation." not in text
    assert str(person("mona").public_id) not in text


def test_a_case_that_was_restricted_opens_nothing_of_that_for_partners_who_may_not_know(
    committed_db: str, tmp_path: Path, settings: Any
) -> None:
    settings.CHECKPOINT_FILE = tmp_path / "checkpoints.log"
    case = make_case(minor_indicated=True)
    make_examined(case, 1)
    Case.objects.filter(pk=case.pk).update(restricted=False, minor_indicated=False)
    case.refresh_from_db()
    waiting = approved(case, police())
    sealed()
    found = files(made(waiting))
    connections.close_all()
    leaves = [data[16:] for name, data in found.items() if name.endswith(".leaf")]
    assert {json.loads(body)["verb"] for body in leaves} >= {"evidence.received"}
    for body in [*leaves, found["data/log/withheld.json"]]:
        assert b"restricted" not in body
        assert b"case.opened" not in body


def test_nobody_of_the_desk_is_named(package: Package) -> None:
    found = files(package)
    told = {name: data for name, data in found.items() if not name.endswith(".leaf")}
    for someone in ("mona", "lena", "lex"):
        who = person(someone)
        for secret in (who.email, str(who.public_id)):
            assert not [name for name, data in told.items() if secret.encode() in data]
    [decision] = json.loads(found["data/decisions.json"])
    assert decision["actor"]["role"] == "moderator"
