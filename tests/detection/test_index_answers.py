"""The index answers as comparing with every hash does: same ids, same distances, nothing missed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detection import index, pdq
from detection.index import bands, searching
from detection.index.hashes import to_words
from tests.detection.test_pdq import TURNS, clouds

BITS = 256
Pairs = list[tuple[int, bytes]]


def compared(pairs: Pairs, asked: bytes, radius: int) -> tuple[index.Match, ...]:
    """The answer by Python integers, without anything of the index."""
    question, nearest = int.from_bytes(asked), dict[int, int]()
    for number, value in pairs:
        distance = (int.from_bytes(value) ^ question).bit_count()
        if distance <= min(radius, nearest.get(number, radius)):
            nearest[number] = distance
    return tuple(sorted(index.Match(distance, number) for number, distance in nearest.items()))


def flipped(value: bytes, bits: list[int]) -> bytes:
    """The hash with these bits turned over; bit b is bit b % 64 of word b // 64, as the bands count."""
    raw = bytearray(value)
    for bit in bits:
        raw[bit // 8] ^= 1 << bit % 8
    return bytes(raw)


def spread_over_bands(chance: np.random.Generator, count: int) -> list[int]:
    """So many bits, as evenly over all bands as can be: the hardest to find."""
    order = [chance.permutation(bands.STRIDE) for _band in range(bands.BANDS)]
    first = chance.permutation(bands.BANDS)
    return [
        int(band * bands.STRIDE + order[band][turn])
        for turn in range(bands.STRIDE)
        for band in first
    ][:count]  # fmt: skip


def near_duplicates(chance: np.random.Generator, value: bytes) -> list[bytes]:
    """Copies at 0 to 33 bits from the hash, once anywhere and once spread over the bands."""
    return [
        flipped(value, bits)
        for count in range(34)
        for bits in (
            chance.choice(BITS, count, replace=False).tolist(),
            spread_over_bands(chance, count),
        )
    ]


def made(directory: Path, pairs: Pairs) -> index.PdqIndex:
    index.build(directory, pairs)
    return index.open_index(directory)


def random_pairs(chance: np.random.Generator, count: int) -> Pairs:
    return [(number, chance.bytes(32)) for number in range(count)]


@pytest.mark.parametrize("radius", range(32))
def test_each_radius_finds_what_comparing_finds(tmp_path: Path, radius: int) -> None:
    chance = np.random.default_rng(radius)
    asked = chance.bytes(32)
    near = [(1000 + place, value) for place, value in enumerate(near_duplicates(chance, asked))]
    pairs = random_pairs(chance, 500) + near
    found = made(tmp_path, pairs).search(asked, radius)
    assert len(found) == 2 * (radius + 1)
    assert found == compared(pairs, asked, radius)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_after_any_changes_it_answers_as_comparing_does(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Built, added to, removed from and merged in any order, with ids and hashes that repeat."""
    chance = np.random.default_rng(data.draw(st.integers(0, 2**32), label="seed"))
    seeds = [chance.bytes(32) for _seed in range(3)]
    hashes = st.builds(
        lambda seed, count: flipped(seeds[seed], spread_over_bands(chance, count)),
        st.integers(0, 2), st.integers(0, 33),
    )  # fmt: skip
    pairs = st.lists(st.tuples(st.integers(-3, 12), hashes), max_size=12)
    stored = data.draw(pairs, label="built from")
    known = made(tmp_path_factory.mktemp("index"), stored)
    for step in data.draw(st.lists(st.sampled_from(["add", "remove", "merge"]), max_size=6), label="steps"):
        if step == "add":
            more = data.draw(pairs, label="added")
            known.add(more)
            stored = stored + more
        elif step == "remove":
            gone = data.draw(st.sets(st.integers(-3, 12), max_size=4), label="removed")
            known.remove(gone)
            stored = [pair for pair in stored if pair[0] not in gone]
        else:
            known.merge()
        radius = data.draw(st.integers(0, 31), label="radius")
        expected = [compared(stored, seed, radius) for seed in seeds]
        assert known.search_many(seeds, radius) == expected
        assert len(known) == len(stored)


@settings(max_examples=300, deadline=None)
@given(width=st.integers(8, 23), radius=st.integers(0, 31), seed=st.integers(0, 2**32))
def test_for_every_width_some_look_up_meets_a_hash_at_the_very_radius(
    width: int, radius: int, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    one = chance.bytes(32)
    other = flipped(one, spread_over_bands(chance, radius))
    plan = bands.plan(radius, width)
    keys_of = [[int(bands.keys(to_words([value]), band, width)[0]) for band in range(bands.BANDS)]
               for value in (one, other)]  # fmt: skip
    looked_up = {
        (band, keys_of[0][band] ^ flips)
        for band, flips in zip(plan.band.tolist(), plan.flips.tolist(), strict=True)
    }
    assert any((band, key) in looked_up for band, key in enumerate(keys_of[1]))


def test_bands_are_disjoint_and_cross_words_rightly() -> None:
    """Turning bit b over changes the key of band b // 23 by one bit and no other; the last three bits are in none."""
    nothing = bytes(32)
    for bit in range(BITS):
        words = to_words([flipped(nothing, [bit])])
        keys = [int(bands.keys(words, band, bands.STRIDE)[0]) for band in range(bands.BANDS)]
        expected = [0] * bands.BANDS
        if bit < bands.BANDS * bands.STRIDE:
            expected[bit // bands.STRIDE] = 1 << bit % bands.STRIDE
        assert keys == expected


def test_many_copies_of_one_picture_are_all_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More in one bucket than is compared at once."""
    monkeypatch.setattr(searching, "_MET_AT_ONCE", 64)
    chance = np.random.default_rng(5)
    asked = chance.bytes(32)
    copies = [(number, flipped(asked, spread_over_bands(chance, number % 40))) for number in range(900)]
    pairs = copies + [(number + 1000, value) for number, value in random_pairs(chance, 900)]
    found = made(tmp_path, pairs).search_many([asked, pairs[-1][1], asked])
    assert found == [compared(pairs, one, 31) for one in (asked, pairs[-1][1], asked)]
    assert len(found[0]) == sum(number % 40 <= 31 for number in range(900))


def test_a_larger_radius_is_refused_in_words(tmp_path: Path) -> None:
    known = made(tmp_path, [])
    with pytest.raises(
        index.RadiusTooLarge, match=r"radius of 32 bits .* only up to 31\. Choose 31 or less\."
    ):
        known.search("00" * 32, 32)
    with pytest.raises(ValueError, match="from 0 to 31, not -1"):
        known.search_many([], -1)


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    known = made(tmp_path, [])
    assert known.search("ab" * 32) == ()
    assert known.search_many([]) == []
    assert len(known) == 0


@pytest.mark.parametrize(
    "wrong", ["ab" * 31, "ab" * 33, "zz" * 32, "ab cd" + "0" * 59, b"\0" * 31, "", "é" * 64]
)
def test_what_is_no_hash_is_named_and_refused(tmp_path: Path, wrong: str | bytes) -> None:
    known = made(tmp_path, [(1, "ab" * 32)])
    with pytest.raises(ValueError, match="not a PDQ hash of 64 hex digits or 32 bytes"):
        known.search(wrong)
    with pytest.raises(ValueError, match="not a PDQ hash"):
        known.add([(2, "cd" * 32), (3, wrong)])
    assert known.search("cd" * 32) == ()


def test_hex_digits_and_bytes_are_the_same_hash(tmp_path: Path) -> None:
    value = pdq.hash_image(clouds()).value
    known = made(tmp_path, [(7, value)])
    assert known.search(bytes.fromhex(value), 0) == known.search(value, 0) == (index.Match(0, 7),)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_picture_is_found_with_its_turn(tmp_path: Path, turn: str) -> None:
    """The bank holds the picture turned; who asks has it upright."""
    picture = clouds()
    stored = pdq.hash_image(picture.transpose(TURNS[turn])).value
    known = made(tmp_path, [(7, stored), (8, "00" * 32)])
    assert known.search(pdq.hash_image(picture).value) == ()
    [match] = known.search_turns(pdq.dihedral_hashes(picture))
    assert (match.id, match.turn) == (7, turn)


@pytest.mark.slow
def test_a_thousand_questions_to_a_million_hashes(tmp_path: Path) -> None:
    """Half at random, half near a stored hash (0 to 33 bits, half of them spread over the bands), a few removed."""
    chance = np.random.default_rng(1042)
    raw = chance.integers(0, 256, (1_000_000, 32), dtype=np.uint8)
    ids = chance.permutation(1_000_000).astype(np.int64)
    index.build(tmp_path, index.Hashes.from_arrays(ids, raw))
    known = index.open_index(tmp_path)
    places = chance.choice(1_000_000, 500, replace=False)
    planted = [
        flipped(raw[place].tobytes(), bits)
        for number, place in enumerate(places)
        for bits in [
            spread_over_bands(chance, number % 34)
            if number % 68 < 34
            else chance.choice(BITS, number % 34, replace=False).tolist()
        ]
    ]
    known.remove(ids[places[::50]].tolist())
    stands = np.ones(1_000_000, bool)
    stands[places[::50]] = False
    asked = planted + [chance.bytes(32) for _question in range(500)]
    expected = compared_by_numpy(raw[stands], ids[stands], asked)
    assert known.search_many(asked) == expected
    assert sum(map(len, expected)) > 400


def compared_by_numpy(
    raw: NDArray[np.uint8], ids: NDArray[np.int64], asked: list[bytes]
) -> list[tuple[index.Match, ...]]:
    """All distances to all hashes, a slice that fits the cache at a time."""
    words = raw.view(np.uint64)
    questions = np.frombuffer(b"".join(asked), np.uint64).reshape(-1, 4)
    found: list[list[index.Match]] = [[] for _question in asked]
    for begin in range(0, len(words), 8192):
        some = np.ascontiguousarray(words[begin : begin + 8192].T)
        for place, question in enumerate(questions):
            distance = np.bitwise_count(some ^ question[:, np.newaxis]).sum(axis=0, dtype=np.uint16)
            for row in np.flatnonzero(distance <= 31):
                found[place].append(index.Match(int(distance[row]), int(ids[begin + row])))
    return [tuple(sorted(matches)) for matches in found]
