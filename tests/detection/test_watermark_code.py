"""The code under our marks gives ids back after 31 lost bits, and never another id."""

from __future__ import annotations

import random

import numpy as np
import pytest

from detection import markcode


def damaged(mark_id: int, errors: int, seed: int) -> markcode.Bits:
    word = markcode.encode([mark_id])[0].copy()
    word[random.Random(seed).sample(range(markcode.LENGTH), errors)] ^= 1
    return word


@pytest.mark.parametrize("errors", [0, 1, 2, 15, 30, 31])
def test_an_id_survives_up_to_31_wrong_bits(errors: int) -> None:
    for seed in range(12):
        mark_id = random.Random(seed).getrandbits(48)
        assert markcode.decode(damaged(mark_id, errors, seed)) == mark_id


@pytest.mark.parametrize("mark_id", [0, 1, 2**47, markcode.LARGEST_ID])
def test_the_smallest_and_largest_ids_survive(mark_id: int) -> None:
    assert markcode.decode(damaged(mark_id, 31, 5)) == mark_id


@pytest.mark.parametrize("errors", [32, 45, 60])
def test_beyond_that_nothing_is_read_rather_than_another_id(errors: int) -> None:
    assert [markcode.decode(damaged(seed << 20, errors, seed)) for seed in range(1, 13)] == [None] * 12


def test_coin_tosses_are_no_mark() -> None:
    tosses = np.random.default_rng(4).integers(0, 2, (200, markcode.LENGTH)).astype(np.uint8)
    assert {markcode.decode(word) for word in tosses} == {None}


def test_a_code_word_with_wrong_check_bits_is_refused() -> None:
    # Sums of code words are code words; 1 and 128 leave the same rest by 127, and 129 another than 0.
    one, other = markcode.encode([1, 128])
    assert markcode.decode(one ^ other) is None


def test_code_words_lie_at_least_63_bits_apart() -> None:
    lots = random.Random(9)
    words = markcode.encode([lots.getrandbits(48) for _ in range(400)] + [2**bit for bit in range(48)])
    for place, word in enumerate(words[:-1]):
        assert (words[place + 1 :] != word).sum(axis=1).min() >= 2 * markcode.CORRECTS + 1


@pytest.mark.parametrize("mark_id", [-1, 2**48])
def test_an_id_that_does_not_fit_is_refused(mark_id: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        markcode.encode([mark_id])


def test_no_ids_have_no_code_words() -> None:
    assert markcode.encode([]).shape == (0, markcode.LENGTH)


def test_a_word_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="255"):
        markcode.decode(np.zeros(254, dtype=np.uint8))
