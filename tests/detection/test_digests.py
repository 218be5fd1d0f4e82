"""Digests are exact and the same whether the bytes come at once or in pieces."""

from __future__ import annotations

from detection import digests


def test_the_published_examples_come_out() -> None:
    found = digests.of_bytes(b"abc")
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert found.md5 == "900150983cd24fb0d6963f7d28e17f72"
    assert found.size == 3


def test_pieces_give_the_same_as_the_whole() -> None:
    whole = bytes(range(256)) * 1000
    pieces = (whole[at : at + 777] for at in range(0, len(whole), 777))
    assert digests.of_chunks(pieces) == digests.of_bytes(whole)


def test_nothing_has_digests_too() -> None:
    assert digests.of_chunks(()) == digests.of_bytes(b"")
    assert digests.of_bytes(b"").size == 0
