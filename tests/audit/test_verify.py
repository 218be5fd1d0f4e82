"""``audit_verify``: green on an untouched log, red with the fault's name after every kind of tampering."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test import override_settings

from casework.audit import identity, merkle, sealer, verification
from casework.audit.journal import Journal
from casework.audit.log import Verb, leaf_hash, record
from casework.audit.models import Entry, EntryDetail
from casework.audit.notes import Signer, TreeHead
from casework.privacy.keyring import read_key
from tests.audit.conftest import (
    copy_of_the_database,
    dying_after_the_journal,
    opened,
    seal,
    verify,
    write_entries,
)
from tests.cast import make_case, person

Tamper = Callable[..., Any]


def entry_at(seq: int) -> Entry:
    found: Entry = Entry.objects.get(seal__seq=seq)
    return found


def recomputed(tamper: Tamper, seq: int) -> Entry:
    """The entry at *seq*, rewritten by a superuser who also recomputes its hash."""
    entry = entry_at(seq)
    body = bytes(entry.body).replace(b'"number":', b'"nummer":')
    assert body != bytes(entry.body)
    tamper(
        "UPDATE audit_entry SET body = %s, leaf_hash = %s WHERE id = %s",
        body, leaf_hash(bytes(entry.salt), body), entry.pk,
    )  # fmt: skip
    return entry


def test_an_untouched_log_is_consistent(sealed_log: Journal, capsys: Any) -> None:
    assert verify(capsys=capsys) == (
        0, "12 entries, 3 checkpoints: all consistent, signed by desk.test/log.\n",
    )  # fmt: skip


def test_an_empty_log_is_consistent(real_log: Journal, capsys: Any) -> None:
    code, said = verify(capsys=capsys)
    assert code == 0
    assert said.startswith("0 entries, 0 checkpoints")


def test_a_transaction_around_it_is_refused(sealed_log: Journal) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        verification.verify(sealed_log, identity.verifier(None))


# --- entries ------------------------------------------------------------------------------------------------------


def test_an_edited_body_is_named(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    entry = entry_at(6)
    body = bytes(entry.body).replace(b'"number":2', b'"number":9')
    tamper("UPDATE audit_entry SET body = %s WHERE id = %s", body, entry.pk)
    code, said = verify(capsys=capsys)
    assert code == 1
    assert f"Entry number 6 (person.signed_in, {entry.public_id}) was edited" in said
    assert "1 faults." in said


def test_an_edited_entry_with_its_hash_recomputed_is_named(
    sealed_log: Journal, tamper: Tamper, capsys: Any
) -> None:
    entry = recomputed(tamper, 6)
    code, said = verify(capsys=capsys)
    assert code == 1
    assert f"Entry number 6 (person.signed_in, {entry.public_id}) was edited and its hash recomputed" in said
    assert "1 faults." in said


def test_without_the_leaf_file_a_recomputed_entry_is_named_by_its_range(
    sealed_log: Journal, tamper: Tamper, capsys: Any
) -> None:
    recomputed(tamper, 6)
    sealed_log.leaves_path.unlink()
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "do not give the signed root of 8 entries: one of number 4 to 7" in said


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("verb", "person.signed_out"),
        ("subject", "accounts.user:99"),
        ("at", "2026-01-01T00:00:00Z"),
        ("case_id", "11111111-1111-4111-8111-111111111111"),
        ("public_id", "11111111-1111-4111-8111-111111111111"),
        ("actor_id", None),
    ],
)
def test_a_column_that_says_something_else_than_the_body_is_named(
    sealed_log: Journal, tamper: Tamper, capsys: Any, column: str, value: str | None
) -> None:
    tamper(f"UPDATE audit_entry SET {column} = %s WHERE id = %s", value, entry_at(3).pk)
    code, said = verify(capsys=capsys)
    assert code == 1
    told = {"at": "at", "case_id": "case", "public_id": "id", "actor_id": "actor"}.get(column, column)
    assert re.search(rf"Entry number 3 .* was edited: its {told} is not what its body says\.", said)


def test_a_changed_salt_is_named(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    tamper("UPDATE audit_entry SET salt = %s WHERE id = %s", b"0" * 16, entry_at(0).pk)
    assert "Entry number 0 " in verify(capsys=capsys)[1]


def test_a_deleted_entry_is_named(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    tamper("DELETE FROM audit_entry WHERE id = %s", entry_at(5).pk)
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "Entry number 5 is missing" in said
    assert "1 faults." in said


def test_an_entry_deleted_with_its_seal_is_named(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    entry = entry_at(5)
    tamper("DELETE FROM audit_seal WHERE seq = 5")
    tamper("DELETE FROM audit_entry WHERE id = %s", entry.pk)
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "Entry number 5 is missing" in said


def test_entries_that_changed_places_are_named(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    one, two = entry_at(2), entry_at(9)
    tamper("UPDATE audit_seal SET entry_id = -1 WHERE seq = 2")
    tamper("UPDATE audit_seal SET entry_id = %s WHERE seq = 9", one.pk)
    tamper("UPDATE audit_seal SET entry_id = %s WHERE seq = 2", two.pk)
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "Entry number 2 " in said
    assert "Entry number 9 " in said
    assert "2 faults." in said


def test_any_flipped_bit_names_its_entry(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    chance = random.Random(20261123)
    for _trial in range(40):
        seq, column = chance.randrange(12), chance.choice(["body", "salt", "leaf_hash"])
        entry = entry_at(seq)
        original = bytes(getattr(entry, column))
        flipped = bytearray(original)
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
        change = f"UPDATE audit_entry SET {column} = %s WHERE id = %s"
        tamper(change, bytes(flipped), entry.pk)
        code, said = verify(capsys=capsys)
        assert (code, f"Entry number {seq} (" in said) == (1, True), (seq, column, said)
        tamper(change, original, entry.pk)
    assert verify(capsys=capsys)[0] == 0


# --- the end ------------------------------------------------------------------------------------------------------


def test_a_cut_tail_is_named(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    gone = [entry_at(seq).pk for seq in (10, 11)]
    tamper("DELETE FROM audit_seal WHERE seq >= 10")
    tamper("DELETE FROM audit_entry WHERE id = ANY(%s)", gone)
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "A log of 12 entries was signed, the database ends at 10" in said
    assert "Gone: number 10 to 11." in said


def test_a_tail_cut_with_its_checkpoint_is_named(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    gone = [entry_at(seq).pk for seq in range(8, 12)]
    tamper("DELETE FROM audit_checkpoint WHERE size = 12")
    tamper("DELETE FROM audit_seal WHERE seq >= 8")
    tamper("DELETE FROM audit_entry WHERE id = ANY(%s)", gone)
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "A log of 12 entries was signed, the database ends at 8" in said


def test_an_older_database_is_named(real_log: Journal, capsys: Any) -> None:
    write_entries(4)
    seal()
    with copy_of_the_database() as older:
        write_entries(3)
        seal()
        connections.close_all()
        connection.settings_dict["NAME"] = older
        write_entries(1)  # life goes on in the restored database
        code, said = verify(capsys=capsys)
        assert code == 1
        assert "A log of 7 entries was signed, the database ends at 4" in said
        assert "restored from an earlier state" in said


def test_a_seal_that_is_signed_and_not_committed_is_no_fault(
    sealed_log: Journal, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_entries(2)
    with dying_after_the_journal(monkeypatch):
        seal()
    code, said = verify(capsys=capsys)
    assert code == 0
    assert "signed and not yet in the database" in said
    opened()
    assert verify(capsys=capsys) == (
        0, "14 entries, 4 checkpoints: all consistent, signed by desk.test/log.\n",
    )  # fmt: skip


def test_a_tail_resealed_without_the_key_is_named(sealed_log: Journal, tamper: Tamper, capsys: Any) -> None:
    recomputed(tamper, 11)
    leaves = [bytes(leaf) for leaf in Entry.objects.order_by("seal__seq").values_list("leaf_hash", flat=True)]
    forged = Signer("desk.test/log", b"\x09" * 32).sign(
        TreeHead("desk.test/log", 12, merkle.root(leaves)).text
    )
    tamper("UPDATE audit_checkpoint SET note = %s, root = %s WHERE size = 12", forged, merkle.root(leaves))
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "Checkpoint 3 in the database is not to be believed" in said
    assert "Entry number 11 " in said


def test_a_log_resealed_with_the_stolen_key_is_named_by_the_journal(
    sealed_log: Journal, tamper: Tamper, capsys: Any
) -> None:
    recomputed(tamper, 11)
    leaves = [bytes(leaf) for leaf in Entry.objects.order_by("seal__seq").values_list("leaf_hash", flat=True)]
    stolen = Signer("desk.test/log", bytes.fromhex(read_key("seal.key")))
    forged = stolen.sign(TreeHead("desk.test/log", 12, merkle.root(leaves)).text)
    tamper("UPDATE audit_checkpoint SET note = %s, root = %s WHERE size = 12", forged, merkle.root(leaves))
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "Two different logs of 12 entries were signed" in said


# --- checkpoints and journal --------------------------------------------------------------------------------------


def test_a_checkpoint_missing_from_the_database_is_named(
    sealed_log: Journal, tamper: Tamper, capsys: Any
) -> None:
    tamper("DELETE FROM audit_checkpoint WHERE size = 8")
    assert verify(capsys=capsys) == (
        1, "FAULT: The checkpoint over 8 entries is missing from the database.\n1 faults.\n",
    )  # fmt: skip


def test_a_checkpoint_missing_from_the_journal_is_named(sealed_log: Journal, capsys: Any) -> None:
    notes = list(sealed_log.notes())
    sealed_log.path.write_text(notes[0] + notes[2])
    assert "The checkpoint over 8 entries is missing from the journal." in verify(capsys=capsys)[1]


def test_a_journal_without_its_end_is_named(sealed_log: Journal, capsys: Any) -> None:
    sealed_log.path.write_text("".join(list(sealed_log.notes())[:2]))
    code, said = verify(capsys=capsys)
    assert code == 1
    assert "The journal ends at 8 entries, the database at 12" in said


def test_an_edited_leaf_file_does_not_blame_the_entry(sealed_log: Journal, capsys: Any) -> None:
    data = bytearray(sealed_log.leaves_path.read_bytes())
    data[6 * 32] ^= 1
    sealed_log.leaves_path.write_bytes(data)
    assert verify(capsys=capsys) == (
        1, "FAULT: The leaf file of the journal was edited at number 6; the entry is sound.\n1 faults.\n",
    )  # fmt: skip


def test_a_checkpoint_column_that_differs_from_its_note_is_named(
    sealed_log: Journal, tamper: Tamper, capsys: Any
) -> None:
    tamper("UPDATE audit_checkpoint SET root = %s WHERE size = 8", b"\0" * 32)
    assert "The checkpoint over 8 entries in the database was edited." in verify(capsys=capsys)[1]


# --- personal parts -----------------------------------------------------------------------------------------------


def with_detail() -> Entry:
    mona = person("mona")
    with transaction.atomic():
        made = record(Verb.SIGNED_IN, actor=mona, subject=mona, personal={"address": "192.0.2.7"})
    seal()
    return Entry.objects.get(public_id=made)


def test_an_edited_personal_part_is_named(real_log: Journal, capsys: Any) -> None:
    entry = with_detail()
    assert verify(capsys=capsys)[0] == 0
    EntryDetail.objects.filter(entry=entry).update(personal={"address": "198.51.100.1"})
    code, said = verify(capsys=capsys)
    assert code == 1
    assert f"{entry.public_id}) has a personal part that was edited." in said


def test_an_undecipherable_personal_part_is_named(real_log: Journal, tamper: Tamper, capsys: Any) -> None:
    entry = with_detail()
    tamper("UPDATE audit_entrydetail SET personal = 'gAAAAA' WHERE entry_id = %s", entry.pk)
    assert "opens with none of our keys" in verify(capsys=capsys)[1]


def test_an_erased_personal_part_leaves_the_entry_sound(real_log: Journal, capsys: Any) -> None:
    entry = with_detail()
    EntryDetail.objects.filter(entry=entry).delete()
    code, said = verify(capsys=capsys)
    assert code == 0
    assert "1 entries (1 with an erased personal part)" in said


def test_a_personal_part_that_was_added_is_named(sealed_log: Journal, capsys: Any) -> None:
    EntryDetail.objects.create(entry=entry_at(3), salt=b"0" * 16, personal={"label": "invented"})
    assert "has a personal part that it does not speak of" in verify(capsys=capsys)[1]


# --- parts of the log ---------------------------------------------------------------------------------------------


def test_a_later_run_begins_where_an_earlier_one_ended(
    sealed_log: Journal, tamper: Tamper, capsys: Any
) -> None:
    code, said = verify("--since", "8", capsys=capsys)
    assert (code, said) == (0, "4 entries, 3 checkpoints: all consistent, signed by desk.test/log.\n")
    recomputed(tamper, 9)
    assert "Entry number 9 " in verify("--since", "8", capsys=capsys)[1]
    assert "no sound checkpoint over 7 entries" in verify("--since", "7", capsys=capsys)[1]


def test_entries_that_have_waited_a_minute_are_mentioned(
    sealed_log: Journal, tamper: Tamper, capsys: Any
) -> None:
    entry = write_entries(1)[0]
    assert "waited" not in verify(capsys=capsys)[1]
    tamper("UPDATE audit_entry SET at = at - interval '61 s' WHERE id = %s", entry.pk)
    code, said = verify(capsys=capsys)
    assert code == 0
    assert "1 entries have waited more than 60 s" in said


def test_the_proofs_of_a_case_lead_to_the_signed_root(real_log: Journal, tamper: Tamper, capsys: Any) -> None:
    case = make_case()
    write_entries(5)
    seal()
    own = Entry.objects.filter(case_id=case.public_id).count()
    code, said = verify("--case", str(case.public_id), capsys=capsys)
    assert code == 0
    assert said.count("c2sp.org/tlog-proof@v1") == own > 2
    first = Entry.objects.filter(case_id=case.public_id).order_by("pk").first()
    tamper("UPDATE audit_entry SET body = body || ' ' WHERE id = %s", first.pk)
    code, said = verify("--case", str(case.public_id), capsys=capsys)
    assert code == 1
    assert f"Entry {first.public_id} (case.opened) does not lead to the signed root." in said


def test_a_case_without_entries_has_no_proof(sealed_log: Journal, capsys: Any) -> None:
    assert verify("--case", "11111111-1111-4111-8111-111111111111", capsys=capsys) == (
        2, "This case has no sealed entry.",
    )  # fmt: skip


def test_another_key_is_not_believed(sealed_log: Journal, capsys: Any) -> None:
    stranger = Signer("desk.test/log", b"\x07" * 32).verifier.vkey
    code, said = verify("--vkey", stranger, capsys=capsys)
    assert code == 1
    assert "not to be believed" in said


def test_without_any_key_nothing_is_called_sound(sealed_log: Journal, capsys: Any, tmp_path: Path) -> None:
    with override_settings(CASEWORK_KEYS=tmp_path):
        code, said = verify(capsys=capsys)
    assert code == 2
    assert "Signatures can't be checked." in said


def test_the_sealer_and_the_verifier_agree_after_many_seals(real_log: Journal, capsys: Any) -> None:
    active = sealer.configured()
    active.open()
    for count in (1, 2, 3, 1, 1):
        write_entries(count)
        active.seal()
    assert verify(capsys=capsys)[1].startswith("8 entries, 5 checkpoints: all consistent")
