"""The error correction under our marks: 48 bits of id and 7 check bits as 255 bits that may lose any 31.

A primitive BCH code of length 255 and dimension 55 that corrects 31 errors (Bose and Ray-Chaudhuri, "On a
class of error correcting binary group codes", 1960; Hocquenghem 1959), narrow-sense over GF(256) with the
field polynomial x^8 + x^4 + x^3 + x^2 + 1. Two code words differ in at least 63 of 255 places. Decoding by
syndromes, the Berlekamp-Massey algorithm (Massey, "Shift-register synthesis and BCH decoding", 1969) and
trying all places as roots.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint8]

LENGTH = 255
CORRECTS = 31
ID_BITS = 48
LARGEST_ID = 2**ID_BITS - 1

_DATA_BITS = 55
_PARITY_BITS = LENGTH - _DATA_BITS
_CHECK_BITS = _DATA_BITS - ID_BITS
_CHECK_MODULUS = 127
"""The largest prime that fits the check bits."""

_FIELD_POLYNOMIAL = 0x11D


def encode(mark_ids: Sequence[int]) -> Bits:
    """The code words of ids, one a row: (ids, 255), uint8 of 0 and 1. Raises ValueError for more than 48 bits."""
    data = np.array([_data_bits(one) for one in mark_ids], dtype=np.uint8).reshape(-1, _DATA_BITS)
    return (data.astype(np.int64) @ _generator_matrix() % 2).astype(np.uint8)


def decode(word: Bits) -> int | None:
    """The id of the one code word that differs from *word* (255 of 0 and 1) in at most 31 places, or None.

    A word of fair coin tosses lies that near to any code word once in 2**64, and then the check bits must
    agree too.
    """
    if word.shape != (LENGTH,):
        raise ValueError(f"a code word has {LENGTH} bits, this has the shape {word.shape}")
    syndromes = _syndromes(word)
    corrected = word.copy()
    if any(syndromes):
        places = _error_places(_shortest_register(syndromes))
        if places is None:
            return None
        corrected[places] ^= 1
        if any(_syndromes(corrected)):
            return None
    return _id_of(corrected)


def _data_bits(mark_id: int) -> list[int]:
    if not 0 <= mark_id <= LARGEST_ID:
        raise ValueError(f"a mark id has {ID_BITS} bits, {mark_id} does not fit")
    data = mark_id << _CHECK_BITS | mark_id % _CHECK_MODULUS
    return [data >> place & 1 for place in range(_DATA_BITS)]


def _id_of(word: Bits) -> int | None:
    data = sum(int(bit) << place for place, bit in enumerate(word[_PARITY_BITS:]))
    mark_id, check = data >> _CHECK_BITS, data & (2**_CHECK_BITS - 1)
    return mark_id if check == mark_id % _CHECK_MODULUS else None


@lru_cache(maxsize=1)
def _field() -> tuple[list[int], list[int]]:
    """Powers of the generator (twice around), and the logarithm of each element other than 0."""
    powers, logarithms, element = [0] * (2 * LENGTH), [0] * 256, 1
    for exponent in range(LENGTH):
        powers[exponent] = powers[exponent + LENGTH] = element
        logarithms[element] = exponent
        element <<= 1
        if element & 0x100:
            element ^= _FIELD_POLYNOMIAL
    return powers, logarithms


def _times(a: int, b: int) -> int:
    powers, logarithms = _field()
    return powers[logarithms[a] + logarithms[b]] if a and b else 0


def _generator_polynomial() -> int:
    """Its bits are the coefficients: the product of the minimal polynomials of the first 62 powers."""
    powers, _ = _field()
    roots: set[int] = set()
    for exponent in range(1, 2 * CORRECTS + 1):
        roots |= {exponent * 2**turn % LENGTH for turn in range(8)}
    coefficients = [1]
    for root in sorted(roots):
        shifted = [0, *coefficients]
        scaled = [_times(one, powers[root]) for one in coefficients] + [0]
        coefficients = [high ^ low for high, low in zip(shifted, scaled, strict=True)]
    return sum(one << place for place, one in enumerate(coefficients))


@lru_cache(maxsize=1)
def _generator_matrix() -> NDArray[np.int64]:
    """(55, 255): the code word of each single data bit; parity first, then the data themselves."""
    generator, rows = _generator_polynomial(), []
    for place in range(_DATA_BITS):
        rest = 1 << (_PARITY_BITS + place)
        for high in range(_PARITY_BITS + place, _PARITY_BITS - 1, -1):
            if rest >> high & 1:
                rest ^= generator << (high - _PARITY_BITS)
        word = rest | 1 << (_PARITY_BITS + place)
        rows.append([word >> bit & 1 for bit in range(LENGTH)])
    return np.array(rows, dtype=np.int64)


def _syndromes(word: Bits) -> list[int]:
    """The word as a polynomial at the first 62 powers of the generator; all 0 for a code word."""
    powers, places = _field()[0], np.flatnonzero(word)
    table = np.array(powers[:LENGTH], dtype=np.int64)
    return [
        int(np.bitwise_xor.reduce(table[places * exponent % LENGTH], initial=0))
        for exponent in range(1, 2 * CORRECTS + 1)
    ]


def _shortest_register(syndromes: list[int]) -> list[int]:
    """The error locator polynomial, lowest coefficient first (Berlekamp-Massey)."""
    powers, logarithms = _field()
    current, previous, length, gap, last = [1], [1], 0, 1, 1
    for step, syndrome in enumerate(syndromes):
        discrepancy = syndrome
        for place in range(1, min(length, len(current) - 1) + 1):
            discrepancy ^= _times(current[place], syndromes[step - place])
        if not discrepancy:
            gap += 1
            continue
        factor = powers[(logarithms[discrepancy] - logarithms[last]) % LENGTH]
        moved = [0] * gap + [_times(factor, one) for one in previous]
        wider = max(len(current), len(moved))
        summed = [
            (current[place] if place < len(current) else 0) ^ (moved[place] if place < len(moved) else 0)
            for place in range(wider)
        ]
        if 2 * length <= step:
            length, previous, last, gap = step + 1 - length, current, discrepancy, 1
        else:
            gap += 1
        current = summed
    return current[: length + 1]


def _error_places(locator: list[int]) -> list[int] | None:
    """Where the bits are wrong, or None when the locator has not as many roots as it should."""
    powers, logarithms = _field()
    errors = len(locator) - 1
    if not 0 < errors <= CORRECTS:
        return None
    exponents = np.arange(LENGTH)
    table, value = np.array(powers[:LENGTH], dtype=np.int64), np.zeros(LENGTH, dtype=np.int64)
    for degree, coefficient in enumerate(locator):
        if coefficient:
            value ^= table[(logarithms[coefficient] - degree * exponents) % LENGTH]
    places = [int(one) for one in np.flatnonzero(value == 0)]
    return places if len(places) == errors else None
