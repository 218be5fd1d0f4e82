"""Entries of the log with their proofs: known answers of RFC 6962, and everything that must not pass."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction

from casework.audit import identity, inclusion, merkle
from casework.audit.log import Verb, leaf_hash, record
from casework.audit.models import Entry
from casework.audit.notes import BadNote, TreeHead, Unverified, proof_file
from tests.audit.conftest import journal, real_log, seal  # noqa: F401 - fixtures of a log that is sealed for real
from tests.cast import person

from .making import LOG, STRANGER, make_log

#: The eight leaves of the reference tests of certificate transparency, and the root of their tree (RFC 6962).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOT = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
#: The published inclusion path of leaf 0 in that tree, leaf's sibling first.
PATH_OF_0 = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
]
NOTE = LOG.sign(TreeHead(LOG.name, 8, ROOT).text)
PROOF = proof_file(0, [bytes.fromhex(one) for one in PATH_OF_0], NOTE)


def test_the_published_path_proves_the_first_of_eight_leaves() -> None:
    assert inclusion.verified(PROOF, LEAVES[0], LOG.verifier) == (0, TreeHead(LOG.name, 8, ROOT))


def test_every_leaf_of_the_published_tree_is_proven() -> None:
    ranges = merkle.ranges_of([merkle.leaf_hash(leaf) for leaf in LEAVES])
    for at, leaf in enumerate(LEAVES):
        proof = proof_file(at, merkle.inclusion_proof(ranges, at, 8), NOTE)
        assert inclusion.verified(proof, leaf, LOG.verifier)[0] == at


def test_extra_data_of_a_proof_is_read_over() -> None:
    extra = PROOF.replace("\nindex", "\nextra Z2FyZGVu\nindex", 1)
    assert inclusion.verified(extra, LEAVES[0], LOG.verifier)[0] == 0


@pytest.mark.parametrize(
    ("was", "now", "error"),
    [
        ("index 0", "index 1", Unverified),
        ("index 0", "index 8", Unverified),
        ("index 0", "index 00", BadNote),
        ("index 0", "number 0", BadNote),
        ("tlog-proof@v1", "tlog-proof@v2", BadNote),
        ("\n8\n", "\n9\n", Unverified),
        ("lqKW0iTy", "lqKW0iTz", Unverified),
        ("lqKW0iTy", "lqKW", BadNote),
        ("lqKW0iTy", "l!KW0iTy", BadNote),
    ],
)
def test_a_changed_proof_proves_nothing(was: str, now: str, error: type[Exception]) -> None:
    assert was in PROOF
    with pytest.raises(error):
        inclusion.verified(PROOF.replace(was, now, 1), LEAVES[0], LOG.verifier)


def test_another_leaf_is_not_proven() -> None:
    with pytest.raises(Unverified):
        inclusion.verified(PROOF, LEAVES[1], LOG.verifier)


def test_a_checkpoint_of_another_log_is_not_believed() -> None:
    with pytest.raises(Unverified):
        inclusion.verified(PROOF, LEAVES[0], STRANGER.verifier)


def test_the_log_of_the_packages_of_these_tests_is_proven() -> None:
    for entry in make_log(5).entries:
        assert inclusion.verified(entry.proof, entry.data, LOG.verifier)[0] == entry.index


class _Case:
    public_id = uuid.UUID(int=7)


def write(count: int, case: object) -> None:
    mona = person("mona")
    for _time in range(count):
        with transaction.atomic():
            record(Verb.SIGNED_IN, actor=mona, subject=mona, case=case)


def test_the_entries_of_a_case_come_with_proofs_that_hold(real_log: object) -> None:  # noqa: F811
    write(2, None)
    write(3, _Case)
    write(1, None)
    seal()
    write(1, _Case)
    verifier = identity.verifier(None)
    found = inclusion.of_case(_Case.public_id, verifier)
    assert [entry.index for entry in found.entries] == [2, 3, 4]
    assert found.waiting == 1
    for entry in found.entries:
        assert inclusion.verified(entry.proof, entry.data, verifier) == (
            entry.index,
            inclusion.verified(found.entries[0].proof, found.entries[0].data, verifier)[1],
        )
        row = Entry.objects.get(public_id=entry.public_id)
        assert merkle.leaf_hash(entry.data) == leaf_hash(bytes(row.salt), bytes(row.body))
        assert entry.proof.endswith(found.checkpoint)


def test_nothing_leaves_when_the_checkpoint_is_not_by_the_key(real_log: object) -> None:  # noqa: F811
    write(1, _Case)
    seal()
    with pytest.raises(inclusion.NotProven):
        inclusion.of_case(_Case.public_id, STRANGER.verifier)


def test_a_case_that_waits_for_its_seal_has_no_entries_yet(real_log: object) -> None:  # noqa: F811
    write(2, _Case)
    found = inclusion.of_case(_Case.public_id, identity.verifier(None))
    assert (found.entries, found.checkpoint, found.waiting) == ((), "", 2)
