"""References and access codes: enough entropy, readable by people, mistakes caught."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from casework.reports import codes


def test_a_hundred_thousand_access_codes_use_every_character_evenly_and_never_repeat() -> None:
    made = [codes.new_access_code() for _ in range(100_000)]
    assert len(set(made)) == len(made)
    assert all(codes.is_access_code(code) for code in made)
    for place in range(codes.ACCESS_CODE_LENGTH):
        counts = Counter(code[place] for code in made)
        assert len(counts) == 32
        # 3125 expected; chi-square with 31 degrees of freedom passes 100 in one of 10^9 runs
        assert sum((count - 3125) ** 2 / 3125 for count in counts.values()) < 100


def test_a_hundred_thousand_references_carry_a_right_check_character() -> None:
    made = [codes.new_reference() for _ in range(100_000)]
    assert all(codes.is_reference(reference) for reference in made)
    assert len(set(made)) > 99_980  # 40 bits: a repeat among 10^5 is rare, and the column is unique


def test_every_single_slip_and_every_swap_of_two_characters_is_caught() -> None:
    chance = random.Random(7)
    for _ in range(200):
        reference = codes.new_reference()
        for place in range(9):
            wrong = chance.choice([c for c in codes.ALPHABET if c != reference[place]])
            assert not codes.is_reference(reference[:place] + wrong + reference[place + 1 :])
            for other in range(place):
                if reference[place] != reference[other]:
                    letters = list(reference)
                    letters[place], letters[other] = letters[other], letters[place]
                    assert not codes.is_reference("".join(letters))


@pytest.mark.parametrize("typed", ["7q4m-2xk9", " 7Q4M 2XK9 ", "7q4m–2xk9"])
def test_spelling_does_not_matter(typed: str) -> None:
    assert codes.normal(typed) == "7Q4M2XK9"


def test_look_alikes_are_read_as_what_was_meant() -> None:
    assert codes.normal("oO-iI-lL") == "001111"


def test_a_code_matches_its_own_hash_only_and_nothing_matches_no_hash() -> None:
    code = codes.new_access_code()
    stored = codes.hash_access_code(code)
    assert stored.startswith("$argon2id$")
    assert code not in stored
    assert codes.code_matches(stored, code)
    assert not codes.code_matches(stored, codes.new_access_code())
    assert not codes.code_matches(None, code)
