"""Signed notes and checkpoints: the specification's own example, and everything that must be refused."""

from __future__ import annotations

import base64

import pytest

from casework.audit.notes import (
    BadNote,
    Signer,
    TreeHead,
    Unverified,
    Verifier,
    claimed_checkpoint,
    proof_file,
    verified_checkpoint,
    verified_text,
)

SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_TEXT = "This is an example message.\n"
SPEC_LINE = (
    "— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SPEC_NOTE = f"{SPEC_TEXT}\n{SPEC_LINE}"

OURS = Signer("desk.test/log", b"\x01" * 32)
STRANGER = Signer("stranger.test/log", b"\x02" * 32)
HEAD = TreeHead(
    "desk.test/log", 3, bytes.fromhex("aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77")
)


def line_of(signer: Signer, text: str) -> str:
    return signer.sign(text).partition("\n\n")[2]


def test_the_example_of_the_specification_is_valid() -> None:
    assert verified_text(SPEC_NOTE, [Verifier.from_vkey(SPEC_KEY)]) == SPEC_TEXT


def test_a_key_is_written_as_it_was_read() -> None:
    assert Verifier.from_vkey(SPEC_KEY).vkey == SPEC_KEY
    assert Verifier.from_vkey(OURS.verifier.vkey) == OURS.verifier


def test_what_we_sign_we_verify() -> None:
    note = OURS.sign(HEAD.text)
    assert verified_checkpoint(note, OURS.verifier) == HEAD
    assert claimed_checkpoint(note) == HEAD


def test_a_changed_text_is_not_verified() -> None:
    note = OURS.sign(HEAD.text).replace("\n3\n", "\n4\n")
    with pytest.raises(Unverified, match="does not fit"):
        verified_checkpoint(note, OURS.verifier)


def test_signatures_of_unknown_keys_are_ignored() -> None:
    note = OURS.sign(HEAD.text) + line_of(STRANGER, HEAD.text)
    assert verified_text(note, [OURS.verifier]) == HEAD.text
    assert verified_text(note, [STRANGER.verifier]) == HEAD.text


def test_a_bad_signature_of_a_known_key_refuses_a_note_that_another_key_signed() -> None:
    bad = line_of(STRANGER, "something else\n")
    note = OURS.sign(HEAD.text) + bad
    assert verified_text(note, [OURS.verifier]) == HEAD.text
    with pytest.raises(Unverified, match="stranger"):
        verified_text(note, [OURS.verifier, STRANGER.verifier])


def test_a_note_that_no_known_key_signed_is_not_verified() -> None:
    with pytest.raises(Unverified, match="None of the known keys"):
        verified_text(OURS.sign(HEAD.text), [STRANGER.verifier])


def test_a_key_of_our_name_that_is_not_ours_is_unknown() -> None:
    impostor = Signer("desk.test/log", b"\x03" * 32)
    with pytest.raises(Unverified):
        verified_text(impostor.sign(HEAD.text), [OURS.verifier])


def test_a_checkpoint_of_another_origin_is_not_ours() -> None:
    note = OURS.sign(TreeHead("elsewhere.test/log", 3, HEAD.root).text)
    with pytest.raises(Unverified, match="elsewhere"):
        verified_checkpoint(note, OURS.verifier)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no signature\n",
        "text\n\n",
        f"text\n\n{SPEC_LINE[:-1]}",
        "text\n\n- example.com/foo Uw2QOg==\n",
        "text\n\n— example.com/foo\n",
        "text\n\n— example.com/foo ???\n",
        "text\n\n— example.com/foo Uw2QOg==\n",
        "te\x07xt\n\n— example.com/foo Uw2QOkn8\n",
        "text\n\n— exam+ple Uw2QOkn8\n",
        "text\n\n" + "— unknown.test Uw2QOkn8\n" * 101,
    ],
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(BadNote):
        verified_text(note, [Verifier.from_vkey(SPEC_KEY)])


def test_sixteen_signatures_are_read() -> None:
    note = OURS.sign(HEAD.text) + "— unknown.test Uw2QOkn8\n" * 15
    assert verified_text(note, [OURS.verifier]) == HEAD.text


@pytest.mark.parametrize(
    "text",
    [
        "origin\n3\n",
        "origin\n03\n" + "A" * 43 + "=\n",
        "origin\n-3\n" + "A" * 43 + "=\n",
        "origin\n٣\n" + "A" * 43 + "=\n",
        "origin\n3\nAAAA\n",
        "origin\n3\nnot base64!\n",
        "\n3\n" + "A" * 43 + "=\n",
        "origin\n3\n" + "A" * 43 + "=",
        "origin\n3\n" + "A" * 43 + "=\n\nmore\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        TreeHead.from_text(text)


def test_extension_lines_are_ignored() -> None:
    assert TreeHead.from_text(HEAD.text + "extra line\n") == HEAD


@pytest.mark.parametrize(
    "vkey",
    [
        "example.com/foo",
        SPEC_KEY.replace("530d903a", "530d903b"),
        "example.com/foo+530d903a+" + base64.b64encode(b"\x02" + b"\0" * 32).decode(),
        "exam ple" + SPEC_KEY,
    ],
)
def test_what_is_no_key_is_refused(vkey: str) -> None:
    with pytest.raises(BadNote):
        Verifier.from_vkey(vkey)


@pytest.mark.parametrize("name", ["", "two words", "plus+sign", "line\nbreak"])
def test_a_key_has_a_name_without_spaces_and_plus(name: str) -> None:
    with pytest.raises(BadNote):
        _ = Signer(name, b"\x01" * 32).verifier


@pytest.mark.parametrize("text", ["no newline", "bell\x07\n"])
def test_a_text_that_no_note_may_hold_is_not_signed(text: str) -> None:
    with pytest.raises(BadNote):
        OURS.sign(text)


def test_a_proof_file_has_the_form_of_its_specification() -> None:
    note = OURS.sign(HEAD.text)
    assert proof_file(2, [b"\0" * 32], note) == (f"c2sp.org/tlog-proof@v1\nindex 2\n{'A' * 43}=\n\n{note}")
